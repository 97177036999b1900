"""A Modbus TCP gateway with slaves behind it, one of which fails; it serves one request after the other."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from struct import pack, unpack_from

from host_tools.hil.dead_slave import BAD, HEALTHY, PAUSE_MS, Driven, Span, process
from host_tools.hil.rtu_rig import holding
from host_tools.hil.side import Listener, side_loop

TURN_S = 0.02  # of a slave that is well
CLIENT_MS = 1000  # how long the client waits
COUNT = 40
# what the gateway does about the bad one: seconds until it gives up, and the exception it then answers, 0 for none
FAULTS = {
    "told soon": (0.2, 11),  # exception 11: the target does not answer (clause 7)
    "told": (0.5, 11),
    "silent": (0.5, 0),
    "told too late": (1.5, 11),  # all others wait until then
}
_MBAP = 7


class Gateway(Listener):
    """Serves all connections; `fault` is how the unit BAD fails, empty for not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.fault = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request after the other."""
        while True:
            head = await reader.readexactly(_MBAP)
            pdu = await reader.readexactly(unpack_from(">H", head, 4)[0] - 1)
            answer = await self._answer(head[_MBAP - 1], pdu)
            if answer:
                writer.write(head[:4] + pack(">HB", len(answer) + 1, head[_MBAP - 1]) + answer)

    async def _answer(self, unit: int, pdu: bytes) -> bytes:
        """Return the PDU answered, of functions 3 and 16 only; empty for silence."""
        if unit == BAD and self.fault:
            wait_s, code = FAULTS[self.fault]
            await asyncio.sleep(wait_s)
            return bytes([pdu[0] | 0x80, code]) if code else b""
        await asyncio.sleep(TURN_S)
        function, address, count = unpack_from(">BHH", pdu, 0)
        if function == 16:
            return pdu[:5]
        return pack(f">BB{count}H", function, 2 * count, *(holding(address + k) for k in range(count)))


@contextmanager
def driven(*units: int, pause_ms: int = PAUSE_MS) -> "Iterator[tuple[Driven, Gateway]]":
    """Yield a bus task that polls these units through a gateway of its own, and the gateway."""
    gateway = Gateway()
    with side_loop() as run:
        port = run(gateway.start())
        try:
            with process(port, 0, CLIENT_MS, pause_ms, COUNT, *units) as bus:
                yield Driven(bus), gateway
        finally:
            run(gateway.stop())


def alone(ms: int, pause_ms: int = PAUSE_MS) -> Span:
    """Return a span of the healthy units without another."""
    with driven(*HEALTHY, pause_ms=pause_ms) as (bus, _):
        return bus.span(ms)


def beside(fault: str, ms: int, pause_ms: int = PAUSE_MS) -> Span:
    """Return a span of them with the bad one beside."""
    with driven(*HEALTHY, BAD, pause_ms=pause_ms) as (bus, gateway):
        gateway.fault = fault
        return bus.span(ms)


def slowdown_pct(quick: bool) -> float:
    """Return the worst loss of the healthy ones over the faults, in percent."""
    if quick:
        return round(beside("told soon", 6200).lost_pct(alone(3000)), 1)
    before = alone(40_000)
    return round(max(beside(fault, 40_000).lost_pct(before) for fault in FAULTS), 1)
