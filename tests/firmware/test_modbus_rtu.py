"""The RTU client against a scripted line: foreign, late, damaged and doubled frames (serial line guide V1.02)."""

import asyncio
import errno

from islet.drivers.modbus import ModbusError
from islet.drivers.modbus_crc import Crc16
from islet.drivers.modbus_rtu import ModbusRtu, answer_size, silence_us


class Port:
    """A line of 19200 baud, 8E1, on which these bursts come, each after a silence; time passes by what is asked."""

    baud = 19200
    char_bits = 11

    def __init__(self, *bursts: bytes, before: bytes = b"") -> None:
        self.bursts = list(bursts)
        self.left = before
        self.sent = []
        self.quiet_us = []
        self.now_us = 0
        self.sent_us = 0
        self.largest = 0
        self.open = False
        self.gone = False

    async def connect(self) -> None:
        self.open = True

    def close(self) -> None:
        self.open = False

    async def quiet(self, silence) -> int:
        dropped, self.left = len(self.left), b""
        self.quiet_us.append(silence)
        self.now_us += silence
        return dropped

    async def send(self, buf, n: int) -> None:
        if self.gone:
            raise OSError(errno.ENODEV, "gone")
        self.sent.append(bytes(buf[:n]))
        self.sent_us = self.now_us

    def since_sent_us(self) -> int:
        return self.now_us - self.sent_us

    async def receive_into(self, buf, n: int, wait_us: int, stall_us: int) -> None:
        self.largest = max(self.largest, n)
        if not self.left and self.bursts:
            self.left = self.bursts.pop(0)
            self.now_us += 5000
        got, self.left = self.left[:n], self.left[n:]
        buf[: len(got)] = got
        if len(got) < n:
            self.now_us += stall_us if got else wait_us
            raise OSError(errno.EIO if got else errno.ETIMEDOUT, "silence")


def _crc(data: bytes) -> int:
    """Bit by bit, as the flow chart of clause 6.2.2 has it."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def _frame(pdu: bytes, unit: int = 1) -> bytes:
    body = bytes([unit]) + pdu
    crc = _crc(body)
    return body + bytes([crc & 0xFF, crc >> 8])


_ONE = _frame(b"\x03\x02\x12\x34")  # one register, 0x1234


def _read(port: Port, count: int = 1):
    async def read():
        client = ModbusRtu(port)
        await client.connect()
        try:
            return client, bytes((await client.read(1, 40000, count))[: 2 * count])
        except OSError as error:
            return client, error

    return asyncio.run(read())


def _fails(port: Port, code: int, discarded: int) -> None:
    client, result = _read(port)
    assert isinstance(result, OSError)
    assert result.errno == code
    assert client.discarded == discarded
    assert client.connected


def test_crc_of_the_catalogue_and_of_the_guide():
    """CRC-16/MODBUS has the check value 0x4B37; clause 6.2.2 ends the frame 02 07 with 41 12."""
    crc = Crc16()
    assert crc.of(b"123456789", 9) == 0x4B37
    assert crc.of(b"\x02\x07\x41\x12", 4) == 0
    for n in (0, 1, 255):
        data = bytes([(k * 37 + n) & 0xFF for k in range(n)])
        assert crc.of(data, n) == _crc(data)


def test_silence_of_clause_2_5_1_1():
    """3.5 characters of 11 bits: 4.0105 ms at 9600, 2.0053 at 19200; fixed above."""
    assert silence_us(9600, 11) == 4011
    assert silence_us(19200, 11) == 2006
    assert silence_us(19201, 11) == silence_us(115200, 10) == 1750


def test_request_and_answer():
    port = Port(_ONE)
    client, result = _read(port)
    assert result == b"\x12\x34"
    assert port.sent == [_frame(b"\x03\x9c\x40\x00\x01")]
    assert port.quiet_us == [2006]
    assert client.discarded == 0


def test_size_of_every_answer_is_known_from_five_bytes():
    for head, size in (
        (b"\x01\x01\x01\x00\x00", 6),
        (b"\x01\x03\xfa\x00\x00", 255),
        (b"\x01\x17\x02\x00\x00", 7),
        (b"\x01\x05\x00\x00\x00", 8),
        (b"\x01\x10\x00\x00\x00", 8),
        (b"\x01\x83\x02\x00\x00", 5),
        (b"\x01\x03\xfb\x00\x00", 0),  # more than a frame holds
        (b"\x01\x03\x00\x00\x00", 0),
        (b"\x01\x2b\x0e\x00\x00", 0),  # never asked
    ):
        assert answer_size(head) == size


def test_longest_answer_fits():
    port = Port(_frame(b"\x03\xfa" + bytes(250)))
    _, result = _read(port, 125)
    assert result == bytes(250)
    assert port.largest == 250


def test_refusal_is_five_bytes():
    client, result = _read(Port(_frame(b"\x83\x06")))
    assert isinstance(result, ModbusError)
    assert result.code == 6
    assert client.connected


def test_silence_is_a_time_out():
    _fails(Port(), errno.ETIMEDOUT, 0)


def test_foreign_and_late_frames_are_passed_over():
    """Another slave; this one with another count or function; each before the answer and in one burst with it."""
    for other in (
        _frame(b"\x03\x02\xde\xad", unit=9),
        _frame(b"\x03\x04\xde\xad\xde\xad"),
        _frame(b"\x04\x02\xde\xad"),
        _frame(b"\x86\x02"),
        _frame(b"\x10\x9c\x40\x00\x01"),
    ):
        for port in (Port(other, _ONE), Port(other + _ONE)):
            client, result = _read(port)
            assert result == b"\x12\x34"
            assert client.discarded == 1
        _fails(Port(other), errno.ETIMEDOUT, 1)


def test_damaged_answers_are_errors_at_once():
    """Every single bit turned over, every truncation: never a value; EIO while the unit can still be told."""
    for bit in range(8 * len(_ONE)):
        spoiled = bytearray(_ONE)
        spoiled[bit >> 3] ^= 1 << (bit & 7)
        client, result = _read(Port(bytes(spoiled)))
        assert isinstance(result, OSError)
        assert not isinstance(result, ModbusError)
        assert result.errno == (errno.EIO if bit >= 8 else errno.ETIMEDOUT)
        assert client.discarded == 1
    for n in range(1, len(_ONE)):
        _fails(Port(_ONE[:n]), errno.EIO, 1)


def test_noise_then_the_answer():
    client, result = _read(Port(b"\x55\xff\x00\x55\x55\x55", _ONE))
    assert result == b"\x12\x34"
    assert client.discarded == 1


def test_babble_ends():
    _fails(Port(*[_frame(b"\x03\x02\xde\xad", unit=9)] * 1000), errno.ETIMEDOUT, 16)


def test_what_came_before_the_request_is_dropped():
    """A doubled or late answer that is in already."""
    client, result = _read(Port(_ONE, before=_frame(b"\x03\x02\xde\xad")))
    assert result == b"\x12\x34"
    assert client.discarded == 1


def test_broadcast_awaits_nothing_and_leaves_a_rest():
    async def ask():
        port = Port(_ONE)
        client = ModbusRtu(port, turnaround_ms=120)
        await client.connect()
        await client.write(0, 1, [2])
        await client.read(1, 0, 1)
        await client.write_coil(0, 1, False)
        return port

    port = asyncio.run(ask())
    assert port.quiet_us == [2006, 120_000, 2006]
    assert port.sent[0] == _frame(b"\x10\x00\x01\x00\x01\x02\x00\x02", unit=0)


def test_units_that_are_none():
    async def ask(unit):
        client = ModbusRtu(Port())
        await client.connect()
        await client.read(unit, 0, 1)

    for unit in (0, 248, -1):  # a broadcast cannot be read; 248 to 255 are reserved (clause 2.2)
        found = 0
        try:
            asyncio.run(ask(unit))
        except OSError as error:
            found = error.errno
        assert found == errno.EINVAL


def test_a_port_that_is_gone_closes():
    async def ask():
        port = Port()
        port.gone = True
        client = ModbusRtu(port)
        await client.connect()
        try:
            await client.read(1, 0, 1)
        except OSError as error:
            return client.connected, error.errno
        return None

    assert asyncio.run(ask()) == (False, errno.ENODEV)


def test_late_echo_of_another_write_is_no_success():
    async def ask():
        client = ModbusRtu(Port(_frame(b"\x06\x00\x02\x00\x07")))
        await client.connect()
        await client.write_single(1, 1, 7)

    found = 0
    try:
        asyncio.run(ask())
    except OSError as error:
        found = error.errno
    assert found == errno.EIO
