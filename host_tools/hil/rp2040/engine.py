"""Lets emulated time pass: to an exact moment, or until something is there; beside it, what lives in real time."""

import select
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from rp2040py.device import MicroPythonDevice
from rp2040py.execute_batch import execute_batch

from host_tools.errors import RunError
from host_tools.hil.rp2040.chip import tick

PACED_NS = 1e6  # a slice while real time is waited for
MS = 1e6


class Port(Protocol):
    """Something with another end in real time: a pty, a socket."""

    @property
    def waiting(self) -> bool:
        """Whether an answer is on its way, so that emulated time must not run ahead of real time."""

    def files(self) -> list[int]:
        """Return the descriptors whose input ends the wait."""

    def poll(self) -> None:
        """Move what has come, never waiting."""


class Slice:
    """What rp2040py's loop asks of a simulator, in slots, which it reads once an instruction."""

    __slots__ = ("clock", "rp2040", "stopped")

    def __init__(self, device: MicroPythonDevice) -> None:
        self.rp2040, self.clock = device.mcu, device.mcu.clock
        self.stopped = False

    def stop(self) -> None:
        """End the slice after this instruction."""
        self.stopped = True


class Engine:
    """Runs one device. `ports` are polled between slices; `on` is whether the board has power."""

    def __init__(self, device: MicroPythonDevice) -> None:
        self.mcu = device.mcu
        self.ports: list[Port] = []
        self.on = False
        self.paced = False  # follow real time, even if no port waits
        self._slice = Slice(device)
        self._clock = self.mcu.clock
        self._end = self._clock.create_alarm(self._slice.stop)
        self._pios = self.mcu.pio
        self._give_pios_back = self._clock.create_alarm(self._restore_pios)
        self._stalled_ns = 0.0  # until then the processor waits for the flash
        self.mcu.on_break = self._on_break
        self._broke = False

    @property
    def now_ns(self) -> float:
        """Emulated ns since the device was made."""
        return self._clock.nanos

    def stop(self) -> None:
        """End the slice under way after this instruction, so that `done` of run() is asked."""
        self._slice.stop()

    def stall(self, span_ms: float) -> None:
        """Keep the processor from working for so long; all else goes on."""
        self._stalled_ns = self.now_ns + span_ms * MS
        self._slice.stop()

    def restart(self) -> None:
        """Forget a stall: the chip has been reset."""
        self._stalled_ns = 0.0

    def run(self, until_ns: float, done: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Let time pass until a moment or until done(); yield between slices. RunError when the chip breaks."""
        while self.now_ns < until_ns and not done():
            real_s, before_ns = time.monotonic(), self.now_ns
            paced = self.paced or any(port.waiting for port in self.ports)
            self._pass(min(until_ns, before_ns + PACED_NS) if paced else until_ns)
            if paced:
                self._wait((self.now_ns - before_ns) * 1e-9 - (time.monotonic() - real_s))
            for port in self.ports:
                port.poll()
            yield

    def _pass(self, end_ns: float) -> None:
        """Let one slice pass: at most 5 ms of real time, and not beyond end_ns."""
        clock = self._clock
        if not self.on or self._stalled_ns > clock.nanos:
            stop_ns = min(end_ns, self._stalled_ns) if self.on else end_ns
            tick(self.mcu, stop_ns - clock.nanos)
            return
        self._slice.stopped = False
        self._end.schedule(end_ns - clock.nanos)
        if all(pio.stopped for pio in self._pios):
            self._hide_pios()
        execute_batch(self._slice, 1)  # type: ignore[arg-type] # it takes what has these three names
        self._end.cancel()
        if self._broke:
            raise RunError("The emulated chip ran into a breakpoint instruction: its firmware has crashed.")

    def _hide_pios(self) -> None:
        """Let the loop find no PIO to step, an eighth of its time; they are back after the first instruction.

        The loop asks once a slice. A PIO that is started is stepped from the next slice on.
        """
        setattr(self.mcu, "pio", ())  # noqa: B010 - for a moment
        self._give_pios_back.schedule(0)

    def _restore_pios(self) -> None:
        self.mcu.pio = self._pios

    def _on_break(self, _code: int) -> None:
        self._broke = True
        self._slice.stop()

    def _wait(self, ahead_s: float) -> None:
        """Wait until real time has come as far, or a port has something; give other threads a turn in any case."""
        files = [file for port in self.ports for file in port.files()]
        select.select(files, [], [], max(ahead_s, 0.0))
