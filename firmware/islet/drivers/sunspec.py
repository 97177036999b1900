"""SunSpec over Modbus: finding the models of a device, reading points, writing with read-back."""

import errno
from struct import calcsize, unpack_from

from islet.drivers import points
from islet.drivers.modbus import READ_MAX, ModbusError
from islet.names import NEVER, NOT_IMPLEMENTED, OK

BASES = (40000, 0, 50000)
MODELS_MAX = 40
_MARKER = (0x5375, 0x6E53)  # "SunS"
_END = 0xFFFF
_SF_MAX = 10


class SunSpecDevice:
    """One unit behind a Modbus client and the models found in it: `models` is {id: (address, length)}."""

    def __init__(self, client, unit: int) -> None:
        self.client = client
        self.unit = unit
        self.models: dict[int, tuple[int, int]] = {}

    async def discover(self) -> dict:
        """Find the map and return `models`, the first of each id; ENODEV without a SunSpec map."""
        self.models = {}
        for base in BASES:
            if await self._marked(base):
                await self._walk(base + 2)
                return self.models
        raise OSError(errno.ENODEV, "no SunSpec map")

    async def _marked(self, base: int) -> bool:
        try:
            data = await self.client.read(self.unit, base, 2)
        except ModbusError:
            return False
        return unpack_from(">HH", data, 0) == _MARKER

    async def _walk(self, address: int) -> None:
        """Follow the lengths read; a refusal, the end mark or a second model 1 (another device) ends it."""
        for _ in range(MODELS_MAX):
            if address > 0xFFFE:
                return
            try:
                data = await self.client.read(self.unit, address, 2)
            except ModbusError:
                return
            model_id, length = unpack_from(">HH", data, 0)
            if model_id == _END or (model_id == points.COMMON and points.COMMON in self.models):
                return
            if model_id not in self.models:
                self.models[model_id] = (address, length)
            address += 2 + length

    async def read(self, model_id: int, offset: int, count: int) -> memoryview:
        """Return registers of a model from an offset (0 is the ID), big-endian, valid until the next."""
        return await self.client.read(self.unit, self.models[model_id][0] + offset, count)

    async def write(self, model_id: int, offset: int, values: list[int]) -> bool:
        """Write registers in one request and return whether they read back the same."""
        address = self.models[model_id][0] + offset
        await self.client.write(self.unit, address, values)
        data = await self.client.read(self.unit, address, len(values))
        return all(unpack_from(">H", data, 2 * i)[0] == values[i] for i in range(len(values)))


class Points:
    """Points of one model wanted together: `value[name]` in SI units (bytes for strings), `quality[name]`."""

    def __init__(self, device: SunSpecDevice, model_id: int, names: tuple) -> None:
        """Names as in `points`; KeyError for an unknown one. The device has been discovered."""
        self.value = dict.fromkeys(names, 0.0)
        self.quality = dict.fromkeys(names, NEVER)
        self._device = device
        self._model_id = model_id
        self._raw: dict = {}
        wanted = [points.row(model_id, name) for name in names]
        self._scales = {row[0]: row[3] for row in wanted}
        scales = [points.row(model_id, name) for name in _scale_names(wanted)]
        length = device.models[model_id][1] + 2
        if points.static_scale(model_id):
            self._once, self._live = spans(scales, length), spans(wanted, length)
        else:
            self._once, self._live = [], spans(wanted + scales, length)

    async def read(self) -> None:
        """Read all points; what the device has not is NOT_IMPLEMENTED. OSError when it does not answer."""
        if self._once:
            await self._read_spans(self._once)
            self._once = []
        await self._read_spans(self._live)
        for name in self.value:
            self._convert(name)

    def ok(self, name: str) -> bool:
        """Return whether the last read gave this point a value."""
        return self.quality[name] == OK

    def scaled(self, name: str) -> bool:
        """Return whether the scale factor of a point is known, so that it can be written."""
        return self._exponent(name) is not None

    def to_raw(self, name: str, value: float) -> float:
        """Return a value in units of the register, not rounded; EOPNOTSUPP without a scale factor."""
        exponent = self._exponent(name)
        if exponent is None:
            raise OSError(errno.EOPNOTSUPP, "no scale factor")
        return value * 10**-exponent if exponent < 0 else value / 10**exponent

    async def _read_spans(self, todo: list) -> None:
        """Read each span; one refused for good is taken apart, and a point refused alone is dropped."""
        i = 0
        while i < len(todo):
            span = todo[i]
            first = span[0][1]
            try:
                data = await self._device.read(self._model_id, first, _end(span[-1]) - first)
            except ModbusError as error:
                if not error.permanent():
                    raise
                todo[i : i + 1] = [[row] for row in span] if len(span) > 1 else []
                for row in span:
                    self._raw[row[0]] = None
                continue
            for name, offset, form, _ in span:
                self._raw[name] = _implemented(form, unpack_from(form, data, 2 * (offset - first))[0])
            i += 1

    def _convert(self, name: str) -> None:
        raw = self._raw.get(name)
        exponent = self._exponent(name)
        if raw is None or exponent is None:
            self.quality[name] = NOT_IMPLEMENTED
            return
        self.quality[name] = OK
        if exponent:
            raw = raw / 10**-exponent if exponent < 0 else raw * 10**exponent
        self.value[name] = raw

    def _exponent(self, name: str) -> int | None:
        scale = self._scales[name]
        exponent = self._raw.get(scale) if isinstance(scale, str) else scale
        if exponent is None or not -_SF_MAX <= exponent <= _SF_MAX:
            return None
        return exponent


def spans(rows: list, length: int) -> list:
    """Return rows by offset in groups that one read covers, those beyond the model's length left out."""
    groups: list[list] = []
    for row in sorted(rows, key=lambda row: row[1]):
        if _end(row) > length:
            continue
        if groups and _end(row) - groups[-1][0][1] <= READ_MAX:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _scale_names(rows: list) -> list:
    names = []
    for row in rows:
        if isinstance(row[3], str) and row[3] not in names:
            names.append(row[3])
    return names


def _end(row: tuple) -> int:
    return row[1] + calcsize(row[2]) // 2


def _implemented(form: str, raw):
    """Return a raw value, None for the code that its type keeps for "not implemented"."""
    if form.endswith("s"):
        return raw.rstrip(b"\0") or None
    if form == ">h":
        missing = -0x8000
    elif form == ">H":
        missing = 0xFFFF
    elif form == ">i":
        missing = -0x80000000
    else:
        missing = 0xFFFFFFFF
    return None if raw == missing else raw
