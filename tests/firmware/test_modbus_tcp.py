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
