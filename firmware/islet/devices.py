"""What hangs on a node's buses: lines and devices as a JSON object, checked, all errors told together."""

import json

from islet.config import HOST_LETTERS, MAX_HOST, NAME_LETTERS, number, word
from islet.drivers import roles

FILE = "devices.json"
MAX_BYTES = 8192
MAX_LINES = 4
MAX_DEVICES = 16
MAX_NAME = 16
MAX_DRIVER = 32
SUNSPEC = "sunspec"  # a driver; any other names a profile
TCP, RTU = "tcp", "rtu"
PARITIES = ("N", "E", "O")
RTU_UNIT_MAX = 247  # Modbus over Serial Line V1.02, 2.2
# key, default, lowest, highest; None: must be given
TCP_NUMBERS = (("port", 502, 1, 65_535), ("gap_ms", 0, 0, 1000))
RTU_NUMBERS = (("baud", 9600, 1200, 1_000_000), ("stop_bits", 1, 1, 2), ("latency_ms", 200, 5, 2000))
DEVICE_NUMBERS = (
    ("unit", None, 0, 255),
    ("base", 0, 0, 65_535),
    ("chain", 0, 0, 7),
    ("gap_ms", 0, 0, 5000),
    ("rated_w", 0.0, 0.0, 1_000_000.0),
    ("capacity_wh", 0.0, 0.0, 10_000_000.0),
    ("reversion_s", 300, 10, 86_400),
)
WHOLE = ("port", "gap_ms", "baud", "stop_bits", "latency_ms", "unit", "base", "chain", "reversion_s")


class Line:
    """A bus: name, kind (TCP or RTU) and, as plain attributes, host and numbers, or device, parity and numbers."""

    port: int

    def __init__(self, raw: dict, errors: list) -> None:
        self.name = word(raw, "name", MAX_NAME, NAME_LETTERS, errors, "line: ")
        where = "line %s: " % self.name
        self.kind = raw.get("kind")
        if self.kind == TCP:
            self.host = word(raw, "host", MAX_HOST, HOST_LETTERS, errors, where)
        elif self.kind == RTU:
            self.device = word(raw, "device", MAX_HOST, HOST_LETTERS + "/", errors, where)
            self.parity = raw.get("parity", "N")
            if self.parity not in PARITIES:
                errors.append("%sparity is %r, must be N, E or O" % (where, self.parity))
        else:
            errors.append("%skind is %r, must be tcp or rtu" % (where, self.kind))
            return
        numbers, words = (TCP_NUMBERS, ("host",)) if self.kind == TCP else (RTU_NUMBERS, ("device", "parity"))
        for row in numbers:
            setattr(self, row[0], number(raw, row, errors, where, row[0] in WHOLE))
        _unknown(raw, ("name", "kind") + words, numbers, errors, where)


class Entry:
    """A device: name, line, unit, role, driver (SUNSPEC or a profile) and ratings.

    `control` lets it be written; without a word it is true for SunSpec and false for a profile, since most were
    written from documents alone. `behind_load_ct` says where a charger or a genset is connected.
    `forms` lets a battery form beside the first one, by its droop.
    """

    unit: int
    base: int
    chain: int

    def __init__(self, raw: dict, errors: list) -> None:
        self.name = word(raw, "name", MAX_NAME, NAME_LETTERS, errors, "device: ")
        where = "device %s: " % self.name
        self.line = word(raw, "line", MAX_NAME, NAME_LETTERS, errors, where)
        self.role = raw.get("role")
        self.driver = word(raw, "driver", MAX_DRIVER, NAME_LETTERS, errors, where)
        if self.role not in roles.names():
            errors.append("%srole is %r, must be one of %s" % (where, self.role, " ".join(roles.names())))
        self.control = _flag(raw, "control", self.driver == SUNSPEC, errors, where)
        self.behind_load_ct = _flag(raw, "behind_load_ct", self.role == roles.CHARGER, errors, where)
        self.forms = _flag(raw, "forms", False, errors, where)
        if self.forms is True and self.role != roles.BATTERY:
            errors.append("%sforms is true, but only a battery forms an island" % where)
        for row in DEVICE_NUMBERS:
            setattr(self, row[0], number(raw, row, errors, where, row[0] in WHOLE))
        words = ("name", "line", "role", "driver", "control", "behind_load_ct", "forms")
        _unknown(raw, words, DEVICE_NUMBERS, errors, where)


class Devices:
    """`lines` and `devices` of a building, either may be empty; raises ValueError that lists every error."""

    def __init__(self, raw: dict) -> None:
        errors: list = []
        self.lines = [Line(one, errors) for one in _objects(raw, "lines", MAX_LINES, errors)]
        self.devices = [Entry(one, errors) for one in _objects(raw, "devices", MAX_DEVICES, errors)]
        errors += ["%s is not a setting" % key for key in raw if key not in ("lines", "devices")]
        errors += _doubles([line.name for line in self.lines], "line")
        errors += _doubles([device.name for device in self.devices], "device")
        if not errors:
            self._check_places(errors)
            self._check_shares(errors)
        if errors:
            raise ValueError("devices: " + "; ".join(errors))

    def on(self, line: Line) -> list:
        """Return the devices of a line, in order."""
        return [device for device in self.devices if device.line == line.name]

    def of(self, role: str) -> list:
        """Return the devices of a role, in order."""
        return [device for device in self.devices if device.role == role]

    def _check_places(self, errors: list) -> None:
        kinds = {line.name: line.kind for line in self.lines}
        ports = [(line.host, line.port) if line.kind == TCP else line.device for line in self.lines]
        for k in range(len(self.lines)):
            if ports[k] in ports[:k]:
                errors.append(
                    "line %s: another line has the same place; put its devices there" % self.lines[k].name
                )
        places = [(one.line, one.unit, one.role, one.driver, one.base, one.chain) for one in self.devices]
        for k in range(len(places)):
            if places[k] in places[:k]:
                errors.append("device %s: the same device is there twice" % self.devices[k].name)
        for device in self.devices:
            if device.line not in kinds:
                errors.append("device %s: there is no line %r" % (device.name, device.line))
            elif kinds[device.line] == RTU and not 1 <= device.unit <= RTU_UNIT_MAX:
                errors.append(
                    "device %s: unit is %d, must be 1 to %d on a serial line"
                    % (device.name, device.unit, RTU_UNIT_MAX)
                )

    def _check_shares(self, errors: list) -> None:
        """Several devices of a role share what is wished by their ratings."""
        for role in (roles.INVERTER, roles.BATTERY):
            several = self.of(role)
            if len(several) > 1:
                errors += [
                    "device %s: rated_w is missing, for %d devices share the power of an %s"
                    % (device.name, len(several), role)
                    for device in several
                    if not device.rated_w
                ]


def load(data: bytes) -> Devices:
    """Return the devices held in JSON bytes; raises ValueError on any wrong content."""
    if len(data) > MAX_BYTES:
        raise ValueError("devices: %d bytes, at most %d" % (len(data), MAX_BYTES))
    try:
        raw = json.loads(data)
    except (ValueError, RuntimeError) as error:  # nested too deep is a RuntimeError
        raise ValueError("devices: not JSON (%s)" % error) from None
    if not isinstance(raw, dict):
        raise ValueError("devices: must be a JSON object")
    return Devices(raw)


def _objects(raw: dict, key: str, most: int, errors: list) -> list:
    found = raw.get(key)
    if not isinstance(found, list) or len(found) > most:
        errors.append("%s must be a list of at most %d objects" % (key, most))
        return []
    wrong = [one for one in found if not isinstance(one, dict)]
    if wrong:
        errors.append("%s holds %r, must hold objects" % (key, wrong[0]))
    return [one for one in found if isinstance(one, dict)]


def _flag(raw: dict, key: str, default: bool, errors: list, where: str):
    value = raw.get(key, default)
    if not isinstance(value, bool):
        errors.append("%s%s is %r, must be true or false" % (where, key, value))
    return value


def _unknown(raw: dict, words: tuple, numbers: tuple, errors: list, where: str) -> None:
    known = words + tuple([row[0] for row in numbers])
    errors += ["%s%s is not a setting" % (where, key) for key in raw if key not in known]


def _doubles(names: list, what: str) -> list:
    return ["%s %s is there twice" % (what, name) for name in names if names.count(name) > 1][:1]
