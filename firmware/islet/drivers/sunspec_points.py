"""Points of one SunSpec model, read and written together: spans of registers to values with a quality."""

import errno

from islet.drivers import points, sunspec_types
from islet.drivers.modbus import READ_MAX, ModbusError
from islet.names import NEVER, NOT_IMPLEMENTED, OK, SUSPECT

_SF_MAX = 10
_HEADER = (("ID", 0, sunspec_types.UINT16, 1, 0, "", False), ("L", 1, sunspec_types.UINT16, 1, 0, "", False))


class Points:
    """Points of one model wanted together: `value[name]` in SI units (bytes for strings), `quality[name]`."""

    def __init__(self, device, model_id: int, names: tuple, guard: bool = False) -> None:
        """Names as in `points`; KeyError for an unknown one. The device has been discovered.

        guard: each read sees that the model is still the same, by its header, and raises ENODEV if not.
        """
        self.value = dict.fromkeys(names, 0.0)
        self.quality = dict.fromkeys(names, NEVER)
        self._device = device
        self._model_id = model_id
        self._guard = guard
        self._raw: dict = {}
        length = min(device.models[model_id][1] + 2, points.ANY_LENGTH - 1)
        records = device.records(model_id)
        self._rows = points.find(records, names, length, device.counts.get(model_id))
        scales = list(points.find(records, _scale_names(self._rows.values())).values())
        live = list(self._rows.values()) + ([row for row in _HEADER if row[0] not in names] if guard else [])
        if points.static_scale(model_id):
            self._once, self._live = spans(scales, length), spans(live, length)
        else:
            self._once, self._live = [], spans(live + [row for row in scales if row not in live], length)

    async def read(self) -> None:
        """Read all points; what the device has not is NOT_IMPLEMENTED.

        OSError when it does not answer, ENODEV when it refuses every point or is another model now.
        """
        scaled = bool(self._raw)
        if self._once and not scaled:
            await self._read_spans(self._once)
        had = bool(self._live)
        await self._read_spans(self._live)
        if self._once and scaled and self._lacking():
            await self._read_spans(self._once)  # a device asleep had no scale factor yet
        if all(self._raw[row[0]] is not None for span in self._once for row in span):
            self._once = []
        if had and not self._live:
            raise OSError(errno.ENODEV, "the model is gone")
        if self._guard and not self._same():
            raise OSError(errno.ENODEV, "the map changed")
        for name in self.value:
            self._convert(name)

    def ok(self, name: str) -> bool:
        """Return whether the last read gave this point a value."""
        return self.quality[name] == OK

    def raw(self, name: str):
        """Return what the registers of a point hold, unscaled; None when it is not implemented."""
        return self._raw.get(name)

    def scaled(self, name: str) -> bool:
        """Return whether the scale factor of a point is known, so that it can be written."""
        return self._exponent(name) is not None

    def to_raw(self, name: str, value: float) -> float:
        """Return a value in units of the register, not rounded; EOPNOTSUPP without a scale factor."""
        exponent = self._exponent(name)
        if exponent is None:
            raise OSError(errno.EOPNOTSUPP, "no scale factor")
        return value * 10**-exponent if exponent < 0 else value / 10**exponent

    async def write(self, values: tuple) -> bool:
        """Write ((name, value in SI units), ...) of consecutive registers in one request; whether it reads back.

        Each in the full width of its type. EINVAL with a gap or out of bounds, EACCES if it cannot be written,
        EOPNOTSUPP without a scale factor: `read` has been called.
        """
        registers: list[int] = []
        start = at = self._rows[values[0][0]][1]
        for name, value in values:
            _, offset, kind, size, _, _, writable = self._rows[name]
            if not writable:
                raise OSError(errno.EACCES, "read-only point")
            if offset != at:
                raise OSError(errno.EINVAL, "points do not lie together")
            raw = value
            if kind < sunspec_types.FLOAT32:
                raw = round(self.to_raw(name, value))
            registers += sunspec_types.encode(kind, size, raw)
            at += size
        return await self._device.write(self._model_id, start, registers)

    def runs(self, values: tuple) -> list:
        """Return ((name, value), ...) by offset, in parts that each lie together and so can be written at once."""
        parts: list[tuple] = []
        at = -1
        for one in sorted(values, key=lambda one: self._rows[one[0]][1]):
            row = self._rows[one[0]]
            if row[1] == at:
                parts[-1] += (one,)
            else:
                parts.append((one,))
            at = _end(row)
        return parts

    async def _read_spans(self, todo: list) -> None:
        """Read each span; one refused for good is halved, and a point refused alone is dropped."""
        i = 0
        while i < len(todo):
            span = todo[i]
            first = span[0][1]
            try:
                data = await self._device.read(self._model_id, first, _end(span[-1]) - first)
            except ModbusError as error:
                if not error.permanent():
                    raise
                half = len(span) // 2
                todo[i : i + 1] = [span[:half], span[half:]] if half else []
                for row in span:
                    self._raw[row[0]] = None
                continue
            for row in span:
                self._raw[row[0]] = sunspec_types.decode(row[2], row[3], data, 2 * (row[1] - first))
            i += 1

    def _lacking(self) -> bool:
        """Return whether a point has a value, and no scale factor is known for it."""
        return any(self._raw.get(name) is not None and self._exponent(name) is None for name in self.value)

    def _same(self) -> bool:
        length = self._device.models[self._model_id][1]
        return self._raw.get("ID") == self._model_id and self._raw.get("L") == length

    def _convert(self, name: str) -> None:
        raw = self._raw.get(name)
        exponent = self._exponent(name)
        if raw is None or exponent is None:
            self.quality[name] = NOT_IMPLEMENTED
            return
        self.quality[name] = OK
        if isinstance(raw, float) and raw - raw != 0.0:  # infinite
            self.quality[name] = SUSPECT
        if exponent:
            raw = raw / 10**-exponent if exponent < 0 else raw * 10**exponent
        self.value[name] = raw

    def _exponent(self, name: str) -> int | None:
        scale = self._rows[name][4]
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


def _scale_names(rows) -> tuple:
    names: list[str] = []
    for row in rows:
        if isinstance(row[4], str) and row[4] not in names:
            names.append(row[4])
    return tuple(names)


def _end(row: tuple) -> int:
    return row[1] + row[3]
