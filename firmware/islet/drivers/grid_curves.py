"""A device's own curves for grid support: written at its start, verified, written again after it lost them."""

import errno

from islet.base import curves
from islet.base.clock import add_ms, elapsed_ms
from islet.drivers.modbus import ModbusError
from islet.drivers.sunspec_curves import (
    COMPLETED,
    FREQ_DROOP,
    IN_PROGRESS,
    VOLT_VAR,
    VOLT_WATT,
    WATT_VAR,
    Curves,
)

VERIFY_MS = 60_000
WAIT_MS = 2000  # before the result of an adoption is read
RETRY_MS = 300_000  # after a refusal
_WAITS = 5
_VA_PCT = 3  # DeptRef of 705
_W_PCT = 0  # of 706
_REACTIVE = 1  # Pri of 705: reactive power first (IEEE 1547-2018, 5.2)
_REFUSALS = (errno.ENODEV, errno.EIO, errno.EOPNOTSUPP, errno.EACCES, errno.EINVAL)
_OPTIONAL = ("Pri", "VRef")  # nominal voltage is the reference where it cannot be said
CHECK, ASK, WAIT = range(3)


class GridCurves:
    """Brings wanted curves into force on one device, a small step at a time, so that its line is never held up.

    `in_force` are the models that were found to hold what is wanted when they were looked at last.
    """

    def __init__(self, device, wanted: tuple) -> None:
        """wanted is ((model, values of Curves.adopt or () for off), ...), as `wanted` makes it."""
        self.adopted = 0  # sets brought into force
        self.lost = 0  # of these, found gone later: the device has restarted, or another has written
        self.failures = 0
        self.in_force: list[int] = []
        self._device = device
        self._wanted = wanted
        self._todo: list = []
        self._at = 0
        self._state = CHECK
        self._due_ms: int | None = None
        self._number = 0
        self._values: tuple = ()  # of these what the device has
        self._waits = 0
        self._known: list[int] = []  # were in force once

    @property
    def own(self) -> bool:
        """Return whether the device itself answers the voltage, in every wanted way."""
        ours = [model_id for model_id, values in self._wanted if values and model_id != FREQ_DROOP]
        return bool(ours) and all(model_id in self.in_force for model_id in ours)

    def start(self) -> None:
        """Look at everything anew: the device has been discovered."""
        models = self._device.models
        self._todo = [row for row in self._wanted if row[0] in models]
        self.in_force = []
        self._at = 0
        self._rest(CHECK, None)

    async def step(self, now_ms: int) -> None:
        """Do what is due; a refusal is counted and tried again later. OSError when the device does not answer."""
        if not self._todo or (self._due_ms is not None and elapsed_ms(now_ms, self._due_ms) < 0):
            return
        model_id, values = self._todo[self._at]
        curves_of = Curves(self._device, model_id, None)
        try:
            await self._device.count(model_id)
            if self._state == WAIT:
                await self._finish(curves_of, model_id, now_ms)
            elif self._state == ASK:
                self._number = await curves_of.request(self._values)
                self._waits = 0
                self._rest(WAIT, add_ms(now_ms, WAIT_MS))
            else:
                self._values = await curves_of.without(values, _OPTIONAL)
                await self._check(curves_of, model_id, self._values, now_ms)
        except KeyError:  # it has not so many points
            self._refused(model_id, now_ms)
        except OSError as error:
            if not isinstance(error, ModbusError) and error.errno not in _REFUSALS:
                raise
            self._refused(model_id, now_ms)

    async def _check(self, curves_of: Curves, model_id: int, values: tuple, now_ms: int) -> None:
        if await curves_of.holds(values):
            self._verified(model_id, now_ms)
            return
        self._drop(model_id)
        if model_id in self._known:
            self.lost += 1
            self._known.remove(model_id)
        if not values:
            await curves_of.disable()
            self._rest(CHECK, None)
            return
        self._rest(ASK, None)

    async def _finish(self, curves_of: Curves, model_id: int, now_ms: int) -> None:
        result = await curves_of.result()
        self._waits += 1
        if result == IN_PROGRESS and self._waits < _WAITS:
            self._rest(WAIT, add_ms(now_ms, WAIT_MS))
        elif result != COMPLETED:
            self._refused(model_id, now_ms)
        else:
            await curves_of.enable(self._number, self._values)
            self.adopted += 1
            self._rest(CHECK, None)  # what is in force is what reads back

    def _verified(self, model_id: int, now_ms: int) -> None:
        if model_id not in self.in_force:
            self.in_force.append(model_id)
        if model_id not in self._known:
            self._known.append(model_id)
        self._next(now_ms, VERIFY_MS)

    def _refused(self, model_id: int, now_ms: int) -> None:
        self.failures += 1
        self._drop(model_id)
        self._next(now_ms, RETRY_MS)

    def _next(self, now_ms: int, pause_ms: int) -> None:
        """Go on with the next model at once, or after the last rest; one refused makes the rest a long one."""
        self._at = (self._at + 1) % len(self._todo)
        whole = self._at == 0
        if whole and len(self.in_force) < len(self._todo):
            pause_ms = RETRY_MS
        self._rest(CHECK, add_ms(now_ms, pause_ms) if whole else None)

    def _rest(self, state: int, due_ms: int | None) -> None:
        self._state = state
        self._due_ms = due_ms

    def _drop(self, model_id: int) -> None:
        if model_id in self.in_force:
            self.in_force.remove(model_id)


def wanted(s) -> tuple:
    """Return what the settings want of devices with curves, () for nothing.

    Volt-var excludes watt-var and set-points (IEEE 1547-2018, 5.3.1). The frequency's set is written for a grid
    code by name; with `site` a device keeps its own.
    """
    rows = []
    points, response_s = curves.volt_var(s.volt_var, s.grid_code)
    if points:
        head = (("ActPt", len(points)), ("DeptRef", _VA_PCT), ("Pri", _REACTIVE), ("VRef", 100.0))
        rows.append((VOLT_VAR, head + (("RspTms", response_s),) + _percent(points, "Var")))
        rows.append((WATT_VAR, ()))
    points, response_s = curves.volt_watt(s.volt_watt, s.grid_code)
    if points:
        watt = (("ActPt", len(points)), ("DeptRef", _W_PCT), ("RspTms", response_s))
        rows.append((VOLT_WATT, watt + _percent(points, "W")))
    if s.grid_code != "site":
        row = curves.frequency_watt(s.grid_code)
        names = ("DbOf", "DbUf", "KOf", "KUf", "RspTms")
        rows.append((FREQ_DROOP, tuple([(names[i], row[i]) for i in range(5)])))
    return tuple(rows)


def _percent(points: tuple, name: str) -> tuple:
    """Return the points of a curve as Pt[1].V, Pt[1].<name>, ... in percent."""
    rows = []
    for i in range(len(points)):
        rows.append(("Pt[%d].V" % (i + 1), 100.0 * points[i][0]))
        rows.append(("Pt[%d].%s" % (i + 1, name), 100.0 * points[i][1]))
    return tuple(rows)
