"""The simulated board's connection to its simulator."""

import select
import socket

TIMEOUT_S = 120  # wall clock; a simulator that is silent for longer is gone


class SocketLink:
    """The connection to the simulator; blocks, since in lockstep the node has nothing else to do meanwhile."""

    def __init__(self, host: str, port: int, node: str) -> None:
        """Connect and say which node this is."""
        self._socket = socket.socket()
        self._socket.connect(socket.getaddrinfo(host, port)[0][-1])
        self._socket.setsockopt(6, 1, 1)  # TCP_NODELAY
        self._socket.settimeout(TIMEOUT_S)
        self._poller = select.poll()
        self._poller.register(self._socket, select.POLLIN)
        name = node.encode()
        self.write(bytes([len(name)]) + name)

    def write(self, data: bytes | bytearray) -> None:
        """Send all of data."""
        sent = self._socket.send(data)
        if sent != len(data):
            raise OSError("simulator took %d of %d bytes" % (sent, len(data)))

    def fill(self, buffer: bytearray, size: int) -> None:
        """Receive the first size bytes of buffer."""
        view = memoryview(buffer)
        done = 0
        while done < size:
            got = self._socket.readinto(view[done:size])
            if not got:
                raise OSError("simulator closed the connection")
            done += got

    def waiting(self) -> bool:
        """Return whether a frame begins to arrive."""
        return bool(self._poller.poll(0))
