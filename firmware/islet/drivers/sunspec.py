"""A SunSpec device over Modbus: its models, and writing with read-back."""

import errno
from struct import unpack_from

from islet.drivers import points, sunspec_map, sunspec_points

BASES = sunspec_map.BASES
LENGTH_MAX = 1024
Points = sunspec_points.Points


class SunSpecDevice:
    """One device behind a Modbus client: `models` is {id: (address, length)}, `chain` all devices of the unit."""

    def __init__(self, client, unit: int, base: int | None = None, number: int = 0) -> None:
        """base: where the map begins, if odd; number: which device of a chain, 0 is the first."""
        self.client = client
        self.unit = unit
        self.models: dict[int, tuple[int, int]] = {}
        self.chain: list[list] = []
        self.counts: dict[int, dict] = {}
        self._bases = sunspec_map.BASES if base is None else (base,)
        self._number = number

    async def discover(self) -> dict:
        """Find the map and return `models`, the first of each id; ENODEV without a SunSpec map or device."""
        self.models = {}
        self.counts = {}
        self.chain = await sunspec_map.chain(self.client, self.unit, self._bases)
        if self._number >= len(self.chain):
            raise OSError(errno.ENODEV, "no such device in the chain")
        for model_id, address, length in self.chain[self._number]:
            if model_id not in self.models:
                self.models[model_id] = (address, length)
        return self.models

    def records(self, model_id: int) -> bytes:
        """Return the compact table of a model, as in `points`."""
        return points.records_of(model_id)

    async def count(self, model_id: int) -> dict:
        """Return how often a model's groups occur, {counting point: times}; `Points` in groups need it first."""
        if model_id not in self.counts:
            names = points.counting(self.records(model_id))
            found = Points(self, model_id, names)
            if names:
                await found.read()
            self.counts[model_id] = {name: found.value[name] for name in names if found.ok(name)}
        return self.counts[model_id]

    async def all_points(self, model_id: int) -> Points:
        """Return every point within LENGTH_MAX registers of a model, its groups too, not read yet."""
        length = min(self.models[model_id][1] + 2, LENGTH_MAX)
        rows = points.rows(self.records(model_id), length, await self.count(model_id))
        return Points(self, model_id, tuple(row[0] for row in rows))

    async def read(self, model_id: int, offset: int, count: int) -> memoryview:
        """Return registers of a model from an offset (0 is the ID), big-endian, valid until the next."""
        return await self.client.read(self.unit, self.models[model_id][0] + offset, count)

    async def write(self, model_id: int, offset: int, values: list[int]) -> bool:
        """Write registers in one request and return whether they read back the same."""
        address = self.models[model_id][0] + offset
        await self.client.write(self.unit, address, values)
        data = await self.client.read(self.unit, address, len(values))
        return all(unpack_from(">H", data, 2 * i)[0] == values[i] for i in range(len(values)))
