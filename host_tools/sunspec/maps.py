"""Register maps to decode: images of real devices, and standard maps laid out from pysunspec2's definitions."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from struct import pack, unpack
from typing import Any

from sunspec2 import mb  # type: ignore[import-untyped]

from host_tools.plant.register_map import definition
from host_tools.sunspec.tables import MODELS

DEVICES = Path(__file__).parents[3] / "shared" / "devices"  # beside the project; not a part of it
BASE = 40000
_MODELS_A_MAP = 20
_COUNTS = {"NPt": 3, "NCrv": 3, "NCrvSet": 2, "NCtl": 3, "NPrt": 2, "NStr": 2, "NMod": 2}
_FILLS = 2  # instances of a group that fills the model's length
_SF_MAX = 4
_BITS = 39  # at most: scaled by up to 10**4 it is exact in pysunspec2's doubles

Registers = dict[int, int]
Fill = Callable[[dict[str, Any]], bytes]


def images() -> dict[str, Registers]:
    """Return the images of real devices by name, none where the folder is absent."""
    found = {}
    for path in sorted(DEVICES.glob("*.json")):
        registers = json.loads(path.read_text())["registers"]
        found[path.stem] = {int(address): value for address, value in registers.items()}
    return found


def standard() -> dict[str, Registers]:
    """Return maps of all models of the board: values throughout, nothing implemented, and one point or the other."""
    listed = [model_id for model_id in MODELS if model_id not in (1, 64900)]
    found = {}
    for at in range(0, len(listed), _MODELS_A_MAP):
        for name, fill in (("values", values(at)), ("missing", missing), ("mixed", mixed(at))):
            found[f"{name}_{at // _MODELS_A_MAP}"] = standard_map((1, *listed[at : at + _MODELS_A_MAP]), fill)
    return found


def standard_map(model_ids: tuple[int, ...], fill: Fill, base: int = BASE) -> Registers:
    """Return a map of these models with points filled in."""
    data = b"SunS" + b"".join(_model(model_id, fill) for model_id in model_ids) + b"\xff\xff\0\0"
    return dict(enumerate(unpack(f">{len(data) // 2}H", data), base))


def missing(point: dict[str, Any]) -> bytes:
    """Return a point's code of "not implemented", as pysunspec2 has it."""
    return bytes(mb.create_unimpl_value(point["type"], len=2 * point["size"]))


def values(seed: int) -> Fill:
    """Return what fills points with random values, none of them the code of "not implemented"."""
    source = random.Random(seed)
    return lambda point: _value(point, source)


def mixed(seed: int) -> Fill:
    """Return what fills points with a value or not, by chance; a scale factor always has one."""
    source = random.Random(seed + 1)
    return lambda point: (
        missing(point)
        if point["type"] != "sunssf" and source.random() < 0.5  # without it pysunspec2 gives raw values
        else _value(point, source)
    )


def _value(point: dict[str, Any], source: random.Random) -> bytes:
    kind: str = point["type"]
    size: int = 2 * point["size"]
    if kind == "sunssf":
        return pack(">h", source.randint(-_SF_MAX, _SF_MAX))
    if kind == "string":
        return str(point["name"]).encode()[:size].ljust(size, b"\0")
    if kind == "float32":
        return pack(">f", source.uniform(-1e6, 1e6))
    if kind.startswith("int"):
        top = 1 << min(8 * size - 1, _BITS)
        return source.randint(1 - top, top - 1).to_bytes(size, "big", signed=True)
    return source.randint(1, (1 << min(8 * size, _BITS)) - 2).to_bytes(size, "big")


def _model(model_id: int, fill: Fill) -> bytes:
    group = definition(model_id)["group"]
    points = {"points": group["points"][2:], "groups": group.get("groups", [])}
    data = b"".join(_group(points, fill))
    return pack(">HH", model_id, len(data) // 2) + data


def _group(group: dict[str, Any], fill: Fill) -> Iterator[bytes]:
    for point in group["points"]:
        count = _COUNTS.get(point["name"])
        yield fill(point) if count is None else count.to_bytes(2 * point["size"], "big")
    for inner in group.get("groups", []):
        count = inner.get("count")
        times = _COUNTS[count] if isinstance(count, str) else _FILLS if count == 0 else 1
        for _ in range(times):
            yield from _group(inner, fill)
