"""The TCP client against a scripted wire: late, doubled, foreign, cut and oversized frames (guide V1.0b)."""

import asyncio
import errno
from struct import pack

from islet.drivers.modbus import ModbusError
from islet.drivers.modbus_tcp import ModbusTcp


class Wire:
    """A transport that has received these bytes; silence after them."""

    def __init__(self, received: bytes) -> None:
        self.left = received
        self.sent = []
        self.open = False
        self.largest = 0

    async def connect(self) -> None:
        self.open = True

    async def send(self, buf, n: int) -> None:
        self.sent.append(bytes(buf[:n]))

    async def receive_into(self, buf, n: int) -> None:
        self.largest = max(self.largest, n)
        if len(self.left) < n:
            raise OSError(errno.EIO if self.left else errno.ETIMEDOUT, "silence")
        buf[:n] = self.left[:n]
        self.left = self.left[n:]

    def close(self) -> None:
        self.open = False


def _frame(transaction: int, pdu: bytes, unit: int = 1, protocol: int = 0) -> bytes:
    return pack(">HHHB", transaction, protocol, len(pdu) + 1, unit) + pdu


_ONE = b"\x03\x02\x12\x34"  # one register, 0x1234


async def _read_one(wire: Wire):
    client = ModbusTcp(wire)
    await client.connect()
    try:
        data = await client.read(1, 40000, 1)
    except OSError as error:
        return client, error
    return client, bytes(data[:2])


def _run(received: bytes):
    wire = Wire(received)
    client, result = asyncio.run(_read_one(wire))
    return wire, client, result


def test_request_and_answer():
    wire, client, result = _run(_frame(1, _ONE))
    assert result == b"\x12\x34"
    assert wire.sent == [b"\x00\x01\x00\x00\x00\x06\x01\x03\x9c\x40\x00\x01"]
    assert client.connected
    assert client.discarded == 0


def test_late_and_doubled_answers_are_discarded_by_id():
    late = _frame(0xFFFF, b"\x03\x04\x00\x01\x00\x02")
    _, client, result = _run(late + late + _frame(1, _ONE))
    assert result == b"\x12\x34"
    assert client.discarded == 2


def test_late_refusal_is_not_taken_for_the_answer():
    _, client, result = _run(_frame(0, b"\x83\x02") + _frame(1, _ONE))
    assert result == b"\x12\x34"
    assert client.discarded == 1


def test_refusal_keeps_the_connection():
    _, client, result = _run(_frame(1, b"\x83\x0b"))
    assert isinstance(result, ModbusError)
    assert result.code == 0x0B
    assert client.connected


def test_silence_keeps_the_connection():
    wire, client, result = _run(b"")
    assert result.errno == errno.ETIMEDOUT
    assert client.connected
    assert wire.open


def test_answer_cut_in_the_middle_closes():
    for received in (_frame(1, _ONE)[:-1], _frame(1, _ONE)[:9], _frame(1, _ONE)[:5]):
        wire, client, result = _run(received)
        assert isinstance(result, OSError)
        assert not client.connected
        assert not wire.open


def test_length_is_bounded_before_anything_is_kept():
    for length in (255, 0xFFFF, 2, 0):
        wire, client, result = _run(pack(">HHHB", 1, 0, length, 1) + b"\x03\xff" + bytes(300))
        assert result.errno == errno.EIO
        assert not client.connected
        assert wire.largest == 9


def test_largest_frame_fits():
    pdu = b"\x03\xfa" + bytes(250)
    wire = Wire(_frame(1, pdu))

    async def read():
        client = ModbusTcp(wire)
        await client.connect()
        return len(await client.read(1, 0, 125)) >= 250

    assert asyncio.run(read())


def test_garbage_and_foreign_units_close():
    for received in (b"GET / HTTP/1.1\r\n\r\n", _frame(1, _ONE, protocol=1), _frame(1, _ONE, unit=2)):
        _, client, result = _run(received)
        assert result.errno == errno.EIO
        assert not client.connected


def test_stream_of_stale_answers_ends():
    _, client, result = _run(_frame(7, _ONE) * 100)
    assert result.errno == errno.EIO
    assert client.discarded == 16
    assert not client.connected


def test_transaction_id_wraps_in_16_bits():
    async def many():
        wire = Wire(b"")
        client = ModbusTcp(wire)
        await client.connect()
        client._transaction = 0xFFFF
        wire.left = _frame(0, _ONE)
        return bytes((await client.read(1, 0, 1))[:2])

    assert asyncio.run(many()) == b"\x12\x34"


def test_writes_check_the_echo():
    async def write():
        wire = Wire(_frame(1, b"\x10\x9c\x40\x00\x02") + _frame(2, b"\x06\x9c\x40\x00\x07"))
        client = ModbusTcp(wire)
        await client.connect()
        await client.write(1, 40000, [1, 2])
        await client.write_single(1, 40000, 7)
        return wire.sent

    sent = asyncio.run(write())
    assert sent[0] == b"\x00\x01\x00\x00\x00\x0b\x01\x10\x9c\x40\x00\x02\x04\x00\x01\x00\x02"
    assert sent[1] == b"\x00\x02\x00\x00\x00\x06\x01\x06\x9c\x40\x00\x07"


def test_one_request_outstanding():
    class Reentrant(Wire):
        async def send(self, buf, n):
            try:
                await self.client.read(1, 0, 1)
            except OSError as error:
                self.refused = error.errno

    async def read():
        wire = Reentrant(_frame(1, _ONE))
        wire.client = ModbusTcp(wire)
        await wire.client.connect()
        await wire.client.read(1, 40000, 1)
        return wire.refused

    assert asyncio.run(read()) == errno.EALREADY


def test_every_function_over_one_stream():
    async def ask():
        wire = Wire(
            _frame(1, b"\x01\x02\xcd\x01")
            + _frame(2, b"\x02\x01\x05")
            + _frame(3, b"\x04\x02\x00\x0a")
            + _frame(4, b"\x17\x02\x12\x34")
            + _frame(5, b"\x05\x00\xac\xff\x00")
            + _frame(6, b"\x0f\x00\x13\x00\x0a")
        )
        client = ModbusTcp(wire)
        await client.connect()
        got = [bytes((await client.read_bits(1, 0, 10))[:2])]
        got.append(bytes((await client.read_bits(1, 0, 3, 2))[:1]))
        got.append(bytes((await client.read_input(1, 8, 1))[:2]))
        got.append(bytes((await client.read_write(1, 3, 1, 14, [255]))[:2]))
        await client.write_coil(1, 0xAC, True)
        await client.write_bits(1, 0x13, [1, 0, 1, 1, 0, 0, 1, 1, 1, 0])
        return got, wire.sent[-1]

    got, last = asyncio.run(ask())
    assert got == [b"\xcd\x01", b"\x05", b"\x00\x0a", b"\x12\x34"]
    assert last == b"\x00\x06\x00\x00\x00\x09\x01\x0f\x00\x13\x00\x0a\x02\xcd\x01"


def test_gap_between_an_answer_and_the_next_request():
    class Clock:
        now_ms = 2**30 - 5  # just before ticks wrap
        slept = ()

        def ticks_ms(self):
            return self.now_ms

        async def sleep_ms(self, span_ms):
            self.slept += (span_ms,)
            self.now_ms = (self.now_ms + span_ms) % 2**30

    async def ask():
        clock = Clock()
        client = ModbusTcp(
            Wire(b"".join([_frame(k, _ONE) for k in (1, 2, 3)])), 50, clock.ticks_ms, clock.sleep_ms
        )
        await client.connect()
        await client.read(1, 0, 1)
        clock.now_ms = (clock.now_ms + 20) % 2**30
        await client.read(1, 0, 1)
        clock.now_ms += 60
        await client.read(1, 0, 1)
        return clock.slept

    assert asyncio.run(ask()) == (30,)  # none before the first, 20 of 50 had passed, then enough had


def test_cancelled_inside_a_frame_closes():
    class Cut(Wire):
        async def receive_into(self, buf, n):
            raise KeyboardInterrupt

    async def ask():
        wire = Cut(b"")
        client = ModbusTcp(wire)
        await client.connect()
        cut = False
        try:
            await client.read(1, 0, 1)
        except KeyboardInterrupt:
            cut = True
        return cut, client.connected, wire.open

    assert asyncio.run(ask()) == (True, False, False)


def test_unit_out_of_bounds():
    async def ask(unit):
        client = ModbusTcp(Wire(b""))
        await client.connect()
        await client.read(unit, 0, 1)

    for unit in (-1, 256):
        found = 0
        try:
            asyncio.run(ask(unit))
        except OSError as error:
            found = error.errno
        assert found == errno.EINVAL
