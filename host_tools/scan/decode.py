"""Models read with the firmware's tables and decoder; labels and the names of states from pysunspec2's."""

import math
import re
from functools import cache
from typing import Any

from sunspec2.mdef import ModelDefinitionError  # type: ignore[import-untyped]

from host_tools.plant.register_map import definition
from host_tools.scan.found import ModelFound, PointFound, Value
from host_tools.scan.reader import Reader
from host_tools.scan.walk import words
from host_tools.sunspec.tables import Encoder
from islet.drivers import points
from islet.drivers.sunspec import LENGTH_MAX, SunSpecDevice
from islet.drivers.sunspec_tables import UNITS
from islet.names import COMM, OK, QUALITY_NAMES, SUSPECT

Definition = dict[str, Any]


class AnyModel(SunSpecDevice):
    """A device with a table for every model of the standard: the board's, else one made as the board's are."""

    def records(self, model_id: int) -> bytes:
        """Return the compact table of a model, empty for an unknown one."""
        return points.records_of(model_id) or _made(model_id)


@cache
def _made(model_id: int) -> bytes:
    try:
        return Encoder(UNITS, closed=True).table(model_id)
    except (OSError, ValueError, KeyError, AttributeError, ModelDefinitionError):
        return b""


async def read_model(reader: Reader, unit: int, model: ModelFound) -> None:
    """Fill the model's points; what could not be read is a note, never an error."""
    group = describe(model.id)
    model.label = str(group.get("label", ""))
    device = AnyModel(reader, unit)
    records = device.records(model.id)
    if not records:
        model.notes.append("not decoded: no model of the standard")
        return
    device.models = {model.id: (model.address, model.length)}
    try:
        wanted = await device.all_points(model.id)
    except OSError as error:
        model.notes.append(f"not read: {words(error)}")
        return
    try:
        await wanted.read()
    except OSError as error:
        model.notes.append(f"not read: {words(error)}")
        wanted.quality = dict.fromkeys(wanted.quality, COMM)
    defined = _defined(group)
    length = min(model.length + 2, LENGTH_MAX)
    for row in points.rows(records, length, device.counts[model.id]):
        one = _point(row, wanted.value[row[0]], wanted.quality[row[0]], defined.get(_path(row[0]), {}))
        one.raw = wanted.raw(row[0])
        model.points.append(one)


def describe(model_id: int) -> Definition:
    """Return the group of a model's definition, empty for an unknown one."""
    try:
        found: Definition = definition(model_id)["group"]
    except (OSError, ValueError, KeyError, ModelDefinitionError):
        return {}
    return found


def _defined(group: Definition, prefix: str = "") -> dict[str, Definition]:
    """Return the definitions of all points by their path without numbers, as Crv.Pt.V."""
    found = {prefix + point["name"]: point for point in group.get("points", [])}
    for inner in group.get("groups", []):
        found |= _defined(inner, f"{prefix}{inner['name']}.")
    return found


def _path(name: str) -> str:
    return re.sub(r"\[\d+\]", "", name)


def _point(row: tuple[Any, ...], value: Any, quality: int, defined: Definition) -> PointFound:
    name, offset, _, size, scale, unit, _ = row
    unit = unit or str(defined.get("units", ""))
    point = PointFound(name, None, unit, QUALITY_NAMES[quality], offset, size, scale)
    if quality in (OK, SUSPECT):
        plain = value
        if isinstance(value, bytes):
            is_text = defined.get("type", "string") == "string"
            plain = value.decode("utf-8", "replace") if is_text else value.hex(":").upper().upper()
        point.value = plain if not isinstance(plain, float) or math.isfinite(plain) else None
        point.meaning = _meaning(plain, defined)
    return point


def _meaning(value: Value, defined: Definition) -> str:
    symbols = defined.get("symbols", [])
    if not isinstance(value, int) or not symbols:
        return ""
    if str(defined.get("type", "")).startswith("bitfield"):
        return ", ".join(one["name"] for one in symbols if value >> one["value"] & 1)
    return next((str(one["name"]) for one in symbols if one["value"] == value), "no state of the standard")
