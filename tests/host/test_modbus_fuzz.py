"""Hostile bytes for all that reads what a device says: an error or the answer asked for, nothing beyond a frame.

ISLET_FUZZ_FRAMES says how many frames each test gives (3000); `host_tools/hil/fuzz_modbus.py` is the long run.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from struct import pack
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from pymodbus.framer import FramerRTU

from host_tools.hil import fuzz_modbus
from host_tools.hil.fuzz_modbus import Fuzz
from host_tools.hil.hostile import (
    ADDRESS,
    ECHO,
    REQUESTS,
    UNIT,
    BoundError,
    LateWire,
    Mutator,
    Wire,
    ask,
    right_pdu,
    rtu_frame,
    run,
)
from host_tools.hil.hostile_map import WORDS
from host_tools.hil.script import run_script
from islet.drivers import modbus, modbus_rtu, modbus_tcp
from islet.drivers.modbus_rtu import ModbusRtu
from islet.drivers.modbus_tcp import ModbusTcp
from islet.drivers.sunspec import SunSpecDevice
from islet.drivers.sunspec_map import MODELS_MAX

ROOT = Path(__file__).resolve().parents[2]
FRAMES = int(os.environ.get("ISLET_FUZZ_FRAMES", "3000"))
A_TIME = 20  # frames in one example
SHORT = {
    "pdu": 3000,
    "tcp": 1500,
    "rtu": 1500,
    "walk": 1500,
    "points": 600,
    "scan": 500,
}  # frames of a target

shape = st.tuples(
    st.sampled_from(["right", "another", "refusal", "size", "cut", "more", "noise"]),
    st.sampled_from([UNIT, UNIT, 9, 0]),
    st.integers(0, 255),
    st.binary(max_size=8),
    st.booleans(),  # whether CRC or transaction fit
)
examples = st.tuples(
    st.integers(0, len(REQUESTS) - 1),
    st.lists(shape, min_size=A_TIME, max_size=A_TIME),
    st.binary(max_size=300),
)


def often(a_time: int) -> Callable[[Any], Any]:
    """Return settings for FRAMES frames, so many in one example."""
    return settings(
        max_examples=max(FRAMES // a_time, 1),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )


def make_pdu(kind: str, right: bytes, number: int, data: bytes) -> bytes:
    """Return a PDU of the kind: right, or wrong in one way."""
    return {
        "right": right,
        "another": bytes([number]) + right[1:],
        "refusal": bytes([right[0] | 0x80, number]),
        "size": right[:1] + bytes([number]) + right[2:],
        "cut": right[:-1],
        "more": right + data,
        "noise": data,
    }[kind]


@often(A_TIME)
@given(examples)
def test_rtu(example: tuple[int, list[Any], bytes]) -> None:
    """A value only from a frame with unit, function, length and CRC, by pymodbus's CRC."""
    which, shapes, noise = example
    request = REQUESTS[which]
    _, _, function, size = request
    wire = LateWire(modbus_rtu.ADU_MAX)
    client = ModbusRtu(wire, latency_ms=0)
    run(client.connect())
    for kind, unit, number, data, fits in shapes:
        body = bytes([unit]) + make_pdu(kind, right_pdu(request, data), number, data)
        wire.coming = (rtu_frame(body, 0 if fits else number << 3 | 1) + noise)[:600]
        got = ask(client, request)
        if got is not None:
            _check_rtu(wire.taken, got, function, size)
        assert len(wire.taken) <= 16 * modbus_rtu.ADU_MAX


def _check_rtu(taken: bytes, got: bytes, function: int, size: int) -> None:
    """Check that what was taken last is a frame that says so."""
    length = 5 + size if size else 8
    frame = taken[-length:]
    assert frame[:2] == bytes([UNIT, function])
    assert FramerRTU.compute_CRC(frame[:-2]) == int.from_bytes(frame[-2:], "big")
    assert frame[3:-2] == got if size else frame[2:-2] == pack(">HH", ADDRESS, ECHO[function])


@often(A_TIME)
@given(examples)
def test_tcp(example: tuple[int, list[Any], bytes]) -> None:
    """A value only from a frame with the transaction, unit, function and length asked for."""
    which, shapes, noise = example
    request = REQUESTS[which]
    _, _, function, size = request
    wire = Wire(modbus_tcp.ADU_MAX)
    client = ModbusTcp(wire)
    for k, (kind, unit, number, data, fits) in enumerate(shapes):
        if not client.connected:
            run(client.connect())
        body = bytes([unit]) + make_pdu(kind, right_pdu(request, data), number, data)
        said = number << 8 if kind == "noise" and not fits else len(body)
        transaction = (k + 1 if fits else number) & 0xFFFF
        wire.left = (pack(">HHH", transaction, 0, said) + body + noise)[:600]
        got = ask(client, request)
        wire.left = b""
        if got is not None:
            _check_tcp(wire.taken, got, k + 1, function, size)
        assert len(wire.taken) <= 16 * modbus_tcp.ADU_MAX


def _check_tcp(taken: bytes, got: bytes, transaction: int, function: int, size: int) -> None:
    length = 2 + size if size else 5
    frame = taken[-7 - length :]
    assert frame[:7] == pack(">HHHB", transaction, 0, length + 1, UNIT)
    assert frame[7] == function
    assert frame[9:] == got if size else frame[8:] == pack(">HH", ADDRESS, ECHO[function])


@often(A_TIME)
@given(st.lists(st.binary(max_size=600), min_size=A_TIME, max_size=A_TIME), st.integers(0, len(REQUESTS) - 1))
def test_anything_at_all(pieces: list[bytes], which: int) -> None:
    """Bytes without any shape."""
    wire = Wire(modbus_tcp.ADU_MAX)
    late = LateWire(modbus_rtu.ADU_MAX)
    over_tcp, over_rtu = ModbusTcp(wire), ModbusRtu(late)
    for piece in pieces:
        run(over_tcp.connect())
        run(over_rtu.connect())
        wire.left = late.coming = piece
        ask(over_tcp, REQUESTS[which])
        ask(over_rtu, REQUESTS[which])


@often(3)
@given(
    st.binary(max_size=260),
    st.integers(0, 255),
    st.integers(0, 125),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFF),
)
def test_pdus(data: bytes, function: int, count: int, address: int, echo: int) -> None:
    """A PDU is taken only when every byte that can be checked is right, by the tables of V1.1b3, clause 6."""
    buf = bytearray(data + bytes(8))
    with_data = (
        data[:2] == bytes([function, 2 * count & 0xFF]) and len(data) == 2 + 2 * count and 2 * count < 256
    )
    repeats = data[:1] == bytes([function]) and data[1:] == pack(">HH", address, echo)
    for accepted, check in (
        (with_data, lambda: modbus.check_data(buf, 0, len(data), function, 2 * count)),
        (repeats, lambda: modbus.check_write(buf, 0, len(data), function, address, echo)),
    ):
        try:
            check()
        except OSError:
            assert not accepted
        else:
            assert accepted


word = st.one_of(st.sampled_from(WORDS), st.integers(0, 0xFFFF))


class Liar:
    """A device whose every answer is drawn: registers, or a refusal."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data
        self.reads = 0

    async def read(self, _unit: int, address: int, count: int) -> memoryview:
        """Give the marker where the map begins, and what is drawn elsewhere."""
        self.reads += 1
        if not (1 <= count <= 125 and 0 <= address <= 0x10000 - count):
            raise BoundError(f"{count} registers at {address}")
        if address == 40000:
            return memoryview(b"SunS" + bytes(2 * count))
        code = self._data.draw(st.sampled_from([0] * 30 + [1, 2, 3, 4, 6, 11]))
        if code:
            raise modbus.ModbusError(code)
        drawn = self._data.draw(st.lists(word, min_size=count, max_size=count))
        return memoryview(pack(f">{count}H", *drawn))


@settings(
    max_examples=max(FRAMES // 50, 1), deadline=None, suppress_health_check=list(HealthCheck), database=None
)
@given(st.data())
def test_a_map_that_lies(data: st.DataObject) -> None:
    """The walk ends within its bound of reads, no address is beyond 16 bits, and what is known of it can be read."""
    liar = Liar(data)
    device = SunSpecDevice(liar, UNIT)
    try:
        run(device.discover())
        for model_id in list(device.models)[:3]:
            run(run(device.all_points(model_id)).read())
    except OSError:
        pass
    assert sum(len(models) for models in device.chain) <= MODELS_MAX
    assert liar.reads < 3000


class Repeating:
    """A device whose registers are these, over and over."""

    def __init__(self, *words: int) -> None:
        self._words = words

    async def read(self, _unit: int, _address: int, count: int) -> memoryview:
        """Give as many as are wanted."""
        return memoryview(pack(f">{count}H", *(self._words * count)[:count]))


def test_the_longest_length_that_a_model_can_claim() -> None:
    """Model 160 fills its length with modules of 20 registers behind 10 of its own: 51 begin in 1024 registers."""
    device = SunSpecDevice(Repeating(160, 0xFFFF), UNIT)
    device.models = {160: (40002, 0xFFFF)}
    wanted = run(device.all_points(160))
    run(wanted.read())
    assert sum(name.endswith("].ID") for name in wanted.value) == 51


@pytest.mark.parametrize("name", SHORT)
def test_targets_of_the_long_run(name: str) -> None:
    """The short form of the command: nothing but OSError and ValueError, and some answers are taken."""
    tally = Fuzz(seed=len(name)).run(name, SHORT[name])
    assert tally.frames >= SHORT[name]
    assert dict(tally.unexpected) == {}
    assert tally.ends["value"] > 0


def test_the_command_tells_what_it_did() -> None:
    """Memory is measured, the last line is JSON, exit code 0."""
    done = subprocess.run(
        [sys.executable, "-m", "host_tools.hil.fuzz_modbus", "--frames", "600"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([".", "firmware", "boards"])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["frames"] >= 600
    assert set(told["largest_bytes"]) == set(fuzz_modbus.SHARES)
    assert all(0 < told["largest_bytes"][name] <= fuzz_modbus.LIMITS[name] for name in fuzz_modbus.SHARES)


def test_what_must_not_happen_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser that believes a length, one that fails with IndexError: both are told."""

    def wrong(*_: object) -> None:
        raise IndexError("list index out of range")

    fuzz = Fuzz()
    monkeypatch.setattr(modbus, "check_data", wrong)
    assert "IndexError" in str(fuzz.run("pdu", 50).unexpected)
    monkeypatch.setattr(modbus_rtu, "answer_size", lambda _: 5000)
    assert "BoundError" in str(fuzz.run("rtu", 50).unexpected)


@pytest.mark.needs("micropython")
def test_memory_on_micropython(tmp_path: Path) -> None:
    """An exchange passes over at most 16 frames, each at the cost of a good one, garbage included; nothing stays."""
    mutator, cases = Mutator(3), []
    for k in range(1000):
        request = mutator.random.choice(REQUESTS)
        body = bytes([UNIT]) + right_pdu(request)
        spoiled = body if k < len(REQUESTS) * 3 else mutator.spoiled(body)
        frame = pack(">HHH", 1, 0, len(spoiled)) + spoiled if k % 2 else rtu_frame(spoiled)
        cases.append([k % 2, request[0], request[1], (frame if k % 3 else mutator.spoiled(frame)).hex()])
    todo = tmp_path / "cases.json"
    todo.write_text("\n".join(map(json.dumps, cases)))
    (told,) = run_script(ROOT / "tests" / "upy" / "fuzz_memory.py", todo)
    right_bytes, hostile_bytes, kept_bytes = told
    assert 0 < hostile_bytes <= 16 * right_bytes
    assert kept_bytes <= 64, "more than an exception that was kept"


def test_the_right_answers_are_taken() -> None:
    """So that the rules above are not kept by a client that takes nothing."""
    for request in REQUESTS:
        size = request[3]
        body = bytes([UNIT]) + right_pdu(request, b"abcdef")
        line, wire = LateWire(modbus_rtu.ADU_MAX), Wire(modbus_tcp.ADU_MAX)
        for client in (ModbusRtu(line), ModbusTcp(wire)):
            run(client.connect())
            line.coming = rtu_frame(body)
            wire.left = pack(">HHH", 1, 0, len(body)) + body
            assert ask(client, request) == (b"abcdef" + bytes(size))[:size]
