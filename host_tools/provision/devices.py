"""The devices of a node, as the file in its store has them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from host_tools.errors import InputError
from host_tools.profiles import check, compact
from host_tools.profiles.form import Profile
from islet import devices
from islet.drivers.sunspec_roles import ROLES
from islet.hookup import PROFILE

PV_UNIT = 1
BATTERY_UNIT = 2


def usual(
    host: str, port: int, pv_rated_w: float, battery_rated_w: float, battery_wh: float
) -> dict[str, Any]:
    """Return a PV inverter at unit 1 and a battery at unit 2 of one SunSpec line over TCP."""
    line = {"name": "bus", "kind": "tcp", "host": host, "port": port}
    pv = {"name": "pv", "line": "bus", "unit": PV_UNIT, "role": "inverter", "driver": "sunspec"}
    battery = {"name": "battery", "line": "bus", "unit": BATTERY_UNIT, "role": "battery", "driver": "sunspec"}
    return {
        "lines": [line],
        "devices": [
            {**pv, "rated_w": pv_rated_w},
            {**battery, "rated_w": battery_rated_w, "capacity_wh": battery_wh},
        ],
    }


def store(home: Path, found: dict[str, Any]) -> None:
    """Write the devices into a node's home; ValueError when the node would not take them."""
    text = json.dumps(found).encode()
    devices.load(text)
    (home / devices.FILE).write_bytes(text)


def read(file: Path) -> devices.Devices:
    """Return the devices of a file; InputError with all that is wrong, their profiles too."""
    try:
        found = devices.load(file.read_bytes())
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise InputError(f"{file}: {error}.") from error
    wrong = []
    for entry in found.devices:
        profile = _profile(entry)
        if entry.driver != devices.SUNSPEC and profile is None:
            wrong.append(
                f"device {entry.name}: there is no profile {entry.driver}; see `islet profiles list`"
            )
        elif profile and profile.role != entry.role:
            wrong.append(
                f"device {entry.name}: {entry.driver} is for the role {profile.role}, not {entry.role}"
            )
        elif not profile and entry.role not in ROLES:
            wrong.append(f"device {entry.name}: SunSpec has no models of a {entry.role}")
    if wrong:
        raise InputError(f"{file}: {'; '.join(wrong)}.")
    return found


def text_lines(found: devices.Devices) -> Iterator[str]:
    """Yield a line for each device: name, role, where, driver, and whether it may be told something."""
    for line in found.lines:
        place = f"{line.host}:{line.port}" if line.kind == devices.TCP else line.device
        for entry in found.on(line):
            profile = _profile(entry)
            told = entry.control and (profile is None or bool(profile.commands)) and entry.role != "meter"
            words = "may be told" if told else "only read"
            where = f"{place} unit {entry.unit}"
            yield f"{entry.name:<16} {entry.role:<9} {where:<28} {entry.driver:<26} {words}"


def deliver(file: Path, found: devices.Devices, folder: Path) -> Iterator[Path]:
    """Write the file and the profiles it needs into a folder; yield what was written. InputError if that fails."""
    texts = {devices.FILE: file.read_text()}
    for entry in found.devices:
        profile = _profile(entry)
        if profile:
            texts[PROFILE + entry.driver] = compact.text(profile)
    for name, text in texts.items():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        except OSError as error:
            raise InputError(f"{folder / name} cannot be written ({error.strerror}).") from error
        yield folder / name


def _profile(entry: Any) -> Profile | None:
    return check.load(entry.driver) if entry.driver in check.names() else None
