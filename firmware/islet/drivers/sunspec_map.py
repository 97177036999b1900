"""Finding the models of a SunSpec map: where it begins, walking it by the lengths read, devices in a chain."""

import errno
from struct import unpack_from

from islet.drivers.modbus import DEVICE_FAILURE, ModbusError
from islet.drivers.points import COMMON

BASES = (40000, 0, 50000)
MODELS_MAX = 64  # of all devices in the chain
_MARKER = (0x5375, 0x6E53)  # "SunS"
_END = 0xFFFF


async def chain(client, unit: int, bases: tuple = BASES) -> list:
    """Return the devices of a unit, each a list of (model, address, length); ENODEV without a map.

    Raises ModbusError when the unit is not there, is busy or asleep; only a refusal for good moves on.
    """
    for base in bases:
        if await _marked(client, unit, base):
            return await _walk(client, unit, base + 2)
    raise OSError(errno.ENODEV, "no SunSpec map")


async def _marked(client, unit: int, base: int) -> bool:
    try:
        data = await client.read(unit, base, 2)
    except ModbusError as error:
        if not _nothing_there(error):
            raise
        return False
    return unpack_from(">HH", data, 0) == _MARKER


async def _walk(client, unit: int, address: int) -> list:
    """Follow the lengths read; a refusal or the end mark ends the map, a further model 1 begins a device."""
    devices: list[list] = [[]]
    for _ in range(MODELS_MAX):
        if address > 0xFFFE:
            break
        try:
            data = await client.read(unit, address, 2)
        except ModbusError as error:
            if not _nothing_there(error):
                raise
            break
        model_id, length = unpack_from(">HH", data, 0)
        if model_id == _END:
            break
        if model_id == COMMON and any(found[0] == COMMON for found in devices[-1]):
            devices.append([])
        devices[-1].append((model_id, address, length))
        address += 2 + length
    return devices


def _nothing_there(error: ModbusError) -> bool:
    """Return whether registers are refused for good; some devices say 4 where the map ends."""
    return error.permanent() or error.code == DEVICE_FAILURE
