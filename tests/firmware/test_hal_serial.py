"""The serial port over a UART that is played: direction pin, drain, silence, deadlines, in time the test keeps."""

import asyncio
import errno

from hal.serial import SerialPort

CHAR_US = 1042  # 10 bits at 9600 baud, rounded up


class Uart:
    """Takes at most `room` bytes at once, says nothing of its drain, receives what is due."""

    def __init__(self, room: int = 100) -> None:
        self.now_us = 2**30 - 3000  # wraps soon
        self.written = b""
        self.room = room
        self.incoming = []  # (after so many us, bytes)
        self.start_us = self.now_us
        self.pin = []

    def ticks_us(self) -> int:
        self.now_us += 20
        return self.now_us % 2**30

    def past_us(self) -> int:
        return self.now_us - self.start_us

    def _due(self) -> bytes:
        return b"".join([data for at, data in self.incoming if at <= self.past_us()])

    def any(self) -> int:
        return len(self._due())

    def readinto(self, buf) -> int:
        due = self._due()
        n = min(len(due), len(buf))
        buf[:n] = due[:n]
        self.incoming = [(0, due[n:])] + [one for one in self.incoming if one[0] > self.past_us()]
        return n

    def write(self, buf):
        n = min(self.room, len(buf))
        self.written += bytes(buf[:n])
        return n or None

    def de(self, on: bool) -> None:
        self.pin.append((on, self.past_us()))


class Port(SerialPort):
    """A port whose pauses pass in the UART's own time."""

    def __init__(self, uart: Uart) -> None:
        super().__init__(uart, uart.ticks_us, 9600, 10, uart.de)
        self._uart = uart

    async def _pause(self, span_us: int) -> None:
        self._uart.now_us += min(span_us, 100)

    async def _await_bytes(self, end, left_us: int) -> None:
        self._uart.now_us += min(left_us, 100)


def _port(uart: Uart) -> SerialPort:
    return Port(uart)


def _code(work) -> int:
    try:
        asyncio.run(work)
    except OSError as error:
        return error.errno
    return 0


async def _sent(port: SerialPort, data: bytes) -> None:
    await port.connect()
    await port.send(data, len(data))


def test_direction_pin_is_held_until_the_last_bit():
    uart = Uart()
    asyncio.run(_sent(_port(uart), b"12345678"))
    assert uart.written == b"12345678"
    assert [on for on, _ in uart.pin] == [False, True, False]
    held_us = uart.pin[2][1] - uart.pin[1][1]
    assert 8 * CHAR_US <= held_us <= 8 * CHAR_US + 200


def test_a_uart_that_takes_little_at_once():
    uart = Uart(room=3)
    asyncio.run(_sent(_port(uart), b"12345678"))
    assert uart.written == b"12345678"


def test_a_uart_that_takes_nothing_gives_the_pin_back():
    uart = Uart(room=0)
    assert _code(_sent(_port(uart), b"12")) == errno.ETIMEDOUT
    assert uart.pin[-1][0] is False


def test_the_uarts_own_word_is_waited_for():
    class Slow(Uart):
        def txdone(self) -> bool:
            return self.past_us() > 30_000

    uart = Slow()
    asyncio.run(_sent(_port(uart), b"12"))
    assert uart.pin[-1][1] > 30_000


def test_receive_and_its_deadlines():
    async def receive(incoming, n, wait_us, stall_us):
        uart = Uart()
        uart.incoming = incoming
        port = _port(uart)
        await port.connect()
        buf = bytearray(10)
        await port.receive_into(buf, n, wait_us, stall_us)
        return bytes(buf[:n])

    assert asyncio.run(receive([(0, b"ab"), (900, b"cd")], 4, 2000, 1000)) == b"abcd"
    assert _code(receive([(3000, b"ab")], 2, 2000, 1000)) == errno.ETIMEDOUT
    assert _code(receive([(0, b"a"), (3000, b"b")], 2, 2000, 1000)) == errno.EIO


def test_silence_is_counted_from_the_last_byte():
    async def quiet():
        uart = Uart()
        uart.incoming = [(500, b"x"), (2500, b"yz")]
        port = _port(uart)
        await port.connect()
        return await port.quiet(3646), uart.past_us()

    dropped, past_us = asyncio.run(quiet())
    assert dropped == 3
    assert 2500 + 3646 <= past_us <= 2500 + 3646 + 300


class Babbler(Uart):
    """Something comes at every look, until a time."""

    def __init__(self, until_us: int) -> None:
        super().__init__()
        self.until_us = until_us

    def any(self) -> int:
        return 1 if self.past_us() < self.until_us else 0

    def readinto(self, buf) -> int:
        self.now_us += 200
        return len(buf)


async def _quiet(uart: Uart) -> int:
    port = _port(uart)
    await port.connect()
    await port.quiet(3646)
    return uart.past_us()


def test_babble_is_waited_for_and_one_that_never_ends_is_an_error():
    assert 2_000_000 + 3646 <= asyncio.run(_quiet(Babbler(2_000_000))) <= 2_010_000
    assert _code(_quiet(Babbler(10_000_000))) == errno.ETIMEDOUT


def test_use_before_connect():
    port = _port(Uart())
    for work in (port.send(b"a", 1), port.receive_into(bytearray(1), 1), port.quiet(1)):
        assert _code(work) == errno.ENOTCONN
