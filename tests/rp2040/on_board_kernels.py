"""Runs on the emulated RP2040 and, for what is right, on the host: kernels over many windows; their times."""

from array import array
from binascii import crc32

N_SETS = 256
STRIDES = (1, 3, 4, 12)
EDGES = ((1, 65535), (65535, 1, 1), (32768, 32767, 65535), (1,), (65535,), (0, 65535, 32769, 2))
PARTITIONS = ((1, 256), (1, 2, 130, 255, 256), (7, 7), (3, 4, 4, 9), (255, 256), (2, 2, 40), (5,))
RUNS = range(16)  # of a call that is timed
PACE_HZ, PACE = 2000, 3  # an interrupt each 1.5 ms, as hal.rp2_guard makes them
DMA_TIMER0, TREQ_TIMER0, COUNT_AND_TRIGGER = 0x50000420, 0x3B, 7
TURNS = (0, 1, 233017, 247000, 2900000)  # 2900000: 44 turns of 2**24 in a window
FILL = 9


def draw(n, seed):
    """Return n codes of 0..65535, the same everywhere, in small ints."""
    codes = array("H", bytes(2 * n))
    for k in range(n):
        seed = (75 * seed + 74) % 65537
        codes[k] = seed & 0xFFFF
    return codes


def sine_table():
    """Return a quadrature table whose codes reach both ends and are none of a sine's: products of every size."""
    table = draw(2048, 5)
    table[0], table[1], table[2] = 1, 65535, 0
    return table + table[:512]


def windows(stride):
    """Yield the windows of a stride: one random, then those of EDGES."""
    yield draw(stride * N_SETS, stride)
    for edge in EDGES:
        yield array("H", (edge * (stride * N_SETS // len(edge) + 1))[: stride * N_SETS])


def told(out):
    """Return the check sum of an output."""
    return crc32(out)


def rows(kernels, window, stride, table, found):
    """Append what squares, products and correlate make of a window."""
    for n, bounds in enumerate(PARTITIONS):
        bounds, count, channel = array("H", bounds), len(bounds) - 1, n % stride
        out = array("i", [FILL] * 40)
        kernels.squares(window, stride, channel, bounds, count, out)
        found.append(told(out))
        for v, i in ((0, stride - 1), (stride - 1, 0), (channel - stride, stride - 1), (0, channel - stride)):
            if i >= 0 or bounds[0] > 1:
                out = array("i", [FILL] * 40)
                kernels.products(window, stride, v, i, bounds, count, out)
                found.append(told(out))
        out = array("i", [FILL] * 40)
        kernels.correlate(window, stride, channel, bounds, count, table, TURNS[n % len(TURNS)], out)
        found.append(told(out))


def ranges(kernels, window, stride, table, found):
    """Append what crossings, extremes and half_cycle make of a window."""
    for first, stop in ((0, N_SETS), (1, 40), (255, 256), (77, 77)):
        channel = first % stride
        for arm, room in ((1, 16), (520, 3), (32767, 1), (32768, 9), (0, 4), (-300, 9), (20000, 0)):
            out = array("H", [FILL] * 16)
            count = kernels.crossings(window, stride, channel, first, stop, arm, out, room)
            found.append(told(out) + count)
        out = array("i", [FILL] * 4)
        kernels.extremes(window, stride, channel, first, stop, out)
        found.append(told(out))
        out = array("i", [7, -8, 9, -10])
        for turn, phase in ((0, 0), (233017, 116508), (279620, (1 << 24) + 139810), (838861, 1 << 22)):
            kernels.half_cycle(window, stride, channel, first, min(stop, first + 60), table, turn, phase, out)
            found.append(told(out))


def straight(kernels):
    """Return the check sums of linearise: of raw codes with flags in their upper bits, and within its own input."""
    table, raw, found = draw(4096, 3), draw(600, 8), []
    for at, count in ((0, 600), (17, 1), (100, 0), (1, 599)):
        out = array("H", [FILL] * 650)
        kernels.linearise(raw, table, out, at, count)
        found.append(told(out))
    kernels.linearise(raw, table, raw, 0, 600)
    return found + [told(raw)]


def integers(kernels, stride):
    """Return the check sums of all that the kernels make of the windows of a stride."""
    table, found = sine_table(), []
    for window in windows(stride):
        rows(kernels, window, stride, table, found)
        ranges(kernels, window, stride, table, found)
    return found


def calls(k, n):
    """Return (name, samples, function that calls RUNS times) of the work of a window of n sets of four channels.

    A function that hands on so many arguments has its state on the heap, at varying cost: so the loop is inside.
    """
    window, table, linear, turn = wave(), sine_table(), draw(4096, 3), 233017
    out, found, last = array("i", bytes(320)), array("H", bytes(32)), array("H", bytes(3760))
    cycles = array("H", range(1, n + 2, 72) if n else (1, 1))
    halves = array("H", range(1, n + 2, 36) if n else (1, 1))
    rows, codes = len(cycles) - 1, 1880 if n else 0
    return (
        ("linearise", codes, lambda: [k.linearise(window, linear, last, 0, codes) for _ in RUNS]),
        ("squares", n, lambda: [k.squares(window, 4, 1, halves, len(halves) - 1, out) for _ in RUNS]),
        ("products", n, lambda: [k.products(window, 4, 0, 2, cycles, rows, out) for _ in RUNS]),
        ("correlate", n, lambda: [k.correlate(window, 4, 1, cycles, rows, table, turn, out) for _ in RUNS]),
        ("crossings", n, lambda: [k.crossings(window, 4, 0, 1, n + 1, 520, found, 16) for _ in RUNS]),
        ("extremes", n, lambda: [k.extremes(window, 4, 1, 1, n + 1, out) for _ in RUNS]),
        (
            "half_cycle",
            n // 10,
            lambda: [k.half_cycle(window, 4, 1, 0, n // 10, table, turn, 0, out) for _ in RUNS],
        ),
    )


def wave():
    """Return 5 cycles of 72 sets of four channels, and more: steps, as crossings see a mains voltage."""
    return array("H", [20000 + 25000 * (k // 144 % 2) + 7 * (k % 144) for k in range(4 * 480)])


def time_us(call):
    """Return the us of a call, from the best of some runs: the board has other interrupts."""
    from time import ticks_diff, ticks_us

    best = 1 << 29
    for _ in range(5):
        since = ticks_us()
        call()
        best = min(best, ticks_diff(ticks_us(), since))
    return best / len(RUNS)


def times(first, second):
    """Return [name, samples, us of an idle call of the first, of a call of the first, of the second]."""
    idle, plain, quick = calls(first, 0), calls(first, 360), calls(second, 360)
    found = []
    for k, (name, samples, call) in enumerate(plain):
        found.append([name, samples, time_us(idle[k][2]), time_us(call), time_us(quick[k][2])])
    return found


class Work:
    """All kernels over one window, into outputs of its own; allocates nothing once made."""

    def __init__(self, kernels, seed):
        self._kernels, self._window, self._bounds = kernels, draw(176, seed), array("H", (1, 20, 40))
        self._table, self._linear, self._zeros = sine_table(), draw(4096, 3), array("H", bytes(8192))
        self._sums, self._codes = array("i", bytes(4 * 40)), array("H", bytes(2 * 176))
        sums, codes = memoryview(self._sums), memoryview(self._codes)
        self._parts = sums[4:], sums[10:], sums[26:], sums[34:], codes[160:]  # a slice allocates
        self._run()
        self._right = array("i", self._sums), array("H", self._codes)

    def _run(self):
        kernels, window = self._kernels, self._window
        bounds, table = self._bounds, self._table  # a tuple of four would be allocated
        squares, products, correlates, extremes, crossings = self._parts
        kernels.half_cycle(window, 4, 1, 3, 40, table, 233017, 99, self._sums)
        kernels.linearise(window, self._linear, self._codes, 0, 160)
        kernels.squares(window, 4, 2, bounds, 2, squares)
        kernels.products(window, 4, 0, 2, bounds, 2, products)
        kernels.correlate(window, 4, 3, bounds, 2, table, 233017, correlates)
        kernels.extremes(window, 4, 3, 0, 40, extremes)
        kernels.crossings(window, 4, 3, 0, 40, 2, crossings, 9)

    def is_right(self):
        """Do it again; return whether the integers are those of the first time."""
        self._kernels.linearise(self._window, self._zeros, self._sums, 0, 80)  # clears
        self._kernels.linearise(self._window, self._zeros, self._codes, 0, 176)
        self._run()
        return self._sums == self._right[0] and self._codes == self._right[1]


class Interrupted:
    """Work in the main program while a hard interrupt, with the heap locked, does other work by the same kernels."""

    def __init__(self, kernels):
        self._main, self._other = Work(kernels, 11), Work(kernels, 12)
        self.interrupts = self.wrong = 0

    def _tick(self, dma):
        self._registers[COUNT_AND_TRIGGER] = PACE
        self.interrupts += 1
        if not self._other.is_right():
            self.wrong += 1

    def run(self, rounds):
        """Return rounds of the main program, how many were wrong, interrupts, how many of theirs were wrong."""
        from machine import freq, mem32
        from rp2 import DMA
        from uctypes import addressof

        mem32[DMA_TIMER0] = 1 << 16 | freq() // PACE_HZ
        dma, words = DMA(), array("I", (0, 0))
        self._registers = dma.registers
        ctrl = dma.pack_ctrl(inc_read=False, inc_write=False, treq_sel=TREQ_TIMER0, irq_quiet=False)
        dma.config(read=addressof(words), write=addressof(words) + 4, count=PACE, ctrl=ctrl)
        dma.irq(self._tick, hard=True)
        self._registers[COUNT_AND_TRIGGER] = PACE
        wrong = sum([not self._main.is_right() for _ in range(rounds)])
        dma.irq(None)
        dma.close()
        return [wrong, self.interrupts, self.wrong]
