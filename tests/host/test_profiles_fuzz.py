"""Anything as a profile and anything as registers: ValueError or a reading with a quality, nothing else."""

import asyncio
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.profiles import check, compact
from islet.drivers import profile_table
from islet.drivers.modbus import ModbusError
from islet.drivers.profile import ProfileDevice
from islet.names import NOT_IMPLEMENTED, OK, SUSPECT

TABLES = [compact.table(check.load(name)) for name in check.names()]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


class Noise:
    """A client whose registers are random bytes; refuses at random."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data
        self.longest = 0

    async def read(self, unit: int, address: int, count: int) -> bytes:
        """Return any registers."""
        assert 0 <= address <= 65536 - count
        self.longest = max(self.longest, count)
        if self._data.draw(st.integers(0, 9)) == 0:
            raise ModbusError(2)
        return self._data.draw(st.binary(min_size=2 * count, max_size=2 * count))

    read_input = read

    async def read_bits(self, unit: int, address: int, count: int, function: int = 1) -> bytes:
        """Return any bits."""
        size = (count + 7) // 8
        return self._data.draw(st.binary(min_size=size, max_size=size))

    async def write(self, unit: int, address: int, values: list[int]) -> None:
        """Check the registers."""
        assert all(0 <= value <= 0xFFFF for value in values)

    async def write_single(self, unit: int, address: int, value: int) -> None:
        """Check the register."""
        assert 0 <= value <= 0xFFFF

    async def write_coil(self, unit: int, address: int, on: bool) -> None:
        """Take it."""


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        found += _places(one, (*path, key))
    return found


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_profile_with_something_else_in_it(data: st.DataObject) -> None:
    """What the loader takes, the device can run with, whatever the registers say."""
    table = json.loads(json.dumps(data.draw(st.sampled_from(TABLES))))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(_places(table)))
        place = table
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = data.draw(JUNK | st.integers(-2, 70_000))
    try:
        loaded = profile_table.load(json.dumps(table))
    except ValueError:
        return
    asyncio.run(_live(loaded, data))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_registers_full_of_noise(data: st.DataObject) -> None:
    asyncio.run(_live(data.draw(st.sampled_from(TABLES)), data))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200) | JUNK.map(json.dumps))
def test_anything_as_a_profile(text: Any) -> None:
    try:
        profile_table.load(text)
    except ValueError:
        return
    raise AssertionError("a profile by chance")


async def _live(table: dict[str, Any], data: st.DataObject) -> None:
    client = Noise(data)
    device = ProfileDevice(client, table, 1, enabled=True, rated_w=data.draw(st.sampled_from([0.0, 5000.0])))
    await device.start()
    await device.poll(None, 0)
    assert client.longest <= table["most"]
    assert {reading.quality for reading in device.readings.values()} <= {OK, SUSPECT, NOT_IMPLEMENTED}
    for name in device.commands.safe:
        device.commands.ask(name, data.draw(st.floats(allow_nan=False)), 0)
    for now_ms in (0, 15_000, 70_000):
        try:
            await device.apply(None, now_ms)
        except ModbusError:
            continue
