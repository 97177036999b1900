"""Frame faults between the firmware's client and a pymodbus server: no wrong value is ever taken, and it recovers."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
from sunspec_server import MapServer

from hal.net import TcpStream
from host_tools.hil import modbus_faults as faults
from host_tools.hil.modbus_faults import Fault, FaultProxy
from islet.drivers.modbus import ModbusError
from islet.drivers.modbus_tcp import ModbusTcp

ROOT = Path(__file__).parents[2]
TIMEOUT_MS = 60
COUNT = 300

# fault, whether this request fails, and whether the connection survives it
FAULTS = [
    (faults.whole(), False, True),
    (faults.cut(), True, False),
    (faults.cut(3), True, False),
    (faults.shortened(), True, True),
    (faults.late(), True, True),
    (faults.stale(), False, True),
    (faults.doubled(), False, True),
    (faults.wrong_unit(), True, False),
    (faults.wrong_function(), True, True),
    (faults.silent(), True, True),
    (faults.reset(), True, False),
    (faults.closed(), True, False),
    (faults.split(), False, True),
    (faults.delayed(0.02), False, True),
    (faults.garbage(), True, False),
]
REFUSALS = [faults.refused(code) for code in range(256)]


def ticks_ms() -> int:
    return int(time.monotonic() * 1000) & 0x3FFFFFFF


def value_at(address: int) -> int:
    """Return what register holds: every one another, none a fault's."""
    return (address * 40503 + 7) % 50_000


class Rig:
    """A server of units 1 and 2, the proxy before it, and the firmware's client."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Rig":
        registers = {address: value_at(address) for address in range(COUNT)}
        self.server, port = await self._stack.enter_async_context(MapServer({1: registers, 2: registers}))
        self.proxy = FaultProxy(port)
        port = await self.proxy.start()
        self._stack.push_async_callback(self.proxy.stop)
        self.client = ModbusTcp(TcpStream("127.0.0.1", port, ticks_ms, TIMEOUT_MS))
        self._stack.callback(self.client.close)
        await self.client.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def read(self, address: int, count: int) -> list[int]:
        """Return registers; OSError as the client's."""
        data = await self.client.read(1, address, count)
        return [data[2 * i] << 8 | data[2 * i + 1] for i in range(count)]

    async def read_right(self, address: int, count: int) -> bool:
        """Read and return whether there was an answer; a wrong one fails the test."""
        try:
            if not self.client.connected:
                await self.client.connect()
            found = await self.read(address, count)
        except OSError:
            return False
        assert found == [value_at(at) for at in range(address, address + count)]
        return True


@pytest.mark.parametrize(("fault", "fails", "stays"), FAULTS, ids=lambda one: str(one))
async def test_no_wrong_value_and_the_connection_recovers(fault: Fault, fails: bool, stays: bool) -> None:
    async with Rig() as rig:
        rig.proxy.script.append(fault)
        start_s = time.monotonic()
        assert await rig.read_right(17, 9) is not fails
        assert time.monotonic() - start_s < 1.0
        assert rig.client.connected is stays
        assert await rig.read_right(101, 9)
        assert await rig.read_right(5, 1)
        assert rig.proxy.connections == (1 if stays else 2)
        assert len(rig.proxy.requests) == 3


@pytest.mark.parametrize(("fault", "fails", "stays"), FAULTS, ids=lambda one: str(one))
async def test_a_write_is_never_taken_for_done_unanswered(fault: Fault, fails: bool, stays: bool) -> None:
    """Garbled answers to a write are errors; a repeated write leaves the device as it was asked."""
    async with Rig() as rig:
        done = False
        rig.proxy.script.append(fault)
        with suppress(OSError):
            await rig.client.write(1, 20, [11, 12, 13])
            done = True
        assert not (
            done and str(fault) in ("late", "silent", "reset", "cut", "wrong_unit", "garbage", "closed")
        )
        if not rig.client.connected:
            await rig.client.connect()
        await rig.client.write(1, 20, [11, 12, 13])
        assert [rig.server.units[1][at] for at in (19, 20, 21, 22, 23)] == [
            value_at(19),
            11,
            12,
            13,
            value_at(23),
        ]


async def test_exceptions_of_every_code() -> None:
    """All 256 codes, those the standard does not know too, on one connection."""
    async with Rig() as rig:
        for code, fault in enumerate(REFUSALS):
            rig.proxy.script.append(fault)
            with pytest.raises(ModbusError) as caught:
                await rig.read(code, 2)
            assert caught.value.code == code
            assert caught.value.permanent() is (code in (1, 2, 3))
            assert rig.client.connected
        assert await rig.read_right(0, 125)
        assert rig.proxy.connections == 1
        assert len(rig.server.requests) == 1


async def test_late_answers_carry_an_old_transaction_id() -> None:
    """The answer comes when the client has given up; it is told from the next by its id alone."""
    async with Rig() as rig:
        for n in range(4):
            rig.proxy.script.append(faults.late())
            assert not await rig.read_right(n, 2)
            assert await rig.read_right(100 + n, 2)
            assert rig.client.discarded == n + 1
        assert rig.proxy.connections == 1


@pytest.mark.parametrize("seed", range(3))
async def test_two_hundred_requests_with_a_fault_in_every_second(seed: int) -> None:
    """No answer is ever wrong, and an unspoilt request fails at most once after a fault that leaves bytes behind."""
    drawn = random.Random(seed)
    kinds = [fault for fault, _, _ in FAULTS if str(fault) not in ("silent", "late")]
    async with Rig() as rig:
        answered = clean = 0
        for n in range(200):
            fault = drawn.choice([*kinds, faults.refused(drawn.randrange(256))]) if n % 2 else faults.whole()
            if drawn.random() < 0.05:
                fault = faults.late()
            rig.proxy.script.append(fault)
            good = await rig.read_right(drawn.randrange(170), drawn.randrange(1, 126))
            answered += good
            clean += fault.name == "whole"
        assert clean >= 90
        assert answered >= clean
        assert await rig.read_right(3, 3)


_SCRIPT = """
import asyncio, sys, time
from hal.net import TcpStream
from islet.drivers.modbus_tcp import ModbusTcp
async def ask(port):
    client = ModbusTcp(TcpStream("127.0.0.1", port, time.ticks_ms, 60))
    for n in range(int(sys.argv[2])):
        try:
            if not client.connected:
                await client.connect()
            data = await client.read(1, n, 2)
            print(n, data[0] << 8 | data[1], data[2] << 8 | data[3])
        except OSError:
            print(n)
    client.close()
asyncio.run(ask(int(sys.argv[1])))
"""


@pytest.mark.needs("micropython")
async def test_the_same_on_micropython(tmp_path: Path, program: Callable[[str], str]) -> None:
    script = tmp_path / "ask.py"
    script.write_text(_SCRIPT)
    chosen = [one for pair in FAULTS for one in (pair[0], faults.whole())]
    async with Rig() as rig:
        rig.client.close()
        rig.proxy.script.extend(chosen)
        process = await asyncio.create_subprocess_exec(
            program("micropython"),
            str(script),
            str(rig.proxy.port),
            str(len(chosen)),
            env={"MICROPYPATH": f".frozen:{ROOT}/firmware:{ROOT}/boards"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 30)
    expected = []
    for n, fault in enumerate(chosen):
        fails = next(fails for one, fails, _ in FAULTS if one.name == fault.name)
        expected.append(str(n) if fails else f"{n} {value_at(n)} {value_at(n + 1)}")
    assert output.decode().splitlines() == expected
