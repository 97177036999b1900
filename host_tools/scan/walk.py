"""From a unit to the devices in its map, found by the firmware's own walk; and how the map ends."""

import errno
from struct import unpack_from

from host_tools.scan.found import DeviceFound, ModelFound
from host_tools.scan.reader import Reader
from islet.drivers import sunspec_map
from islet.drivers.modbus import ModbusError

END = 0xFFFF


async def devices_of(
    reader: Reader, unit: int, bases: tuple[int, ...] = sunspec_map.BASES
) -> list[DeviceFound]:
    """Return the devices of a unit, a further model 1 beginning the next; why the map ended is in the notes.

    ENODEV when the unit answers and has no map there; other OSErrors when it does not answer, or no more.
    """
    chain = await sunspec_map.chain(reader, unit, bases)
    base = next(base for base in bases if reader.words(unit, base, 2) == [0x5375, 0x6E53])
    devices = [
        DeviceFound(unit, base, n + 1, [ModelFound(*found) for found in models])
        for n, models in enumerate(chain)
    ]
    last = devices[-1].models[-1] if devices[-1].models else ModelFound(0, base, 0)
    note = await _ending(reader, unit, last.address + 2 + last.length)
    devices[-1].notes += [note] if note else []
    return devices


async def _ending(reader: Reader, unit: int, address: int) -> str:
    """Return what is unusual about the end of a map: the registers behind its last model."""
    if address > 0xFFFE:
        return "no end marker: the lengths lead past the last register"
    try:
        model_id, length = unpack_from(">HH", await reader.read(unit, address, 2), 0)
    except ModbusError as error:
        return await _lone_end(reader, unit, address, error)
    except OSError as error:
        return f"no end marker: {words(error)} at register {address}"
    if model_id != END:
        return f"no end marker within {sunspec_map.MODELS_MAX} models"
    return f"the end marker has length {length}, not 0" if length else ""


async def _lone_end(reader: Reader, unit: int, address: int, refusal: ModbusError) -> str:
    """Look whether the end marker is there without its length, since both together were refused."""
    try:
        (model_id,) = unpack_from(">H", await reader.read(unit, address, 1), 0)
    except OSError:
        model_id = 0
    if model_id == END:
        return "the end marker has no length"
    return f"no end marker: register {address} is {words(refusal)}"


def words(error: OSError) -> str:
    """Return what a failure of a request is called."""
    if isinstance(error, ModbusError):
        return f"refused with exception {error.code}"
    if error.errno == errno.ETIMEDOUT:
        return "no answer"
    return f"no good answer ({error.strerror or error})"
