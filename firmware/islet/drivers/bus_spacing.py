"""A Modbus client that leaves slow units a pause between two requests."""

from islet.base.clock import elapsed_ms


class SpacedClient:
    """The interface of a Modbus client; a unit in `gaps` is asked gap ms after its last answer, no sooner."""

    def __init__(self, client, ticks_ms, sleep_ms, gaps: dict) -> None:
        """ticks_ms() wraps at 2**30; sleep_ms(ms) is awaited; gaps is {unit: ms}."""
        self._client = client
        self._ticks_ms = ticks_ms
        self._sleep_ms = sleep_ms
        self._gaps = gaps
        self._ended_ms = dict.fromkeys(gaps, -1)  # by unit; below 0: not asked yet

    @property
    def connected(self) -> bool:
        """Whether the client is connected."""
        return self._client.connected

    @property
    def requests(self) -> int:
        """Requests sent since boot."""
        return self._client.requests

    @property
    def discarded(self) -> int:
        """Frames that were not for us since boot."""
        return self._client.discarded

    async def connect(self) -> None:
        """As the client."""
        await self._client.connect()

    def close(self) -> None:
        """As the client."""
        self._client.close()

    async def read(self, unit: int, address: int, count: int) -> memoryview:
        """As the client, after the unit's pause."""
        return await self._spaced(unit, self._client.read(unit, address, count))

    async def read_input(self, unit: int, address: int, count: int) -> memoryview:
        """As the client, after the unit's pause."""
        return await self._spaced(unit, self._client.read_input(unit, address, count))

    async def read_bits(self, unit: int, address: int, count: int, function: int = 1) -> memoryview:
        """As the client, after the unit's pause."""
        return await self._spaced(unit, self._client.read_bits(unit, address, count, function))

    async def write(self, unit: int, address: int, values: list[int]) -> None:
        """As the client, after the unit's pause."""
        await self._spaced(unit, self._client.write(unit, address, values))

    async def write_single(self, unit: int, address: int, value: int) -> None:
        """As the client, after the unit's pause."""
        await self._spaced(unit, self._client.write_single(unit, address, value))

    async def write_coil(self, unit: int, address: int, on: bool) -> None:
        """As the client, after the unit's pause."""
        await self._spaced(unit, self._client.write_coil(unit, address, on))

    async def write_bits(self, unit: int, address: int, bits: list) -> None:
        """As the client, after the unit's pause."""
        await self._spaced(unit, self._client.write_bits(unit, address, bits))

    async def read_write(
        self, unit: int, read_at: int, count: int, write_at: int, values: list
    ) -> memoryview:
        """As the client, after the unit's pause."""
        return await self._spaced(unit, self._client.read_write(unit, read_at, count, write_at, values))

    async def _spaced(self, unit: int, request):
        """Wait out the pause, then await a request that has not begun."""
        if unit not in self._gaps:
            return await request
        await self._rest(unit)
        try:
            return await request
        finally:
            self._ended_ms[unit] = self._ticks_ms()

    async def _rest(self, unit: int) -> None:
        ended_ms = self._ended_ms[unit]
        if ended_ms < 0:
            return
        passed_ms = elapsed_ms(self._ticks_ms(), ended_ms)
        if 0 <= passed_ms < self._gaps[unit]:
            await self._sleep_ms(self._gaps[unit] - passed_ms)
