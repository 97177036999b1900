"""The firmware's Modbus clients on a desktop's sockets and serial ports; what fails is told in a sentence."""

import errno
import os
import socket
import termios
import time
import tty

from hal.net import TcpStream
from hal.serial import SerialPort
from host_tools.errors import InputError
from host_tools.scan.reader import Client
from host_tools.scan.target import Target
from islet.drivers.modbus_rtu import ModbusRtu
from islet.drivers.modbus_tcp import ModbusTcp

_WRAP = 0x3FFFFFFF
_CLOSED = (errno.ECONNREFUSED, errno.ECONNRESET)


class Line:
    """A connected client, the name of what it is connected to, and what keeps a serial port set."""

    def __init__(self, client: Client, place: str, fd: int = -1) -> None:
        """fd is an open tty, or -1."""
        self.client = client
        self.place = place
        self._fd = fd

    def close(self) -> None:
        """Close the connection, once."""
        self.client.close()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def hint(place: str) -> str:
    """Return what else may be wrong where nobody answers: on a serial line more than the unit."""
    return ", and check baud, parity and the wires A and B" if place.startswith("/") else ""


def _ticks_ms() -> int:
    return int(time.monotonic() * 1000) & _WRAP


def _ticks_us() -> int:
    return int(time.monotonic() * 1_000_000) & _WRAP


async def open_line(target: Target, timeout_s: float) -> Line:
    """Return a connected line; InputError when it cannot be had."""
    timeout_ms = max(1, int(1000 * timeout_s))
    if target.kind == "rtu":
        return await _open_serial(target, timeout_ms)
    failures = []
    for port in target.ports:
        client = ModbusTcp(TcpStream(target.place, port, _ticks_ms, timeout_ms, blocking=True))
        try:
            await client.connect()
        except UnicodeError as error:
            raise InputError(f"{target.place!r} is no host name; check it.") from error
        except OSError as error:
            failures.append(_tcp_failure(target.place, port, error))
        else:
            return Line(client, f"{target.place}:{port}")
    raise InputError(" ".join(failures))


def _tcp_failure(host: str, port: int, error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        raise InputError(f"there is no host {host!r} ({error.strerror}); check the name.") from error
    if error.errno in _CLOSED:
        return f"port {port} of {host} is closed; is Modbus TCP switched on in the device?"
    if error.errno == errno.ETIMEDOUT:
        return f"nobody answered at {host} port {port}; check address and network."
    return f"{host} port {port} cannot be reached ({error.strerror or error})."


async def _open_serial(target: Target, timeout_ms: int) -> Line:
    char_bits = 1 + 8 + (target.parity != "N") + target.stop_bits
    try:
        fd = os.open(target.place, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except PermissionError as error:
        raise InputError(
            f"no permission for {target.place}; join its group, on most systems dialout, and log in again."
        ) from error
    except OSError as error:
        raise InputError(f"serial port {target.place} cannot be opened ({error.strerror}).") from error
    try:
        _set_up(fd, target)
        client = ModbusRtu(
            SerialPort(target.place, _ticks_us, target.baud, char_bits, blocking=True), timeout_ms
        )
        await client.connect()
    except (OSError, termios.error) as error:
        os.close(fd)
        raise InputError(f"{target.place} is not a serial port ({error.args[-1]}).") from error
    return Line(client, target.place, fd)


def _set_up(fd: int, target: Target) -> None:
    """Make a tty raw, with rate, parity and stop bits; termios.error when it is none."""
    tty.setraw(fd)
    now = termios.tcgetattr(fd)
    now[2] &= ~(termios.PARENB | termios.PARODD | termios.CSTOPB | termios.HUPCL)
    now[2] |= termios.CLOCAL | termios.CREAD
    now[2] |= {"N": 0, "E": termios.PARENB, "O": termios.PARENB | termios.PARODD}[target.parity]
    now[2] |= termios.CSTOPB if target.stop_bits == 2 else 0
    now[4] = now[5] = getattr(termios, f"B{target.baud}")
    termios.tcsetattr(fd, termios.TCSANOW, now)
    termios.tcflush(fd, termios.TCIOFLUSH)
