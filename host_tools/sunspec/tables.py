"""Makes the board's tables of SunSpec models from pysunspec2's definitions: `python -m host_tools.sunspec.tables`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from host_tools.plant.register_map import definition
from islet.drivers import sunspec_types

MODELS = (
    1,
    *(101, 102, 103, 111, 112, 113, 120, 121, 122, 123, 124, 160),
    *(201, 202, 203, 204, 211, 212, 213, 214),
    *range(701, 716),
    *(802, 803, 804),
    64900,
)
FILE = Path(__file__).parents[2] / "firmware" / "islet" / "drivers" / "sunspec_tables.py"
_NO_SCALE, _SCALE_FIXED, _SCALE_ZERO = 255, 200, 227
_ONCE, _FILLS, _COUNTED = 0, 1, 2
_WRITABLE = 0x80
_LINE = 200  # characters of a literal

_HEAD = '''"""Tables of SunSpec models, made by `python -m host_tools.sunspec.tables`.

From the definitions in pysunspec2 (Apache-2.0); `points` says what the bytes mean. {size} bytes in all.
"""

'''


class Encoder:
    """Encodes models one by one; `units` are the units met, known by their number."""

    def __init__(self, units: Iterable[str] = ("",), closed: bool = False) -> None:
        """closed: a unit that is not among them is left out."""
        self.units = list(units)
        self._closed = closed

    def table(self, model_id: int) -> bytes:
        """Return the table of a model; ValueError when it cannot be told in this form."""
        group = definition(model_id)["group"]
        return self._records(group, [point["name"] for point in group["points"]])

    def _records(self, group: dict[str, Any], numbers: list[str]) -> bytes:
        points = b"".join(self._point(point, numbers) for point in group["points"])
        return points + b"".join(self._group(inner, numbers) for inner in group.get("groups", []))

    def _point(self, point: dict[str, Any], numbers: list[str]) -> bytes:
        kind = getattr(sunspec_types, point["type"].upper())
        if kind != sunspec_types.STRING and sunspec_types.size_of(kind) != point["size"]:
            raise ValueError(f"{point['name']} has {point['size']} registers")
        unit = point.get("units", "").strip()
        if unit not in self.units and not self._closed:
            self.units.append(unit)
        code = self.units.index(unit) if unit in self.units else 0
        flag = _WRITABLE if point.get("access") == "RW" else 0
        tail = [point["size"]] if kind == sunspec_types.STRING else []
        scale = self._scale(point.get("sf"), numbers)
        return _text(point["name"]) + bytes([kind | flag, scale, code, *tail])

    def _scale(self, scale: str | int | None, numbers: list[str]) -> int:
        if scale is None:
            return _NO_SCALE
        if isinstance(scale, int):
            return _in_byte(scale + _SCALE_ZERO, _SCALE_FIXED, _NO_SCALE)
        return _in_byte(numbers.index(scale), 0, _SCALE_FIXED)

    def _group(self, group: dict[str, Any], numbers: list[str]) -> bytes:
        count = group.get("count")
        if isinstance(count, str):
            times = _in_byte(numbers.index(count) + _COUNTED, _COUNTED, 256)
        elif count in (None, 0, 1):
            times = _FILLS if count == 0 else _ONCE
        else:
            raise ValueError(f"group {group['name']} has the fixed count {count}")
        records = self._records(group, numbers)
        return b"\0" + len(records).to_bytes(2, "big") + _text(group["name"]) + bytes([times]) + records


def _text(name: str) -> bytes:
    return bytes([_in_byte(len(name), 1, 256)]) + name.encode("ascii")


def _in_byte(value: int, low: int, above: int) -> int:
    if not low <= value < above:
        raise ValueError(f"{value} has no place in the table")
    return value


def tables() -> tuple[list[tuple[list[int], bytes]], list[str]]:
    """Return ([(models of the same table, table)], units) of all models of the board."""
    encoder = Encoder()
    found: dict[bytes, list[int]] = {}
    for model_id in MODELS:
        found.setdefault(encoder.table(model_id), []).append(model_id)
    return [(ids, table) for table, ids in found.items()], encoder.units


def size_bytes() -> int:
    """Return the bytes of all tables and units."""
    found, units = tables()
    return sum(len(table) for _, table in found) + sum(len(unit) for unit in units)


def source() -> str:
    """Return the text of the module for the board."""
    found, units = tables()
    text = _HEAD.replace("{size}", str(size_bytes()))
    text += "# fmt: off\n# ruff: noqa: E501\n"
    text += f"UNITS = {tuple(units)!r}\n\nTABLES = (\n".replace("'", '"')
    for ids, table in found:
        text += (
            f"    ({tuple(ids)!r},\n" + "".join(f"     {line}\n" for line in _literals(table)) + "    ),\n"
        )
    return text + ")\n"


def _literals(table: bytes) -> list[str]:
    """Return bytes literals of about a line each."""
    lines, line = [], ""
    for byte in table:
        piece = repr(bytes([byte]))[2:-1].replace('"', '\\"').replace("\\'", "'")
        if len(line) + len(piece) > _LINE:
            lines.append(line)
            line = ""
        line += piece
    return [f'b"{line}"' for line in [*lines, line]]


def main() -> None:
    """Write the file and say how large its tables are."""
    FILE.write_text(source())
    print(f"{FILE.name}: {len(MODELS)} models, {size_bytes()} bytes")


if __name__ == "__main__":
    main()
