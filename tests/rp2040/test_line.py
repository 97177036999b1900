"""Modbus RTU at the emulated board's UART: units in emulated time, a real pymodbus server in real time."""

from collections.abc import Iterator

import numpy as np
import pytest
from pymodbus.framer import FramerRTU

from host_tools.hil import rtu_rig
from host_tools.hil.memory_modbus import MemoryBus
from host_tools.hil.rp2040.modbus import RtuPty, RtuUnits
from host_tools.hil.rp2040.rig import Rig
from host_tools.plant.params import PlantParams
from host_tools.plant.register_map import BASE
from host_tools.plant.registers import BATTERY_UNIT, PV_UNIT, DeviceServer

BAUD, LATENCY_MS = 19200, 8.0
ASK = """
import machine, time
u = machine.UART(1, {baud}, tx=machine.Pin(8), rx=machine.Pin(9), timeout=5, timeout_char=5, rxbuf=512)
de = machine.Pin(10, machine.Pin.OUT, value=0)
while u.any():
    u.read()
de(1)
u.write(bytes.fromhex("{frame}"))
u.flush()
{after}
de(0)
since = time.ticks_us()
while not u.any() and time.ticks_diff(time.ticks_us(), since) < {limit_us}:
    pass
waited = time.ticks_diff(time.ticks_us(), since)
data = u.read()
print("<%s>" % (data.hex() if data else ""), waited)
"""


def framed(body: bytes) -> bytes:
    """Return a request with pymodbus's CRC."""
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


def asked(
    board: Rig, frame: bytes, baud: int = BAUD, after: str = "", limit_us: int = 60_000
) -> tuple[bytes, int]:
    """Return what the board heard after a request, and how many us after its end the first character."""
    code = ASK.format(baud=baud, frame=frame.hex(), after=after, limit_us=limit_us)
    heard, waited_us = board.run(code).split()
    return bytes.fromhex(heard[1:-1]), int(waited_us)


@pytest.fixture(scope="module")
def served() -> DeviceServer:
    """Return the registers of a PV inverter and a battery."""
    return DeviceServer(1, PlantParams(np.array([6400.0]), np.array([5000.0]), np.array([4000.0])))


@pytest.fixture(scope="module")
def bus(served: DeviceServer) -> MemoryBus:
    """Return the devices' bus."""
    return MemoryBus({PV_UNIT: served.pv, BATTERY_UNIT: served.battery})


@pytest.fixture
def units(board: Rig, bus: MemoryBus) -> Iterator[RtuUnits]:
    """Yield the units at the line, all well."""
    bus.fault = ""
    yield RtuUnits(board.mcu, 1, bus, LATENCY_MS, direction=10)
    bus.fault = ""


def read(unit: int, at: int, count: int) -> bytes:
    """Return a request for holding registers."""
    return framed(bytes([unit, 3]) + (BASE + at).to_bytes(2, "big") + count.to_bytes(2, "big"))


def test_registers_are_read_after_silence_and_latency(board: Rig, units: RtuUnits) -> None:
    """SunSpec's mark "SunS" at the base; 3.5 silent characters, 8 ms and a character after the request's last bit."""
    heard, waited_us = asked(board, read(PV_UNIT, 0, 2))
    assert heard == framed(bytes([PV_UNIT, 3, 4]) + b"SunS")
    char_us = 1e6 * 10 / BAUD
    assert waited_us == pytest.approx(4.5 * char_us + 1000 * LATENCY_MS, abs=1.5 * char_us)
    assert (units.requests, units.spoiled, units.collisions) == (1, 0, 0)


def test_a_spoiled_request_gets_no_answer(board: Rig, units: RtuUnits) -> None:
    """A wrong CRC: silence."""
    assert asked(board, read(PV_UNIT, 0, 2)[:-1] + b"\0")[0] == b""
    assert (units.requests, units.spoiled) == (0, 1)


@pytest.mark.parametrize(
    ("fault", "answer"),
    [("silent", b""), ("refused", b""), ("exception", framed(bytes([BATTERY_UNIT, 0x83, 4])))],
)
def test_faults_of_the_line(board: Rig, units: RtuUnits, bus: MemoryBus, fault: str, answer: bytes) -> None:
    """Nobody there and silence are the same on a line; a device failure is exception 4."""
    bus.fault = fault
    assert asked(board, read(BATTERY_UNIT, 0, 2))[0] == answer


def test_an_answer_while_the_board_still_drives_the_line_is_lost(board: Rig, units: RtuUnits) -> None:
    """The direction is turned back 30 ms late: the device has begun before."""
    heard, _ = asked(board, read(PV_UNIT, 0, 2), after="time.sleep_ms(30)")
    assert heard == b""
    assert (units.requests, units.collisions) == (1, 1)


def test_a_real_server_answers_over_a_pty(board: Rig) -> None:
    """pymodbus's own serial server: its registers, and its refusal of an address."""
    pty = RtuPty(board.mcu, 1)
    board.engine.ports.append(pty)
    with rtu_rig.served(pty, 115200):  # type: ignore[arg-type] # only its `server` is asked
        unit, at = rtu_rig.UNIT, 40
        heard = b""
        for _ in range(20):  # until the server has opened its end
            heard = heard or asked(board, framed(bytes([unit, 3, 0, at, 0, 3])), 115200, limit_us=200_000)[0]
        values = b"".join(rtu_rig.holding(at + k).to_bytes(2, "big") for k in range(3))
        assert heard == framed(bytes([unit, 3, 6]) + values)
        refused = framed(bytes([unit, 3]) + (rtu_rig.REFUSED_AT + 2).to_bytes(2, "big") + b"\0\1")
        assert asked(board, refused, 115200)[0] == framed(bytes([unit, 0x83, 2]))
    board.engine.ports.remove(pty)
    pty.close()
