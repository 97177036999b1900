"""Every point of every model of a unit, by the firmware's code: on MicroPython prints a JSON value a model."""

import asyncio
import json
import sys

from hal.net import TcpStream
from hal.sim import wall_ms
from islet.drivers.modbus_tcp import ModbusTcp
from islet.drivers.sunspec import SunSpecDevice


async def scan(device: SunSpecDevice, model_done) -> None:  # type: ignore[no-untyped-def]
    """Discover; call model_done(id, address, length, {name: [raw, value, quality]}) for each model in the map."""
    await device.discover()
    for models in device.chain:
        for model_id, address, length in models:
            device.models = {model_id: (address, length)}
            device.counts = {}
            points = await device.all_points(model_id)
            if points.value:
                await points.read()
            names = list(points.value)
            found = {name: [points.raw(name), points.value[name], points.quality[name]] for name in names}
            model_done(model_id, address, length, found)


def _print(model_id: int, address: int, length: int, found: "dict[str, list[object]]") -> None:
    plain = {
        name: [str(one, "utf-8") if isinstance(one, bytes) else one for one in values]
        for name, values in found.items()
    }
    print(json.dumps([model_id, address, length, plain]))


async def main(port: int, unit: int) -> None:
    """Scan a unit on a port of loopback."""
    client = ModbusTcp(TcpStream("127.0.0.1", port, wall_ms, 2000, True))
    await client.connect()
    await scan(SunSpecDevice(client, unit), _print)
    client.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
