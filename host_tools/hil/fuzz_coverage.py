"""Fuzzing of PDU parsers and framing guided by coverage: `python -m host_tools.hil.fuzz_coverage [-runs=1000000]`.

It needs atheris, which is no dependency of the project (`pip install atheris`; Linux only). Options are libFuzzer's.
"""

import importlib
import sys
from typing import Any

from host_tools.errors import InputError

ECHO, ADDRESS, COUNT, SIZE = 2, 0x9C40, 2, 6
RUNS = "-runs=1000000"


class Parsers:
    """What reads answers: the first byte of an input chooses one, the second what was asked, the rest answers."""

    def __init__(self, modbus: Any, rtu: Any, tcp: Any, hostile: Any) -> None:
        """The firmware's modules, instrumented, and the transports over them."""
        self._modbus, self._rtu, self._tcp, self._hostile = modbus, rtu, tcp, hostile
        self._buf = bytearray(modbus.PDU_MAX + 5)
        self._wire = hostile.Wire(tcp.ADU_MAX)
        self._line = hostile.LateWire(rtu.ADU_MAX)
        self._on_line = rtu.ModbusRtu(self._line)

    def one(self, data: bytes) -> None:
        """Parse one input; whatever is no OSError ends the fuzzing."""
        if len(data) < 2:
            return
        which, asked, answer = data[0] % 6, data[1], data[2:]
        if which < 4:
            self._parse(which, asked, answer[: len(self._buf)])
        elif which == 4:
            self._over(self._line, self._on_line, asked, answer)
        else:
            self._over(self._wire, self._tcp.ModbusTcp(self._wire), asked, answer)

    def _parse(self, which: int, function: int, pdu: bytes) -> None:
        self._buf[: len(pdu)] = pdu
        try:
            if which == 0:
                self._modbus.check_read(self._buf, 0, len(pdu), COUNT, function)
            elif which == 1:
                self._modbus.check_data(self._buf, 0, len(pdu), function, SIZE)
            elif which == 2:
                self._modbus.check_write(self._buf, 0, len(pdu), function, ADDRESS, ECHO)
            elif not 0 <= self._rtu.answer_size(self._buf) <= self._rtu.ADU_MAX:
                raise AssertionError("longer than a frame")
        except OSError:
            return

    def _over(self, wire: Any, client: Any, asked: int, answer: bytes) -> None:
        self._hostile.run(client.connect())
        wire.left = wire.coming = answer
        self._hostile.ask(client, self._hostile.REQUESTS[asked % len(self._hostile.REQUESTS)])


def main() -> None:
    """Instrument the firmware's modules and fuzz them; libFuzzer ends the process."""
    try:
        atheris = importlib.import_module("atheris")
    except ImportError as error:
        raise InputError("atheris is missing; install it with 'pip install atheris'.") from error
    names = [f"islet.drivers.{name}" for name in ("modbus", "modbus_rtu", "modbus_tcp")]
    with atheris.instrument_imports(include=["islet.drivers"]):
        modules = [importlib.import_module(name) for name in [*names, "host_tools.hil.hostile"]]
    runs = [] if any(word.startswith(("-runs", "-max_total_time")) for word in sys.argv) else [RUNS]
    atheris.Setup([*sys.argv, *runs], Parsers(*modules).one)
    atheris.Fuzz()


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
