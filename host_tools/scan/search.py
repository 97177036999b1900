"""Looking for devices: unit by unit, base by base, then every model that was found."""

import errno
import time
from dataclasses import dataclass, field

from host_tools.errors import InputError
from host_tools.scan import unusual
from host_tools.scan.decode import read_model
from host_tools.scan.found import DeviceFound
from host_tools.scan.lines import hint, open_line
from host_tools.scan.progress import Progress
from host_tools.scan.reader import Reader, TimeOver
from host_tools.scan.target import At, Target
from host_tools.scan.walk import devices_of, words
from islet.drivers.sunspec import BASES


@dataclass
class Outcome:
    """Devices found, units that answered without a SunSpec map, and why the rest did not, by unit."""

    devices: list[DeviceFound] = field(default_factory=list)
    other: list[int] = field(default_factory=list)
    silent: dict[int, str] = field(default_factory=dict)
    skipped: tuple[int, ...] = ()  # the time was over


async def run(target: Target, places: list[At], timeout_s: float, limit_s: float) -> Outcome:
    """Open the line, look for all that is wanted within limit_s, and close it; InputError when nobody answered."""
    progress = Progress()
    end_s = time.monotonic() + limit_s
    line = await open_line(target, timeout_s)
    try:
        found = await search(Reader(line.client, end_s, progress.tick), target.units, places, progress)
    finally:
        line.close()
        progress.done()
    complain(found, line.place, places)
    return found


async def search(reader: Reader, units: tuple[int, ...], at: list[At], progress: Progress) -> Outcome:
    """Look at the maps said to be somewhere, or else at the units in turn."""
    outcome = Outcome()
    places: list[tuple[int, tuple[int, ...]]] = [(one.unit, (one.base,)) for one in at]
    places = places or [(unit, BASES) for unit in units]
    for n, (unit, bases) in enumerate(places):
        progress.doing(f"unit {unit}, {n + 1} of {len(places)}, {len(outcome.devices)} devices found")
        try:
            await _unit(reader, unit, bases, outcome, progress)
        except TimeOver:
            outcome.skipped = tuple(unit for unit, _ in places[n:])
            break
    return outcome


async def _unit(
    reader: Reader, unit: int, bases: tuple[int, ...], outcome: Outcome, progress: Progress
) -> None:
    try:
        devices = await devices_of(reader, unit, bases)
    except OSError as error:
        if error.errno == errno.ENODEV:
            outcome.other.append(unit)
        else:
            outcome.silent[unit] = words(error)
        return
    outcome.devices += devices
    for device in devices:
        for model in device.models:
            progress.doing(f"unit {unit}, model {model.id}")
            await read_model(reader, unit, model)
        unusual.look(reader, device)


def complain(outcome: Outcome, place: str, at: list[At]) -> None:
    """Raise InputError with a sentence when no device was found."""
    if outcome.devices:
        return
    if outcome.other:
        units = ", ".join(map(str, outcome.other))
        where = " or ".join(str(one) for one in ([at_.base for at_ in at] or BASES))
        raise InputError(
            f"{place} is not SunSpec: unit {units} answers, but has no SunSpec map at {where}; "
            f"if its map begins elsewhere, say --at BASE,UNIT."
        )
    whys = ", ".join(f"unit {unit}: {why}" for unit, why in outcome.silent.items())
    if outcome.skipped:
        whys = f"{whys}, then the time was over" if whys else "the time was over"
    raise InputError(
        f"nobody answered at {place} ({whys}); say --unit with the unit of the device{hint(place)}."
    )
