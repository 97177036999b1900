"""The other end of network.PPP over a UART: LCP and IPCP (RFC 1661, 1332), HDLC-like frames (RFC 1662)."""

from collections.abc import Callable, Iterator

from rp2040py.rp2040 import RP2040

from host_tools.hil.rp2040.uart import Wire

FLAG, ESCAPE, TURN = 0x7E, 0x7D, 0x20
ADDRESS_CONTROL = b"\xff\x03"
IP, LCP, IPCP = 0x0021, 0xC021, 0x8021
REQUEST, ACK, NAK, REJECT, END, END_ACK, PROTOCOL_REJECT, ECHO, ECHO_REPLY = 1, 2, 3, 4, 5, 6, 8, 9, 10
FCS_START, FCS_GOOD, FCS_POLYNOMIAL = 0xFFFF, 0xF0B8, 0x8408  # RFC 1662, appendix C
LCP_KNOWN = (1, 2, 5, 7, 8)  # MRU, characters to escape, magic number, two compressions of the header
IPCP_ADDRESS, DNS1, DNS2 = 3, 129, 131
HEADER = 4
SHORTEST = 4

Option = tuple[int, bytes]


def _table() -> list[int]:
    """Return the FCS of each byte."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ FCS_POLYNOMIAL if value & 1 else value >> 1
        table.append(value)
    return table


_TABLE = _table()


def fcs16(data: bytes) -> int:
    """Return the frame check sequence, not inverted."""
    fcs = FCS_START
    for byte in data:
        fcs = fcs >> 8 ^ _TABLE[(fcs ^ byte) & 0xFF]
    return fcs


def stuffed(protocol: int, data: bytes) -> bytes:
    """Return a whole frame as it goes over the line; every control character is escaped."""
    body = ADDRESS_CONTROL + protocol.to_bytes(2, "big") + data
    body += (fcs16(body) ^ 0xFFFF).to_bytes(2, "little")
    out = bytearray([FLAG])
    for byte in body:
        if byte in (FLAG, ESCAPE) or byte < TURN:
            out += bytes([ESCAPE, byte ^ TURN])
        else:
            out.append(byte)
    out.append(FLAG)
    return bytes(out)


def options(body: bytes) -> Iterator[Option]:
    """Yield (type, value) of a configuration request's options."""
    at = 0
    while at + 2 <= len(body) and body[at + 1] >= 2:
        yield body[at], body[at + 2 : at + body[at + 1]]
        at += body[at + 1]


def packed(rows: list[Option]) -> bytes:
    """Return options as bytes."""
    return b"".join(bytes([kind, len(value) + 2]) + value for kind, value in rows)


class PppPeer:
    """Grants the board `board_ip` and has `peer_ip` itself; `on_ip` gets the board's packets, send_ip() sends one.

    `spoiled` counts frames with a wrong check sequence.
    """

    def __init__(
        self, mcu: RP2040, number: int, on_ip: Callable[[bytes], None], board_ip: bytes, peer_ip: bytes
    ) -> None:
        self.wire = Wire(mcu, number, self._on_byte)
        self._on_ip = on_ip
        self._wanted = {IPCP_ADDRESS: board_ip, DNS1: peer_ip, DNS2: peer_ip}
        self._peer_ip = peer_ip
        self.reset()
        self.spoiled = 0

    def reset(self) -> None:
        """Begin anew: the board was reset."""
        self._frame = bytearray()
        self._escaped = False
        self._ours: set[int] = set()  # protocols whose request of ours was granted
        self._theirs: set[int] = set()  # and theirs
        self._number = 0
        self.wire.cut()

    @property
    def up(self) -> bool:
        """Whether addresses are agreed."""
        return IPCP in self._ours and IPCP in self._theirs

    def send_ip(self, packet: bytes) -> None:
        """Send an IPv4 packet, once addresses are agreed."""
        if self.up:
            self._send(IP, packet)

    def _send(self, protocol: int, data: bytes) -> None:
        self.wire.send(stuffed(protocol, data))

    def _control(self, protocol: int, code: int, number: int, body: bytes) -> None:
        self._send(protocol, bytes([code, number]) + (len(body) + HEADER).to_bytes(2, "big") + body)

    def _on_byte(self, byte: int) -> None:
        if byte == FLAG:
            frame = bytes(self._frame)
            self._frame.clear()
            self._escaped = False
            if len(frame) > SHORTEST:
                self._check(frame)
        elif byte == ESCAPE:
            self._escaped = True
        else:
            self._frame.append(byte ^ TURN if self._escaped else byte)
            self._escaped = False

    def _check(self, frame: bytes) -> None:
        if fcs16(frame) != FCS_GOOD:
            self.spoiled += 1
            return
        body = frame[:-2].removeprefix(ADDRESS_CONTROL)
        size = 1 if body[0] & 1 else 2  # the protocol may come in one byte
        protocol, data = int.from_bytes(body[:size], "big"), body[size:]
        if protocol == IP:
            self._on_ip(data)
        elif protocol in (LCP, IPCP):
            self._negotiate(protocol, data)
        else:
            self._control(LCP, PROTOCOL_REJECT, self._next(), protocol.to_bytes(2, "big") + data)

    def _next(self) -> int:
        self._number = self._number + 1 & 0xFF
        return self._number

    def _negotiate(self, protocol: int, data: bytes) -> None:
        code, number = data[0], data[1]
        body = data[HEADER : int.from_bytes(data[2:4], "big")]
        if code == REQUEST:
            self._request(protocol)
            self._answer(protocol, number, body)
        elif code == ACK:
            self._ours.add(protocol)
        elif code == END:
            self._ours.clear()
            self._theirs.clear()
            self._control(protocol, END_ACK, number, b"")
        elif code == ECHO and protocol == LCP:
            self._control(LCP, ECHO_REPLY, number, bytes(4) + body[4:])  # no magic number of our own

    def _request(self, protocol: int) -> None:
        """Make our own request until it is granted; before the answer, for after that it would begin anew."""
        if protocol in self._ours and protocol in self._theirs:
            self._ours -= {protocol, IPCP}  # the board begins anew
            self._theirs -= {protocol, IPCP}
        if protocol not in self._ours:
            ours = packed([(IPCP_ADDRESS, self._peer_ip)]) if protocol == IPCP else b""
            self._control(protocol, REQUEST, self._next(), ours)

    def _answer(self, protocol: int, number: int, body: bytes) -> None:
        """Reject what we do not know, correct addresses, else agree."""
        rows = list(options(body))
        known = self._wanted if protocol == IPCP else LCP_KNOWN
        rejected = [row for row in rows if row[0] not in known]
        wrong = [
            (kind, self._wanted[kind])
            for kind, value in rows
            if protocol == IPCP and kind in self._wanted and value != self._wanted[kind]
        ]
        code, found = (REJECT, rejected) if rejected else (NAK, wrong) if wrong else (ACK, rows)
        if code == ACK:
            self._theirs.add(protocol)
        self._control(protocol, code, number, packed(found))
