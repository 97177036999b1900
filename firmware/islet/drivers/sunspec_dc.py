"""What comes in on the DC side: MPPT inputs of model 160, ports of model 714; which of them are storage.

Positive W flows into the inverter: PV generates, a battery discharges.
"""

from islet.base.reading import Reading
from islet.drivers.points import DC_MEASURE, MPPT
from islet.drivers.sunspec import Points
from islet.drivers.sunspec_tell import found
from islet.names import COMM, NOT_IMPLEMENTED, OK

PORTS_MAX = 16
PV, CHARGING, DISCHARGING, BOTH, OTHER = range(5)
_HEAD, _INPUT = 8, 20  # registers of model 160 before its inputs and of each
_TYPES = (PV, BOTH)  # PrtTyp of model 714: PV, ESS; those beyond are not used
# Fronius names the inputs of a hybrid's battery so, and has one for each direction
_STRINGS = ((b"StCha", CHARGING), (b"StDisCha", DISCHARGING))


class DcPorts:
    """Ports with their power: `ports` is [(number from 1, kind, Reading in W)], `storage` is all batteries'."""

    def __init__(self, points: Points, group: str, kinds: tuple) -> None:
        """Points have been read; group as in the model, one kind for each of its ports."""
        self.storage = Reading()
        self.ports = [(i + 1, kinds[i], Reading()) for i in range(len(kinds))]
        self.has_pv = PV in kinds
        self.has_storage = any(kind in (CHARGING, DISCHARGING, BOTH) for kind in kinds)
        self._points = points
        self._group = group

    async def read(self, now_ms: int) -> None:
        """Read all ports; ENODEV when the model has changed, as with daylight."""
        await self._points.read()
        self.tell(now_ms)

    def tell(self, now_ms: int) -> None:
        """Set the readings from what was read."""
        total, quality = 0.0, OK
        for number, kind, reading in self.ports:
            name = "%s[%d].DCW" % (self._group, number)
            sign = -1.0 if kind == CHARGING else 1.0
            if self._points.ok(name):
                reading.set(sign * self._points.value[name], now_ms)
            else:
                reading.set(reading.value, now_ms, NOT_IMPLEMENTED)
            if kind in (CHARGING, DISCHARGING, BOTH):
                total += reading.value
                quality = max(quality, reading.quality)
        if self.has_storage:
            self.storage.set(total if quality == OK else self.storage.value, now_ms, quality)

    def lose(self) -> None:
        """Lower the trust in all: the device does not answer."""
        self.storage.degrade(COMM)
        for _, _, reading in self.ports:
            reading.degrade(COMM)


async def open_ports(device) -> DcPorts | None:
    """Return the ports of a discovered device by model 714, or 160; None when it has neither or lets none be read."""
    if DC_MEASURE in device.models:
        number = Points(device, DC_MEASURE, ("NPrt",))
        if not await found(number):
            return None
        count = min(int(number.value["NPrt"]) if number.ok("NPrt") else 0, PORTS_MAX)
        device.counts[DC_MEASURE] = {"NPrt": count}  # for the names of the groups
        group, mark = "Prt", "PrtTyp"
        model_id = DC_MEASURE
    elif MPPT in device.models:
        count = min(max(0, device.models[MPPT][1] - _HEAD) // _INPUT, PORTS_MAX)
        group, mark = "module", "IDStr"
        model_id = MPPT
    else:
        return None
    names = []
    for i in range(count):
        names += ["%s[%d].%s" % (group, i + 1, what) for what in (mark, "DCW")]
    points = Points(device, model_id, tuple(names), guard=True)
    if not await found(points):
        return None
    return DcPorts(points, group, tuple([_kind(points, names[2 * i]) for i in range(count)]))


def _kind(points: Points, mark: str) -> int:
    """Return what hangs on a port; an input of model 160 without a word is PV."""
    value = points.raw(mark)
    if not mark.endswith("IDStr"):
        return _TYPES[int(value)] if value is not None and value < len(_TYPES) else OTHER
    for word, kind in _STRINGS:
        if value is not None and value.startswith(word):
            return kind
    return PV
