"""Meter by SunSpec models 201 to 204 or 211 to 214: single phase, split phase, star, delta; integers, then floats.

W imports where it is positive, and var is consumed where it is positive (their counters of import are those of the
quadrants 1 and 2): the signs of the house. A SolarEdge inverter turns the powers of its meters over, not the
counters.
"""

import errno
from struct import unpack_from

from islet.drivers import roles
from islet.drivers.points import COMMON
from islet.drivers.sunspec import Points
from islet.drivers.sunspec_driver import SunSpecDriver
from islet.drivers.sunspec_tell import tell, tell_count

METERS = (201, 202, 203, 204, 211, 212, 213, 214)
_VALUES = (
    ("w", ("W",)),
    ("var", ("VAR",)),
    ("va", ("VA",)),
    ("v", ("PhVphA", "PhV")),
    ("a", ("AphA",)),
    ("hz", ("Hz",)),
)
_COUNTS = (("import_wh", "TotWhImp"), ("export_wh", "TotWhExp"))
_SINGLE_PHASE = (201, 211)
_TURNED = ("w", "var")
_TURNS = b"SolarEdge"
_MAKER = 2  # Mn in model 1


class SunSpecMeter(SunSpecDriver):
    """Fills `readings`; it can be told nothing."""

    name = "meter"
    role = roles.METER
    _points: Points  # made by start

    def __init__(self, device) -> None:
        """device is a SunSpecDevice."""
        super().__init__(device, {})
        self.turned = False
        self._scale = ""
        self._values: list = []

    async def start(self) -> None:
        """Discover the device; ENODEV without a meter model."""
        models = await self.device.discover()
        found = [model_id for model_id in METERS if model_id in models]
        if not found:
            raise OSError(errno.ENODEV, "no meter model")
        self.turned = await self._behind(_TURNS)
        self._scale = "TotWh_SF" if found[0] < 210 else ""
        self._values = list(_VALUES)
        if found[0] in _SINGLE_PHASE:
            self._values.append(("a", ("AphA", "A")))
        names = [name for _, candidates in self._values for name in candidates] + [
            name for _, name in _COUNTS
        ]
        self._points = Points(self.device, found[0], tuple(names), guard=True)

    async def _behind(self, maker: bytes) -> bool:
        """Return whether the first device of the unit, behind which this one is, is of that maker."""
        model_id, address, _ = self.device.chain[0][0]
        if model_id != COMMON:
            return False
        data = await self.device.client.read(self.device.unit, address + _MAKER, len(maker) // 2 + 1)
        return unpack_from("%ds" % len(maker), data, 0)[0] == maker

    async def poll(self, _image, now_ms: int) -> None:
        """Read all in one request; the image is not used."""
        await self._points.read()
        for name, candidates in self._values:
            reading = self.readings[name]
            tell(reading, self._points, candidates, now_ms, -1.0 if self.turned and name in _TURNED else 1.0)
        for name, point in _COUNTS:
            tell_count(self.readings[name], self._points, point, self._scale, now_ms)

    async def apply(self, _wishes, _now_ms: int) -> None:
        """Do nothing: a meter takes no orders."""
