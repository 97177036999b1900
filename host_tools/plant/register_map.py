"""Where the registers of a simulated device lie, laid out from pysunspec2's model definitions."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sunspec2 import device as sunspec  # type: ignore[import-untyped]

BASE = 40000
VENDOR_MODELS = Path(__file__).parent / "models"

Registers = NDArray[np.uint16]
Counts = dict[int, dict[str, int]]  # of a model: how often its groups occur, by the point that counts them
Raw = NDArray[np.float64] | NDArray[np.int64] | NDArray[np.bool_] | float

_MARKER = (0x5375, 0x6E53)
_END = (0xFFFF, 0)
# code of "not implemented", per register of the type; accumulators, strings and counts have zeros
_MISSING = {
    "int16": (0x8000,),
    "sunssf": (0x8000,),
    "pad": (0x8000,),
    "uint16": (0xFFFF,),
    "enum16": (0xFFFF,),
    "bitfield16": (0xFFFF,),
    "raw16": (0xFFFF,),
    "int32": (0x8000, 0),
    "uint32": (0xFFFF, 0xFFFF),
    "enum32": (0xFFFF, 0xFFFF),
    "bitfield32": (0xFFFF, 0xFFFF),
    "float32": (0x7FC0, 0),
    "int64": (0x8000, 0, 0, 0),
    "uint64": (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF),
}


@dataclass(frozen=True)
class Place:
    """A point of a device: its first register from BASE, its type and size in registers."""

    at: int
    kind: str
    size: int

    @property
    def span(self) -> range:
        """Its registers, counted from BASE."""
        return range(self.at, self.at + self.size)

    @property
    def missing(self) -> tuple[int, ...]:
        """Registers that say "not implemented"."""
        return _MISSING.get(self.kind, (0,) * self.size)


def definition(model_id: int) -> dict[str, Any]:
    """Return a model's definition in SunSpec JSON; OSError or ModelError for an unknown one."""
    vendor = VENDOR_MODELS / f"model_{model_id}.json"
    if vendor.exists():
        found: dict[str, Any] = json.loads(vendor.read_text())
    else:
        found = sunspec.get_model_def(model_id, mapping=False)
    return found


def _group_points(group: dict[str, Any], counts: dict[str, int]) -> list[tuple[str, dict[str, Any]]]:
    """Return (dotted name, point) in the order of the registers; a group of several is `Crv[1]`, `Crv[2]`..."""
    found = [(point["name"], point) for point in group["points"]]
    for inner in group.get("groups", []):
        count = inner.get("count", 1)
        if count in (1, None):
            prefixes = [inner["name"]]
        elif count in counts:
            prefixes = [f"{inner['name']}[{i + 1}]" for i in range(counts[count])]
        else:
            raise ValueError(f"group {inner['name']} repeats; without its count it cannot be laid out")
        points = _group_points(inner, counts)
        found += [(f"{prefix}.{name}", point) for prefix in prefixes for name, point in points]
    return found


class RegisterMap:
    """The models of one device in a row from BASE: `places[model id, point name]`, `length` in registers."""

    def __init__(self, model_ids: tuple[int, ...], counts: Counts | None = None) -> None:
        """Counts are needed of models whose groups repeat; ValueError without."""
        counts = counts or {}
        self.places: dict[tuple[int, str], Place] = {}
        start = at = len(_MARKER)
        self._lengths: dict[int, int] = {}
        for model_id in model_ids:
            for name, point in _group_points(definition(model_id)["group"], counts.get(model_id, {})):
                self.places[model_id, name] = Place(at, point["type"], point["size"])
                at += point["size"]
            self._lengths[model_id] = at - start - 2
            start = at
        self.length = at + len(_END)

    def blank(self, n: int) -> Registers:
        """Return registers [n, length] with marker, headers and end, every point not implemented."""
        row = np.zeros(self.length, dtype=np.uint16)
        row[: len(_MARKER)] = _MARKER
        row[-len(_END) :] = _END
        for place in self.places.values():
            row[place.at : place.at + place.size] = place.missing
        for model_id, length in self._lengths.items():
            row[self.places[model_id, "ID"].at] = model_id
            row[self.places[model_id, "L"].at] = length
        return np.tile(row, (n, 1))

    def put(self, registers: Registers, model_id: int, name: str, raw: Raw) -> None:
        """Write raw values, [n] or one for all, into a point; rounded, NaN is "not implemented"."""
        place = self.places[model_id, name]
        values = np.asarray(raw, dtype=np.float64)
        absent = np.isnan(values)
        whole = np.where(absent, 0, np.rint(values)).astype(np.int64)
        for i in range(place.size):
            shift = 16 * (place.size - 1 - i)
            word = np.where(absent, place.missing[i], (whole >> shift) & 0xFFFF)
            registers[:, place.at + i] = word.astype(np.uint16)

    def put_text(self, registers: Registers, model_id: int, name: str, text: str) -> None:
        """Write a string, the same for all, cut at the size of the point."""
        place = self.places[model_id, name]
        data = text.encode()[: 2 * place.size].ljust(2 * place.size, b"\0")
        registers[:, place.at : place.at + place.size] = np.frombuffer(data, dtype=">u2")

    def get(self, registers: Registers, model_id: int, name: str) -> NDArray[np.int64]:
        """Return a point's raw integers [n], signed where the type is."""
        place = self.places[model_id, name]
        value = np.zeros(len(registers), dtype=np.int64)
        for i in range(place.size):
            value = (value << 16) | registers[:, place.at + i].astype(np.int64)
        if place.kind.startswith(("int", "sunssf")):
            half = 1 << (16 * place.size - 1)
            value = (value ^ half) - half
        return value
