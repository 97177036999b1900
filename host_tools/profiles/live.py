"""A device read once by its profile, with the firmware's own driver; nothing is ever written."""

import json
from collections.abc import Iterator

from host_tools.errors import InputError
from host_tools.profiles import compact
from host_tools.profiles.form import Profile
from host_tools.profiles.units import unit_of
from host_tools.scan.lines import Line, hint, open_line
from host_tools.scan.target import Target, parse
from host_tools.scan.walk import words
from islet.drivers import profile_table
from islet.drivers.profile import ProfileDevice
from islet.names import NOT_IMPLEMENTED, OK, QUALITY_NAMES

_CODES = ("state",)


def target_of(profile: Profile, url: str, unit: int | None) -> Target:
    """Return where the device is; port and unit are the profile's where URL and option have none."""
    target = parse(url, None if unit is None else str(unit), (profile.unit,))
    if len(target.units) != 1:
        raise InputError(
            f"{url!r} names {len(target.units)} units; a profile is read from one, such as --unit 1."
        )
    if target.kind == "tcp" and len(target.ports) > 1:
        return Target("tcp", target.place, target.units, ports=(profile.port,))
    return target


async def read(profile: Profile, target: Target, timeout_s: float) -> ProfileDevice:
    """Return the device after one reading; InputError when it does not answer."""
    line = await open_line(target, timeout_s)
    try:
        return await _read(profile, target.units[0], line)
    finally:
        line.close()


async def _read(profile: Profile, unit: int, line: Line) -> ProfileDevice:
    device = ProfileDevice(line.client, profile_table.load(compact.text(profile)), unit)
    await device.start()
    try:
        await device.poll(None, 0)
    except OSError as error:
        raise InputError(
            f"unit {unit} at {line.place}: {words(error)}; check address, unit and the profile{hint(line.place)}."
        ) from error
    if all(reading.quality == NOT_IMPLEMENTED for reading in device.readings.values()):
        raise InputError(
            f"unit {unit} at {line.place} has none of the registers of {profile.name}; is it this device?"
        )
    return device


def text_lines(device: ProfileDevice) -> Iterator[str]:
    """Yield name, value, unit and quality of each reading."""
    for name, reading in device.readings.items():
        shown = "" if reading.quality != OK else _shown(device.role, name, reading.value)
        yield f"{name:<14} {shown:>16} {unit_of(name):<4} {QUALITY_NAMES[reading.quality]}".rstrip()


def as_json(device: ProfileDevice) -> str:
    """Return {profile, role, unit, readings: {name: {value, unit, quality}}}; null where there is no value."""
    readings = {
        name: {
            "value": reading.value if reading.quality == OK else None,
            "unit": unit_of(name),
            "quality": QUALITY_NAMES[reading.quality],
        }
        for name, reading in device.readings.items()
    }
    found = {"profile": device.name, "role": device.role, "unit": device.unit, "readings": readings}
    return json.dumps(found, indent=1, allow_nan=False)


def _shown(role: str, name: str, value: float) -> str:
    if name in _CODES:
        known = compact.meanings(role, name)
        return str(known[int(value)]) if 0 <= int(value) < len(known) else str(value)
    return str(value) if isinstance(value, int) else f"{value:.6g}"
