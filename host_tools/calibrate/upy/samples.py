"""The simulated bench as a device's converter: it asks a server on loopback for windows of raw codes; MicroPython."""

import socket
import struct
from array import array

from islet.measure.linearise import plain_table
from islet.measure.wiring import Wiring, single_phase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

WINDOW_SETS = 720  # 200 ms at 3600 sets a second
VOLTS_PER_CODE = 0.18 / 16  # 230 V swing over 88 % of the converter's range, wide codes included
AMPS_PER_CODE = 0.05 / 16
NOISE_CODES = 16.0
TIMEOUT_S = 60


def bench_wiring() -> Wiring:
    """Return what the bench believes to be connected; its transducers have errors that it does not know."""
    return single_phase(VOLTS_PER_CODE, AMPS_PER_CODE, NOISE_CODES)


class Samples:
    """Windows of codes, each going on where the last one ended."""

    def __init__(self, port: int, wiring: Wiring, kernels: "ModuleType") -> None:
        """Raises OSError when nobody listens on the port."""
        self._kernels = kernels
        self._stride = wiring.stride
        self._history = wiring.history()
        self._socket = socket.socket()
        self._socket.connect(socket.getaddrinfo("127.0.0.1", port)[0][-1])
        self._socket.settimeout(TIMEOUT_S)
        self.raw = array("H", bytes(2 * self._stride * WINDOW_SETS))
        self.window = array("H", bytes(2 * self._stride * (self._history + WINDOW_SETS)))
        self.table = plain_table()
        self.n_sets = self.kept = 0

    def next_raw(self) -> int:
        """Fetch a window of raw codes; return its sets. What next() gives after it does not follow on."""
        self.n_sets = self.kept = 0
        self._fetch()
        return WINDOW_SETS

    def next(self) -> None:
        """Fetch the next window, behind the last sets of the one before."""
        self._fetch()
        self.kept = min(self._history, self.n_sets)
        at, end = self._stride * self.kept, self._stride * self.n_sets
        view = memoryview(self.window)
        view[:at] = view[end - at : end]
        self._kernels.linearise(self.raw, self.table, self.window, at, self._stride * WINDOW_SETS)
        self.n_sets = self.kept + WINDOW_SETS

    def _fetch(self) -> None:
        self._socket.send(struct.pack("<H", WINDOW_SETS))
        if self._socket.readinto(self.raw) != 2 * len(self.raw):  # type: ignore[attr-defined]
            raise OSError(104)  # ECONNRESET
