"""What is unusual in a map: said in a sentence, beside the model or the device that it is about."""

from typing import Any

from host_tools.scan.decode import describe
from host_tools.scan.found import DeviceFound, ModelFound
from host_tools.scan.reader import Reader
from islet.drivers.sunspec import BASES

INVERTERS = (101, 102, 103, 111, 112, 113, 701)
PRODUCING_W = 1.0
NAMES_MAX = 12  # in one sentence


def look(reader: Reader, device: DeviceFound) -> None:
    """Add notes to the device and to its models."""
    seen: set[int] = set()
    for model in device.models:
        model.notes += lengths(model) + unreadable(reader, device.unit, model)
        model.notes += scales(model) + implausible(model)
        if model.id in seen:
            model.notes.append(f"model {model.id} again")
        seen.add(model.id)
    if device.models and device.models[0].id != 1:
        device.notes.append(f"the first model is {device.models[0].id}, not 1")
    if device.base != BASES[0]:
        device.notes.append(f"the map begins at {device.base}, not at {BASES[0]}")
    device.notes += controls(device)


def lengths(model: ModelFound) -> list[str]:
    """Return whether a model has another length than its definition; that of repeating groups may vary."""
    group = describe(model.id)
    if not group:
        return []
    fixed, step = _sizes(group)
    if model.length == fixed or (step and model.length > fixed and not (model.length - fixed) % step):
        return []
    if step < 0:
        return []
    return [f"{model.length} registers, {fixed} by the definition" + (f" and {step} a group" if step else "")]


def _sizes(group: dict[str, Any]) -> tuple[int, int]:
    """Return registers of a model less its header, and those of one repetition; -1 when groups nest."""
    fixed = sum(point["size"] for point in group["points"]) - 2
    step = 0
    for inner in group.get("groups", []):
        size = sum(point["size"] for point in inner["points"])
        if inner.get("count", 1) in (1, None) and not inner.get("groups"):
            fixed += size
        elif inner.get("groups") or step:
            step = -1
        else:
            step = size
    return fixed, step


def unreadable(reader: Reader, unit: int, model: ModelFound) -> list[str]:
    """Return which points were refused one by one, when they could not be read together."""
    codes = {
        point.name: reader.refusal(unit, model.address + point.offset, point.size) for point in model.points
    }
    lost = {name: code for name, code in codes.items() if code}
    if not lost:
        return []
    return [f"unreadable (exception {', '.join(map(str, sorted(set(lost.values()))))}): {_some(list(lost))}"]


def scales(model: ModelFound) -> list[str]:
    """Return points that have registers with a value, and no scale factor to read it by."""
    qualities = {point.name: point.quality for point in model.points}
    without: dict[str, list[str]] = {}
    for point in model.points:
        if isinstance(point.scale, str) and point.raw is not None and point.quality == "not_implemented":
            without.setdefault(point.scale, []).append(point.name)
    return [
        f"scale factor {scale} is {'not implemented' if qualities.get(scale) != 'ok' else 'out of range'}, "
        f"so no value of {_some(names)}"
        for scale, names in without.items()
    ]


def _some(names: list[str]) -> str:
    """Return the names, the first ones of many."""
    more = f" and {len(names) - NAMES_MAX} more" if len(names) > NAMES_MAX else ""
    return ", ".join(names[:NAMES_MAX]) + more


def implausible(model: ModelFound) -> list[str]:
    """Return values that a device in a building cannot have."""
    notes = []
    for point in model.points:
        if isinstance(point.value, str) and not point.value.isprintable():
            notes.append(f"{point.name} has characters that are no text")
        elif point.quality == "suspect":
            notes.append(f"{point.name} is not a finite number")
        elif not isinstance(point.value, int | float):
            continue
        elif point.name == "Hz" and not 40.0 <= point.value <= 70.0:
            notes.append(f"Hz is {point.value:g}, which no grid has")
    return notes


def controls(device: DeviceFound) -> list[str]:
    """Return controls that contradict what the device does, and limits that nothing takes back."""
    notes = []
    power_w = device.number_of(INVERTERS, "W")
    produces = power_w is not None and power_w > PRODUCING_W
    if produces and device.number_of((123,), "Conn") == 0:
        notes.append(
            f"Conn is 0 (disconnected) while it produces {power_w:g} W: control registers tell no state"
        )
    for model, name, enable, timer in (
        (123, "WMaxLimPct", "WMaxLim_Ena", "WMaxLimPct_RvrtTms"),
        (704, "WMaxLimPct", "WMaxLimPctEna", "WMaxLimPctRvrtTms"),
    ):
        if device.number_of((model,), enable) != 1:
            continue
        if produces and device.number_of((model,), name) == 0:
            notes.append(
                f"{name} is 0 and enabled while it produces {power_w:g} W: control registers tell no state"
            )
        if not device.number_of((model,), timer):
            notes.append(f"{name} is enabled without a reversion time: the limit stays until it is lifted")
    return notes
