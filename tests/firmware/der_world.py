"""A SunSpec device in memory with its driver, an image and wishes; offsets are from a model's ID register."""

import asyncio

from sunspec_memory import MARK, Registers

from islet.drivers.modbus import ModbusError
from islet.drivers.sunspec import SunSpecDevice
from islet.state.image import Image
from islet.state.wishes import Wishes

BASE = 40_000
LENGTHS = {
    1: 66, 101: 50, 103: 50, 113: 60, 120: 26, 121: 30, 122: 44, 123: 24, 124: 24, 701: 153, 702: 50, 704: 65,
    713: 7, 802: 62, 203: 105, 213: 124,
}  # fmt: skip
MISSING = 0xFFFF


class Refusing(Registers):
    """Refuses writes with the code that `refuse(address, values)` gives, 0 for none."""

    refuse = None

    async def write(self, unit: int, address: int, values: list) -> None:
        code = self.refuse(address, values) if self.refuse else 0
        if code:
            self.writes.append((address, list(values)))
            raise ModbusError(code)
        await Registers.write(self, unit, address, values)


class Der:
    """Models in a row, all their points 0; the driver is made by `kind(device, **options)`."""

    def __init__(self, kind, models: tuple, **options) -> None:
        """Models are ids, or (id, length) for a length of their own."""
        self.client = Refusing({})
        self.lay(models)
        self.device = SunSpecDevice(self.client, 1)
        self.driver = kind(self.device, **options)
        self.image = Image()
        self.wishes = Wishes()
        self.wishes.pv_limit_w = 1e9

    def lay(self, models: tuple) -> None:
        """Replace the map."""
        self.client.registers.clear()
        self.at = {}
        at = self.client.lay(BASE, MARK)
        for model in models:
            model_id, length = model if isinstance(model, tuple) else (model, LENGTHS[model])
            self.at.setdefault(model_id, at)
            at = self.client.lay(at, [model_id, length] + [0] * length)
        self.client.lay(at, [0xFFFF, 0])

    def put(self, model_id: int, offset: int, *words) -> None:
        """Set registers; negative ones as two's complement."""
        self.client.lay(self.at[model_id] + offset, [word & 0xFFFF for word in words])

    def start(self) -> None:
        asyncio.run(self.driver.start())

    def poll(self, now_ms: int = 0) -> None:
        asyncio.run(self.driver.poll(self.image, now_ms))

    def apply(self, now_ms: int = 0, wishes=True) -> list:
        """Carry out the wishes, or the commands; return what was written as (model, offset, registers)."""
        self.client.writes = []
        asyncio.run(self.driver.apply(self.wishes if wishes else None, now_ms))
        return [self._place(address, values) for address, values in self.client.writes]

    def _place(self, address: int, values: list) -> tuple:
        model_id = max((at, model_id) for model_id, at in self.at.items() if at <= address)[1]
        return model_id, address - self.at[model_id], values

    def value(self, name: str):
        return self.driver.readings[name].value

    def quality(self, name: str) -> int:
        return self.driver.readings[name].quality


def failure(work, *arguments) -> OSError:
    """Return the OSError of a call."""
    try:
        work(*arguments)
    except OSError as error:
        return error
    raise AssertionError("it did not fail")


def near(value: float, expected: float) -> bool:
    """Return whether two values are the same but for 32-bit floats."""
    return abs(value - expected) <= 1e-5 * max(1.0, abs(expected))
