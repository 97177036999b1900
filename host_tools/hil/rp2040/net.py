"""The network at the end of the emulated board's line: its TCP and UDP reach this host's loopback, nothing else."""

import socket
import time
from collections.abc import Callable, Mapping

from rp2040py.external.cyw43 import net
from rp2040py.rp2040 import RP2040

from host_tools.hil.rp2040.ppp import PppPeer
from host_tools.hil.rp2040.tcp import PATIENCE_S, Flow

BOARD_IP, HOST_IP = bytes((10, 0, 0, 2)), bytes((10, 0, 0, 1))
LOOPBACK = "127.0.0.1"
DATAGRAM_BYTES = 2048

Ports = tuple[int, int]  # of the board, of the host as the board names it


class Datagrams:
    """A socket of this host for the datagrams between two ports."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.connect((LOOPBACK, port))
        self._asked_s = 0.0

    @property
    def waiting(self) -> bool:
        """Whether an answer may come soon."""
        return time.monotonic() - self._asked_s < PATIENCE_S

    def send(self, data: bytes) -> None:
        """Send a datagram; nobody there is as if it were lost."""
        self._asked_s = time.monotonic()
        try:
            self.socket.send(data)
        except OSError:
            self._asked_s = 0.0

    def receive(self) -> bytes | None:
        """Return a datagram, if there is one."""
        try:
            data = self.socket.recv(DATAGRAM_BYTES)
        except OSError:
            return None
        self._asked_s = 0.0
        return data


class Network:
    """PPP at a UART, and what the board reaches over it: HOST_IP is 127.0.0.1. A Port of the engine.

    `ports` names the real port where the board's wish is another (a time server's 123, which needs a right).
    """

    def __init__(self, mcu: RP2040, number: int = 0, ports: Mapping[int, int] | None = None) -> None:
        self.ppp = PppPeer(mcu, number, self._take, BOARD_IP, HOST_IP)
        self._clock = mcu.clock
        self._ports = dict(ports or {})
        self._flows: dict[Ports, Flow] = {}
        self._datagrams: dict[Ports, Datagrams] = {}

    def _all(self) -> list[Flow | Datagrams]:
        return [*self._flows.values(), *self._datagrams.values()]

    @property
    def waiting(self) -> bool:
        """As Port."""
        return any(one.waiting for one in self._all())

    def files(self) -> list[int]:
        """As Port."""
        return [one.socket.fileno() for one in self._all()]

    def poll(self) -> None:
        """As Port."""
        for ports, flow in list(self._flows.items()):
            flow.poll()
            if flow.over:
                del self._flows[ports]
        for (board, host), one in self._datagrams.items():
            while (data := one.receive()) is not None:
                udp = net.pack_udp(HOST_IP, BOARD_IP, host, board, data)
                self.ppp.send_ip(net.pack_ipv4(HOST_IP, BOARD_IP, net.IP_PROTO_UDP, udp))

    def close(self) -> None:
        """End all connections of this host: the board has lost its power."""
        for one in self._flows.values():
            one.close()
        for other in self._datagrams.values():
            other.socket.close()
        self._flows.clear()
        self._datagrams.clear()
        self.ppp.reset()

    def _take(self, packet: bytes) -> None:
        ip = net.parse_ipv4(packet)
        if ip is None or ip.dst_ip != HOST_IP:
            return
        if ip.proto == net.IP_PROTO_TCP:
            self._tcp(net.parse_tcp(ip.payload))
        elif ip.proto == net.IP_PROTO_UDP:
            self._udp(net.parse_udp(ip.payload))

    def _tcp(self, segment: net.TcpSegment | None) -> None:
        if segment is None:
            return
        ports = (segment.src_port, segment.dst_port)
        flow = self._flows.get(ports)
        if flow is not None and not flow.over:
            flow.take(segment)
        elif segment.flags & (net.TCP_SYN | net.TCP_ACK) == net.TCP_SYN:
            real = self._ports.get(segment.dst_port, segment.dst_port)
            self._flows[ports] = Flow(segment, real, self._clock, self._sender(ports))
        elif not segment.flags & net.TCP_RST:
            self._sender(ports)(segment.ack, segment.seq, net.TCP_RST, 0, b"", None)

    def _sender(self, ports: Ports) -> Callable[[int, int, int, int, bytes, int | None], None]:
        board, host = ports

        def send(seq: int, ack: int, flags: int, window: int, data: bytes, mss: int | None) -> None:
            tcp = net.pack_tcp(HOST_IP, BOARD_IP, host, board, seq, ack, flags, window, data, mss=mss)
            self.ppp.send_ip(net.pack_ipv4(HOST_IP, BOARD_IP, net.IP_PROTO_TCP, tcp))

        return send

    def _udp(self, datagram: net.UdpDatagram | None) -> None:
        if datagram is None:
            return
        ports = (datagram.src_port, datagram.dst_port)
        if ports not in self._datagrams:
            self._datagrams[ports] = Datagrams(self._ports.get(datagram.dst_port, datagram.dst_port))
        self._datagrams[ports].send(datagram.payload)
