"""The folder with what a node needs: read, checked with the firmware's own checks, all errors told at once."""

import json
import re
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from host_tools.errors import InputError
from host_tools.provision import devices as provision
from host_tools.provision import keys
from islet import config, devices

TABLES = ("settings", "devices", "network")
KINDS = ("ppp", "wlan", "lan", "none")
NETWORK_KEYS = {"kind", "ssid", "key", "time_server", "static"}
WLAN_KEY = re.compile(r"[ -~]{8,63}\Z")  # IEEE 802.11i: a passphrase; or 64 hex digits
WLAN_HEX = re.compile(r"[0-9A-Fa-f]{64}\Z")
SSID_BYTES = 32
ADDRESS = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\Z")
BOTH_SIDES = {"grid_v", "bus_v"}


@dataclass(frozen=True)
class Facts:
    """What the board itself knows: its name, its serial lines, its measured inputs."""

    board: str
    lines: tuple[str, ...]
    sides: tuple[str, ...]


@dataclass(frozen=True, repr=False)  # so that no traceback shows a key
class Files:
    """What goes to the board, by name; `site` and `node` for messages."""

    site: str
    node: str
    files: dict[str, bytes]


def read(folder: Path, facts: Facts | None = None) -> Files:
    """Return the files of a folder; InputError with everything that is wrong in any of them, a line each."""
    if not folder.is_dir():
        raise InputError(
            f"{folder} is no folder; 'islet provision --new NODE --site SITE {folder}' makes it."
        )
    wrong: list[str] = []
    tables = {name: _table(folder, name, wrong) for name in TABLES}
    settings = _settings(tables["settings"], wrong)
    profiles = _devices(tables["devices"], wrong)
    wrong += network_errors(tables["network"]) if tables["network"] is not None else []
    if settings is not None and tables["devices"] is not None:
        wrong += _together(settings, tables["devices"], facts)
    key = _key(folder, settings, wrong)
    if wrong:
        raise InputError(
            f"{folder} is not ready; nothing was written:\n" + "\n".join(f"  - {one}" for one in wrong)
        )
    assert settings is not None
    texts = {f"{name}.json": json.dumps(tables[name]).encode() for name in TABLES}
    return Files(settings.site, settings.node, {**texts, **profiles, "key": key})


def _table(folder: Path, name: str, wrong: list[str]) -> dict[str, Any] | None:
    """Return what NAME.toml or NAME.json holds."""
    paths = [folder / f"{name}.toml", folder / f"{name}.json"]
    found = [path for path in paths if path.exists()]
    if len(found) != 1:
        wrong.append(f"{name}: there must be one of {paths[0].name} and {paths[1].name}, not {len(found)}")
        return None
    try:
        text = found[0].read_text()
        table = tomllib.loads(text) if found[0].suffix == ".toml" else json.loads(text)
    except OSError as error:
        wrong.append(f"{found[0].name}: cannot be read ({error.strerror})")
        return None
    except ValueError as error:
        wrong.append(f"{found[0].name}: {error}")
        return None
    if not isinstance(table, dict):
        wrong.append(f"{found[0].name}: must be an object")
        return None
    return table


def _settings(table: dict[str, Any] | None, wrong: list[str]) -> Any:
    """Return the Settings, None when they are wrong."""
    if table is None:
        return None
    try:
        return config.load(json.dumps(table).encode())
    except ValueError as error:
        wrong += str(error).split("; ")
        return None


def _devices(table: dict[str, Any] | None, wrong: list[str]) -> dict[str, bytes]:
    """Return the profiles that the devices need, as they go to the board."""
    if table is None:
        return {}
    with TemporaryDirectory(prefix="islet-devices-") as place:
        file, out = Path(place) / devices.FILE, Path(place) / "out"
        file.write_text(json.dumps(table))
        try:
            paths = list(provision.deliver(file, provision.read(file), out))
        except InputError as error:
            words = str(error).removeprefix(f"{file}: ").removesuffix(".")
            wrong += [one if one.startswith("devices: ") else f"devices: {one}" for one in words.split("; ")]
            return {}
        return {path.name: path.read_bytes() for path in paths if path.name != devices.FILE}


def _together(settings: Any, table: dict[str, Any], facts: Facts | None) -> list[str]:
    """Return what does not fit together, as the firmware would find at its start (islet/site.py, hal/lines.py)."""
    try:
        found = devices.load(json.dumps(table).encode())
    except ValueError:
        return []  # told already
    told = any(one.role == "battery" and one.control for one in found.devices)
    if facts is None:
        return config.misfits(settings, told, True, file="devices")
    wrong = config.misfits(settings, told, set(facts.sides) >= BOTH_SIDES, facts.board, "devices")
    for line in found.lines:
        if line.kind == devices.RTU and line.device not in facts.lines:
            have = ", ".join(facts.lines) or "none"
            wrong.append(f"devices: line {line.name}: {facts.board} has no line {line.device}; it has {have}")
    return wrong


def network_errors(table: dict[str, Any]) -> list[str]:
    """Return what is wrong with network.json; no message holds a key."""
    kind = table.get("kind")
    wrong = [f"network: {name} is not known" for name in table if name not in NETWORK_KEYS]
    if kind not in KINDS:
        return [*wrong, f"network: kind must be one of {', '.join(KINDS)}"]
    if kind == "wlan":
        ssid, key = table.get("ssid"), table.get("key")
        if not isinstance(ssid, str) or not 0 < len(ssid.encode()) <= SSID_BYTES:
            wrong.append(f"network: ssid must be the WLAN's name, 1 to {SSID_BYTES} bytes")
        if not isinstance(key, str) or not (WLAN_KEY.match(key) or WLAN_HEX.match(key)):
            wrong.append(
                "network: key must be the WLAN's passphrase, 8 to 63 ASCII characters, or 64 hex digits"
            )
    elif "ssid" in table or "key" in table:
        wrong.append(f"network: ssid and key are for the kind wlan, not {kind}")
    server, static = table.get("time_server", "-"), table.get("static")
    if not isinstance(server, str) or not server:
        wrong.append("network: time_server must be a name or an address")
    if static is not None and not (
        isinstance(static, list) and len(static) == 4 and all(map(_is_address, static))
    ):
        wrong.append("network: static must be four addresses: own, mask, gateway, name server")
    return wrong


def _is_address(word: object) -> bool:
    found = ADDRESS.match(word) if isinstance(word, str) else None
    return found is not None and all(int(part) <= 255 for part in found.groups())


def _key(folder: Path, settings: Any, wrong: list[str]) -> bytes:
    if settings is None:
        return b""
    name = f"{settings.site}.{settings.node}.key"
    try:
        return keys.load_key(folder, (settings.site, settings.node))
    except FileNotFoundError:
        wrong.append(f"key: {name} is missing; copy it here, or make a new one with 'islet provision --new'")
    except PermissionError:
        wrong.append(
            f"key: {name} can be read by others; run 'chmod 600 {folder / name}', and best make a new key"
        )
    except ValueError:
        wrong.append(f"key: {name} must hold 64 hex digits")
    return b""


def is_private(folder: Path) -> bool:
    """Return whether nobody else can read the WLAN's key in the folder."""
    paths = [folder / f"network.{kind}" for kind in ("toml", "json")]
    return not any(path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077 for path in paths)
