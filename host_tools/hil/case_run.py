"""One case: its node in step with the plant, ten milliseconds at a time, a cycle of the node every hundred."""

import json
import time

from hal import sim
from host_tools.errors import RunError
from host_tools.hil import case_events as ev
from host_tools.hil.case_bench import T0_S, TICK0_MS, Bench
from host_tools.hil.case_file import Named
from host_tools.hil.case_grid import GRID_EVENTS
from host_tools.hil.case_judge import Judge
from host_tools.hil.case_result import Change, Check, Result, Value, check, rounded
from host_tools.hil.case_script import Script
from host_tools.hil.case_trace import Trail
from host_tools.hil.case_world import World
from host_tools.hil.frames import Tail, head
from islet.names import STATE_NAMES

FAST_MS = 10
STEP_MS = 100
SETS = sim.SET_HZ * FAST_MS // 1000
TICK_MASK = (1 << 30) - 1
TROUBLES = (ev.GridLost, ev.Dip, ev.Volts, ev.Frequency, ev.Jump, ev.FeederOpens)


class Run:
    """One case on one rig: its node, its events and what is measured; its batch passes the time."""

    def __init__(self, named: Named, bench: Bench, world: World, rig: str) -> None:
        case = self.case = named.case
        self._named, self._bench, self._world, self._rig = named, bench, world, rig
        self._script = Script(list(case.event))
        self._judge = Judge(float(case.site.f0_hz))
        self.trail = Trail(case.case.duration_s)
        self._t_ms = 0  # of the case
        self._off_until_ms = -1.0  # the board has no power before
        self._cycled_ms = 0  # end of the node's last cycle
        self._begin_s = time.monotonic()
        self.path: list[Change] = []

    @property
    def live(self) -> bool:
        """Whether the case goes on."""
        return self._t_ms < 1000.0 * self.case.case.duration_s

    async def start(self) -> None:
        """Start the node."""
        await self._bench.start()

    async def stop(self) -> None:
        """End the node."""
        await self._bench.stop()

    async def happen(self) -> None:
        """Let happen what is due within the next FAST_MS."""
        for t_ms, event in self._script.take(self._t_ms + FAST_MS):
            at_ms = max(t_ms, float(self._t_ms))
            if isinstance(event, TROUBLES):
                self._judge.trouble(at_ms)
            if isinstance(event, ev.GridBack):
                self._judge.back(at_ms)
            if isinstance(event, GRID_EVENTS):
                self._world.happen_to_grid(event, at_ms)
            elif not await self._links(event):
                self._world.happen(event, at_ms)

    async def fast(self) -> None:
        """Hand the node what was sampled in the FAST_MS that have passed."""
        self._t_ms += FAST_MS
        world = self._world
        self._judge.passed(world.piece)
        if self._off_until_ms < 0.0:
            self._take(await self._bench.exchange(self._frame(sim.FAST, FAST_MS, SETS) + world.sets))
        self.trail.add(world.piece, world)

    async def cycle(self) -> None:
        """Let the node work off a cycle."""
        if self._off_until_ms < 0.0:
            tail = await self._bench.exchange(self._frame(sim.STEP, self._t_ms - self._cycled_ms, 0))
            self._cycled_ms = self._t_ms
            self._take(tail)
            self._note(tail)
        elif self._off_until_ms <= self._t_ms:
            await self._power_on()

    def _frame(self, kind: int, dt_ms: int, n_sets: int, expect: int = 0) -> bytes:
        now_ms = (TICK0_MS + self._t_ms) & TICK_MASK
        world = self._world
        return head(kind, world.feedback, True, n_sets, now_ms, dt_ms, self._now_s, expect, world.inputs)

    @property
    def _now_s(self) -> int:
        return T0_S + self._t_ms // 1000

    def _take(self, tail: Tail) -> None:
        self._world.pins(tail)
        self._judge.answered(self._t_ms, tail, FAST_MS if tail.kind == sim.FAST else 0)

    def _note(self, tail: Tail) -> None:
        """Keep the node's state when it has changed, with the reason that it saved."""
        name, t_s = STATE_NAMES[tail.state], self._t_ms / 1000
        if not self.path or self.path[-1].state != name:
            self.path.append(Change(t_s, name, self._why()))
            self._judge.state(name, self._t_ms)
        self._script.state(name, self._t_ms)

    def _why(self) -> str:
        try:
            return str(json.loads(self._bench.saved("island.json"))["why"])
        except (OSError, KeyError):
            return ""  # nothing has changed since it was made

    async def _links(self, event: ev.Event) -> bool:
        """Let an event of links, commands or the board's power happen; return whether it was one."""
        if isinstance(event, ev.ModbusLost):
            self._bench.modbus(event.how)
        elif isinstance(event, ev.Link):
            await self._link(event.do)
        elif isinstance(event, ev.Command):
            await self._command(event)
        elif isinstance(event, ev.Reboot):
            await self._bench.power_cut()
            self._off_until_ms = self._t_ms + 1000.0 * event.off_s
        else:
            return False
        return True

    async def _link(self, do: str) -> None:
        if do == "modbus_back":
            self._bench.modbus("")
        else:
            await self._bench.mqtt(do == "mqtt_back")

    async def _command(self, event: ev.Command) -> None:
        begin_s = round(self._now_s + event.begin_in_s) if event.begin_in_s else 0
        end_s = round(self._now_s + event.end_in_s) if event.end_in_s else 0
        if await self._bench.command(event.what, begin_s, end_s, self._now_s):
            self._take(await self._bench.exchange(self._frame(sim.DELIVER, 0, 0, self._bench.sent)))

    async def _power_on(self) -> None:
        await self._bench.boot()
        self._off_until_ms = -1.0
        self._cycled_ms = self._t_ms

    async def result(self) -> Result:
        """Return what came of it; once, when it is over."""
        case, answers = self.case, await self._bench.answers()
        measured: dict[str, Value] = rounded(self._judge.figures | self._world.figures())
        states = [change.state for change in self.path]
        measured["states"] = list(states)
        measured["final_state"] = states[-1] if states else ""
        measured["reason"] = self.path[1].why if len(self.path) > 1 else ""
        measured["final_reason"] = self.path[-1].why if self.path else ""
        measured["answers"] = ",".join(answers)
        checks = [check(limit, measured) for limit in case.limit]
        missed = [f"{event.do} in {event.in_state}" for event in self._script.left]  # type: ignore[attr-defined]
        return self._made(measured, checks, missed)

    def failed(self, error: Exception) -> Result:
        """Return the result of a case that ended early."""
        what = str(error) if isinstance(error, RunError) else repr(error)
        return self._made({}, [], [], f"at {self._t_ms / 1000:g} s: {what}")

    def _made(
        self, measured: dict[str, Value], checks: list[Check], missed: list[str], error: str = ""
    ) -> Result:
        wall_s = round(time.monotonic() - self._begin_s, 2)
        name, about = self._named.name, self.case.case
        return Result(
            name, about.title, self._rig, measured, checks, self.path, wall_s, about.duration_s, missed, error
        )
