"""The emulated chip, mended where rp2040py differs from it, and quicker at executing instructions.

rp2040py 0.3.6 asks before each bus access, instruction and tick whether a method was replaced, by making a new bound
method. `quicken` puts the very functions into the objects' dictionaries, where that question ends at once: the same
instructions in the same emulated time, in about two thirds of the wall time.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rp2040py.boards import BoardSpec, FlashLayout
from rp2040py.clock.clock import IClock
from rp2040py.clock.simulation_clock import SimulationClock
from rp2040py.cortex_m0_core import CortexM0Core
from rp2040py.device import MicroPythonDevice
from rp2040py.rp2040 import RP2040

from host_tools.hil.rp2040.analog import Analog
from host_tools.hil.rp2040.flash import TYPICAL, FlashTimes, MendedSsi, mend_flash
from host_tools.hil.rp2040.uart import mend_uarts
from host_tools.hil.rp2040.workarounds import mend_adc, mend_dma, quiet_usb

PICO = FlashLayout(fs_start=0xA0000, fs_blockcount=352, fs_blocksize=4096)  # MicroPython's stock Pico
BOARD = FlashLayout(fs_start=0x12C000, fs_blockcount=212, fs_blocksize=4096)  # boards/rp2040_emulated
BUS = ("read_uint8", "read_uint16", "read_uint32", "write_uint8", "write_uint16", "write_uint32")


class Core(CortexM0Core):
    """The processor with a dictionary of its own."""


class Clock(SimulationClock):
    """The clock with a dictionary of its own."""


class Chip(RP2040):
    """The chip made of these; mypy sees rp2040py's plain Python, which has the same names."""

    def __init__(self, clock: IClock | None = None) -> None:
        super().__init__(clock or Clock())

    @property
    def gpio_values(self) -> int:
        """Levels of all pads, bit by bit; a driven output is read back (datasheet 2.3.1.2), the emulator reads 0."""
        driven = self.sio.gpio_output_enable
        return super().gpio_values & ~driven | self.sio.gpio_value & driven


def quicken(mcu: RP2040) -> None:
    """Let the compiled parts find each other at once; callers in Python must use what `bus` and `tick` give.

    Nothing is done where rp2040py runs as plain Python (RP2040PY_SKIP_CYTHON=1).
    """
    if not type(RP2040.read_uint8).__name__.startswith("cython"):
        return
    mcu.core = Core(mcu)
    mcu.core.reset()
    bound: Any = SimpleNamespace(**{name: getattr(mcu, name) for name in BUS})
    for channel in mcu.dma.channels:
        channel.rp2040 = bound  # the only Python that calls these methods of this object
    for name in BUS:
        setattr(mcu, name, RP2040.__dict__[name])
    for thing, kind, name in (
        (mcu.core, CortexM0Core, "execute_instruction"),
        (mcu.clock, SimulationClock, "tick"),
    ):
        setattr(thing, name, kind.__dict__[name])


def tick(mcu: RP2040, nanos: float) -> None:
    """Let time pass without the processor."""
    SimulationClock.tick(mcu.clock, nanos)  # type: ignore[arg-type] # the clock is one


def build(
    image: Path, layout: FlashLayout, times: FlashTimes = TYPICAL
) -> tuple[MicroPythonDevice, MendedSsi, Analog]:
    """Return a device with an image in its flash, not started; its flash controller; its analog inputs."""
    device = MicroPythonDevice(board=BoardSpec(mcu=Chip, image=image, layout=layout))
    mcu = device.mcu
    quicken(mcu)
    quiet_usb(device)
    mend_dma(mcu)
    mend_uarts(mcu)
    mend_adc(mcu)
    return device, mend_flash(mcu, times), Analog(mcu)
