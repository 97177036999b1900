"""What a profile's board form reads and writes, against what its long form says: the differences, one a line."""

from fractions import Fraction
from math import floor
from typing import Any, cast

from profile_server import ProfileServer, factor, served

from host_tools.profiles.form import Command, Profile, Reading, Write
from islet.drivers import roles
from islet.drivers.profile import ProfileDevice
from islet.names import NOT_IMPLEMENTED, OK, QUALITY_NAMES, SUSPECT

Table = dict[str, Any]
RATED_W = 8000.0
# values that a device may have, in the unit of the name
USUAL = {
    "w": 2345,
    "var": -321,
    "va": 2400,
    "v": 231.4,
    "a": 10.15,
    "hz": 49.98,
    "limit_a": 16,
    "soc_pu": 0.63,
}
USUAL |= {"available_w": 4321, "rated_w": RATED_W}
LEASE_MS = 60_000


def of_type(row: Reading, number: Fraction) -> Fraction:
    """Return the nearest number that the type holds."""
    if row.type.startswith("f"):
        return Fraction(float(round(number * 64)) / 64)
    whole = Fraction(round(number))
    return abs(whole) if row.type.startswith("u") else whole


def number_for(row: Reading, i: int) -> Fraction:
    """Return what row i is made to hold: another for each row; a counter near the end of its type."""
    if roles.counts(row.name):
        most = {"16": 65_000, "32": 2_147_483_000, "64": 1 << 52}
        return Fraction(12_345_67 if row.type.startswith("f") else most[row.type[1:]] + i)
    usual = Fraction(str(USUAL[row.name])) * Fraction(100 + 7 * i, 100)
    return of_type(row, usual / factor(row) / (Fraction(1, 10) if row.tens is not None else 1))


async def differing_readings(profile: Profile, table: Table) -> list[str]:
    """Return what the board reads otherwise than the long form says; table is the board's form."""
    async with served(profile) as (server, client):
        device = ProfileDevice(client, table, profile.unit or 1)
        await device.start()
        expected: dict[str, Fraction] = {}
        for i, row in enumerate(profile.readings):
            if row.codes is None and row.type != "bit":
                number = number_for(row, i)
                server.put(row, int(number) if number.denominator == 1 else float(number), tens=-1)
                by = factor(row) / (10 if row.tens is not None else 1)
                expected[row.name] = expected.get(row.name, Fraction(0)) + number * by
        wrong = await _compared(device, expected)
        for row in profile.readings:
            wrong += await _codes(device, server, row, profile.role)
            wrong += await _missing(device, server, row)
        return wrong


async def _compared(device: ProfileDevice, expected: dict[str, Fraction]) -> list[str]:
    _fresh(device)
    await device.poll(None, 0)
    wrong = []
    for name, value in expected.items():
        reading = device.readings[name]
        if reading.quality != OK:
            wrong.append(f"{name}: {QUALITY_NAMES[reading.quality]}")
        elif roles.counts(name):
            if not 0 <= floor(value) - reading.value <= 1:  # each row is rounded down
                wrong.append(f"{name}: {reading.value}, not {floor(value)}")
        elif abs(reading.value - float(value)) > 1e-6 * abs(float(value)):
            wrong.append(f"{name}: {reading.value}, not {float(value)}")
    return wrong


def _fresh(device: ProfileDevice) -> None:
    device.lose(None)  # everything is due again


async def _codes(device: ProfileDevice, server: ProfileServer, row: Reading, role: str) -> list[str]:
    """Put every raw value of a code, and one that has no meaning; a bit without codes is 0 or 1."""
    bit = row.type == "bit" and row.codes is None
    codes = [(0, 0), (1, 1)] if bit else row.codes or []
    names = roles.CHARGER_STATES if role == roles.CHARGER else roles.STATES
    wrong = []
    for raw, meaning in codes:
        expected = names.index(meaning) if isinstance(meaning, str) else meaning
        server.put_raw(row, raw)
        _fresh(device)
        await device.poll(None, 0)
        reading = device.readings[row.name]
        if (reading.value, reading.quality) != (expected, OK):
            wrong.append(f"{row.name}: {raw} is {reading.value}, not {meaning}")
    if codes and row.type not in ("bit", "string"):
        known = {raw for raw, _ in codes} | set(row.missing)
        unknown = next((raw for raw in range(row.mask or 0xFFFF) if raw not in known), None)
        if unknown is not None:
            server.put_raw(row, unknown)
            _fresh(device)
            await device.poll(None, 0)
            if device.readings[row.name].quality != SUSPECT:
                wrong.append(f"{row.name}: {unknown} has no meaning, yet is not suspect")
        server.put_raw(row, codes[0][0])
    return wrong


def _rests(device: ProfileDevice) -> bool:
    running = device.readings.get("running")
    return running is not None and running.quality == OK and running.value == 0


async def _missing(device: ProfileDevice, server: ProfileServer, row: Reading) -> list[str]:
    wrong = []
    before = dict(server.spaces[row.function])
    for raw in row.missing:
        server.put_raw(row, raw)
        _fresh(device)
        await device.poll(None, 0)
        reading = device.readings[row.name]
        quality = reading.quality
        if _rests(device) and row.name == "w" and (reading.value, quality) == (0.0, OK):
            continue  # a genset that stands still gives nothing
        if quality != (OK if row.optional else NOT_IMPLEMENTED):
            wrong.append(f"{row.name}: {raw:#x} is {QUALITY_NAMES[quality]}")
    server.spaces[row.function].update(before)
    return wrong


def values_for(command: Command) -> list[float]:
    """Return values in every case of a command, its ends, and the safe one."""
    starts = [case.least for case in command.cases]
    least, most = max(command.least, -RATED_W), min(command.most, RATED_W)
    found = [least, most, command.safe, 0.37 * most, 0.61 * least, *starts, *(start + 1 for start in starts)]
    return [value for value in dict.fromkeys(found) if least <= value <= most]


async def differing_commands(profile: Profile, table: Table) -> list[str]:
    """Return what the server was written otherwise than the long form says."""
    wrong = []
    async with served(profile) as (server, client):
        device = ProfileDevice(client, table, profile.unit or 1, enabled=True, rated_w=RATED_W)
        await device.start()
        for row in profile.readings:
            if row.name == "rated_w":
                server.put(row, float(of_type(row, Fraction(RATED_W) / factor(row))) if row.type[0] == "f" else
                           int(of_type(row, Fraction(RATED_W) / factor(row))))  # fmt: skip
        await device.poll(None, 0)
        now_ms = 0
        for command in profile.commands:
            for value in values_for(command):
                now_ms += 1000 * (1 + command.gap_s)
                device.commands.ask(command.name, value, now_ms, LEASE_MS)
                wrong += await _told(device, server, command, value, now_ms)
            now_ms += LEASE_MS + 1000 * command.gap_s
            wrong += await _told(device, server, command, command.safe, now_ms)
        if device.mismatches:
            wrong.append(f"{device.mismatches} writes did not read back")
    return wrong


async def _told(
    device: ProfileDevice, server: ProfileServer, command: Command, value: float, now_ms: int
) -> list[str]:
    """Have a command carried out and return what the server holds otherwise than it should."""
    if command.name.endswith("_w"):
        value = min(max(value, -RATED_W), RATED_W)
    device.forget()
    server.written.clear()
    try:
        await device.apply(None, now_ms)
    except OSError as error:
        return [f"{command.name} {value:g}: {error}"]
    case = [one for one in command.cases if value >= one.least or one is command.cases[0]][-1]
    wrong = (
        [] if len(server.written) == len(case.writes) else [f"{command.name}: {len(server.written)} writes"]
    )
    for write, (function, address, _) in zip(case.writes, server.written, strict=False):
        if (function, address) != (write.function, write.address):
            wrong.append(f"{command.name} {value:g}: function {function} at {address}, not {write.address}")
        elif not _holds(server, write, value):
            wrong.append(f"{command.name} {value:g}: {address} holds {server.held(write)}")
    return wrong


def _holds(server: ProfileServer, write: Write, value: float) -> bool:
    """Return whether the register is the value rounded towards 0, or the fixed value."""
    held = Fraction(cast(float, server.held(write)))
    if write.value is not None:
        return held == write.value
    if write.function == 5:
        return held == (value >= 0.5)
    wanted = Fraction(value) / (Fraction(RATED_W) if write.per_rated else 1) / factor(write)
    if write.type.startswith("f"):
        return abs(held - wanted) <= abs(wanted) / 1_000_000
    return abs(held) <= abs(wanted) + Fraction(1, 100) and abs(wanted - held) < 1 + Fraction(1, 100)
