"""What a scan prints: a table device by device, or JSON."""

import json
from collections.abc import Iterator

from host_tools.scan.found import DeviceFound, ModelFound, PointFound, Value


def text_lines(devices: list[DeviceFound]) -> Iterator[str]:
    """Yield the table, and all that is unusual once more at its end."""
    for device in devices:
        yield f"{device.name}: {title(device)}"
        for model in device.models:
            yield f"  model {model.id}{_label(model)}, {model.length} registers at {model.address}"
            yield from (_row(point) for point in model.points)
        yield ""
    notes = list(note_lines(devices))
    yield "unusual:" if notes else "nothing unusual"
    yield from (f"  {note}" for note in notes)


def title(device: DeviceFound) -> str:
    """Return maker, model, version and serial number by model 1."""
    maker, name, version, serial = (printable(device.text(point)) for point in ("Mn", "Md", "Vr", "SN"))
    parts = [f"{maker} {name}".strip() or "no name"]
    parts += [f"version {version}"] if version else []
    parts += [f"serial {serial}"] if serial else []
    return ", ".join(parts)


def printable(text: str) -> str:
    """Return a text without what could command a terminal, and without spaces around it."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text).strip()


def _label(model: ModelFound) -> str:
    return f" {model.label}" if model.label else ""


def _row(point: PointFound) -> str:
    shown = "" if point.value is None else _number(point.value)
    return f"    {point.name:<22} {shown:>16} {point.unit:<10} {point.quality:<16} {point.meaning}".rstrip()


def _number(value: Value) -> str:
    return f"{value:.10g}" if isinstance(value, float) else printable(str(value))


def note_lines(devices: list[DeviceFound]) -> Iterator[str]:
    """Yield what is unusual, with its place."""
    for device in devices:
        for model in device.models:
            yield from (f"{device.name}, model {model.id} at {model.address}: {note}" for note in model.notes)
        yield from (f"{device.name}: {note}" for note in device.notes)


def as_json(devices: list[DeviceFound]) -> str:
    """Return {device: {model: {point: {value, unit, quality}}}}; what has no value has null."""
    return json.dumps({device.name: _models(device) for device in devices}, indent=1, allow_nan=False)


def _models(device: DeviceFound) -> dict[str, object]:
    models: dict[str, object] = {}
    for model in device.models:
        key, again = str(model.id), 1
        while key in models:
            again += 1
            key = f"{model.id} #{again}"
        models[key] = {
            point.name: {"value": point.value, "unit": point.unit, "quality": point.quality}
            for point in model.points
        }
    return models
