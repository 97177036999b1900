"""Writes of one driver: read back, counted, and together where the registers lie together."""

import errno
from struct import unpack_from

from islet.drivers.modbus import ModbusError
from islet.drivers.points import DC_MEASURE


class Writer:
    """Writes to a SunSpecDevice; `writes` counts requests, `mismatches` those that did not read back."""

    def __init__(self, device) -> None:
        """Device has been discovered when `write` is called."""
        self.writes = 0
        self.mismatches = 0
        self._device = device

    async def write(self, model_id: int, items: tuple) -> bool:
        """Write ((offset, registers), ...) in this order; False at the first that does not read back.

        ENODEV, with nothing written, when the model is not where it was: behind one whose length changes.
        """
        if self._moves(model_id) and not await self._there(model_id):
            raise OSError(errno.ENODEV, "the map changed")
        for offset, registers in joined(items):
            self.writes += 1
            if not await self._device.write(model_id, offset, registers):
                self.mismatches += 1
                return False
        return True

    def _moves(self, model_id: int) -> bool:
        models = self._device.models
        return DC_MEASURE in models and models[DC_MEASURE][0] < models[model_id][0]

    async def _there(self, model_id: int) -> bool:
        try:
            data = await self._device.read(model_id, 0, 2)
        except ModbusError as error:
            if not error.permanent():
                raise
            return False
        return unpack_from(">HH", data, 0) == (model_id, self._device.models[model_id][1])


def joined(items: tuple) -> list:
    """Return items with those after each other in the model made one, so that a device takes them at once."""
    parts: list = []
    for offset, registers in items:
        if parts and parts[-1][0] + len(parts[-1][1]) == offset:
            parts[-1][1].extend(registers)
        else:
            parts.append((offset, list(registers)))
    return parts


def words(value: int) -> list:
    """Return the two registers of a 32-bit value, high word first; negative as two's complement."""
    return [(value >> 16) & 0xFFFF, value & 0xFFFF]
