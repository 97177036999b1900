"""A PV inverter whose integer models become those of floats while it runs (Fronius, by a setting)."""

import asyncio
import errno
from struct import pack, unpack

from sunspec_memory import MARK, Registers

from islet.drivers.pv_inverter import PvInverter
from islet.drivers.sunspec import SunSpecDevice
from islet.names import OK
from islet.state.image import Image

BASE = 40_000
# offsets from the model's ID: SunSpec model 103 has W at 14 with W_SF at 15 and St at 38; model 113 W at 22, St at 48
INTEGER, FLOATS = 103, 113


def lay(client: Registers, model_id: int, length: int, values: dict) -> None:
    at = client.lay(BASE, MARK)
    at = client.lay(at, [1, 65] + [0] * 65)
    for offset in values:
        values[offset] &= 0xFFFF
    body = [model_id, length] + [values.get(k, 0) for k in range(2, length + 2)]
    client.lay(client.lay(at, body), [0xFFFF, 0])


def test_integer_model_becomes_float_model() -> None:
    # 2345 W as 2345 * 10**0; then 1234.5 W as an IEEE 754 float32
    client, image = Registers({}), Image()
    lay(client, INTEGER, 50, {14: 2345, 15: 0, 38: 4})
    inverter = PvInverter(SunSpecDevice(client, 1))
    asyncio.run(inverter.start())
    asyncio.run(inverter.poll(image, 100))
    assert (image.pv_w.value, image.pv_w.quality) == (2345, OK)
    high, low = unpack(">HH", pack(">f", 1234.5))
    client.registers.clear()
    lay(client, FLOATS, 60, {22: high, 23: low, 48: 4})
    code = 0
    try:
        asyncio.run(inverter.poll(image, 200))
    except OSError as error:
        code = error.errno
    assert code == errno.ENODEV  # the bus discovers it anew
    assert image.pv_w.value == 2345
    asyncio.run(inverter.start())
    asyncio.run(inverter.poll(image, 300))
    assert (image.pv_w.value, image.pv_w.quality) == (1234.5, OK)
