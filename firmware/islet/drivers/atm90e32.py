"""ATM90E32AS, a three-phase metering chip on SPI, mode 3, up to 1.1 MHz (data sheet Atmel-46003B, 02/2015).

Registers: 46003B table 5 (pages 32 to 38) and tables 10 to 15; LastSPIData: 46103A section 2. The chip means over
16 cycles, so `read` gives new values three times a second; only the frequency is of one cycle (3.6). This chip has
no THD registers (those are the ATM90E36's): fundamental and harmonic power stand for them. The sheets do not say
which way the phase angle counts; it is taken as positive when the current lags.

What the checks cannot see: LastSPIData tells which word passed, not from which register. A bit error in the
address is only noticed where the value read is impossible, and may clear an energy register that nobody asked for.
"""

import errno
from array import array
from math import pi

from islet.base.clock import add_ms, elapsed_ms
from islet.drivers.atm90e32_link import Link
from islet.drivers.atm90e32_setup import POWER_LSB_W
from islet.names import WH_J

RESET_MS = 50  # 46003B table 19: T1 at most 40 ms
SETTLE_MS = 700  # two means over 16 cycles at 50 Hz

_PAIRS = (0xD9, 0xDD, 0xB1, 0xB5, 0xB9, 0xD1, 0xD5)  # phase A's U, I, P, Q, S, P1, Ph; low words 16 above
_SINGLES = (0xBD, 0xF9, 0xFD)  # phase A's power factor, phase angle, voltage angle
_PHASE_WORDS = 17
_IRMS_N = 0xDC
_FREQ = 0xF8
_TEMP = 0xFC
_EMM_STATE0 = 0x71
_EMM_STATE1 = 0x72
_EMM_INT1 = 0x74
_CRC_ERR = 0x79
_ENERGY = 0x81  # phase A: forward; reverse, forward var, reverse var 4, 8, 12 above

_FRESH = 0
_RESETTING = 1
_SETTLING = 2
_RUNNING = 3


class Energy:
    """One register: `wh`, `j` below 3600, `mj` below 1000 (or varh and so on); it never goes backwards."""

    def __init__(self) -> None:
        self.wh = 0
        self.j = 0
        self.mj = 0

    def add(self, counts: int, count_mj: int) -> None:
        """Add counts of the chip; small ints for 65535 counts of up to 16384 mJ."""
        mj = self.mj + counts * count_mj
        j = self.j + mj // 1000
        self.mj = mj % 1000
        self.j = j % WH_J
        self.wh += j // WH_J


class Phase:
    """Values of one phase, nan before the first `read` and where it is not wired.

    active_w, reactive_var (positive: current lags), fundamental_w, harmonic_w, apparent_va, power_factor (nan
    without current, sign as active_w), angle_rad (voltage less current, -pi..pi), voltage_angle_rad (against
    phase A), rms_v, rms_a. sag, lost: now; sagged: a sag or loss began or ended since the read before.
    active_pos, active_neg, reactive_pos, reactive_neg: Energy by the sign of the power.
    """

    def __init__(self, setup) -> None:
        self.present = setup.present
        self.turned = setup.turned
        nan = float("nan")
        self.rms_v = self.rms_a = self.apparent_va = self.power_factor = nan
        self.active_w = self.reactive_var = self.fundamental_w = self.harmonic_w = nan
        self.angle_rad = self.voltage_angle_rad = nan
        self.sag = self.lost = self.sagged = False
        self.active_pos = Energy()
        self.active_neg = Energy()
        self.reactive_pos = Energy()
        self.reactive_neg = Energy()

    def energies(self) -> tuple:
        """Return the registers in the chip's order: forward, reverse, forward var, reverse var."""
        if self.turned:
            return self.active_neg, self.active_pos, self.reactive_neg, self.reactive_pos
        return self.active_pos, self.active_neg, self.reactive_pos, self.reactive_neg


class Atm90e32:
    """One chip: `phases` (A, B, C), hz (0.0: none), temperature_degc, neutral_a, sequence_wrong, stamp_ms.

    Energy is counted once a `read`; the chip's registers hold 65535 counts: 48 s at 15 kW and 3200 pulses a kWh.
    """

    def __init__(self, spi, cs, setup) -> None:
        """spi: write_readinto(out, in); cs(0) selects, cs(1) ends; setup: a ChipSetup."""
        self.link = Link(spi, cs)
        self.phases = tuple([Phase(one) for one in setup.phases])
        self.hz = self.temperature_degc = self.neutral_a = float("nan")
        self.sequence_wrong = False
        self.stamp_ms = 0
        self.restarts = 0  # how often its settings were lost and written anew
        self._setup = setup
        self._counters = tuple([one for phase in self.phases for one in phase.energies()])
        self._raw = array("H", bytes(2 * (3 * _PHASE_WORDS + 6)))
        self._state = _FRESH
        self._due_ms = 0

    def read(self, now_ms: int) -> None:
        """Read all: some 300 transfers of 32 bits, 40 ms on an RP2040. After an OSError only the energies are good.

        EAGAIN: reset or settling, ask again in a while; ENODEV: no chip; EIO: transfers fail. Energy is not
        lost by a failed transfer: it stays in the chip or in LastSPIData and is counted by the next `read`.
        """
        self.fetch(now_ms)
        self._convert()

    def fetch(self, now_ms: int) -> None:
        """Do the bus part of `read`: registers to raw words and counted energy; allocates nothing."""
        self._recover()
        if self._state != _RUNNING:
            self._bring_up(now_ms)
        self._check(now_ms)
        for k in range(3):
            if self.phases[k].present:
                self._fetch_phase(k)
        self._fetch_chip()
        self.stamp_ms = now_ms

    def _recover(self) -> None:
        index = self.link.pending
        if index >= 0:
            self._counters[index].add(self.link.recover(), self._setup.count_mj)

    def _check(self, now_ms: int) -> None:
        """Notice a chip that was reset (MeterEn, ChannelMapI) or whose registers changed (46003B 5.2.1)."""
        link = self.link
        identity = link.identify()
        errors = link.read(_CRC_ERR)
        if errors == 0 and identity == self._setup.map_i and link.read(0x00) == 1:
            return
        self.restarts += 1
        if errors & 2:  # internal registers: only a reset helps
            self._state = _FRESH
            link.reset()
            self._go(_RESETTING, now_ms, RESET_MS)
        self._write_setup(now_ms)

    def _bring_up(self, now_ms: int) -> None:
        """Take over a chip that is set up as wanted, or reset it, set it up and let it settle (EAGAIN)."""
        if self._state == _FRESH:
            self.link.identify()
            if self.link.holds(self._setup.words):
                self._state = _RUNNING
                return
            self.link.reset()
            self._go(_RESETTING, now_ms, RESET_MS)
        if elapsed_ms(now_ms, self._due_ms) < 0:
            raise OSError(errno.EAGAIN, "the chip settles")
        if self._state == _RESETTING:
            self._write_setup(now_ms)
        self._state = _RUNNING

    def _write_setup(self, now_ms: int) -> None:
        self._state = _FRESH  # should it fail half way
        self.link.configure(self._setup.words)
        self._go(_SETTLING, now_ms, SETTLE_MS)

    def _go(self, state: int, now_ms: int, span_ms: int) -> None:
        self._state = state
        self._due_ms = add_ms(now_ms, span_ms)
        raise OSError(errno.EAGAIN, "the chip settles")

    def _fetch_phase(self, k: int) -> None:
        link = self.link
        raw = self._raw
        at = k * _PHASE_WORDS
        for base in _PAIRS:
            link.pair(base + k, raw, at)
            at += 2
        for base in _SINGLES:
            raw[at] = link.read(base + k)
            at += 1
        for n in range(4):
            counts = link.take(_ENERGY + k + 4 * n, 4 * k + n)
            self._counters[4 * k + n].add(counts, self._setup.count_mj)

    def _fetch_chip(self) -> None:
        link = self.link
        raw = self._raw
        at = 3 * _PHASE_WORDS
        raw[at] = link.read(_FREQ)
        raw[at + 1] = link.read(_TEMP)
        raw[at + 2] = link.read(_IRMS_N)
        raw[at + 3] = link.read(_EMM_STATE0)
        raw[at + 4] = link.read(_EMM_STATE1)
        raw[at + 5] = link.read(_EMM_INT1)
        if raw[at + 5]:
            link.write(_EMM_INT1, raw[at + 5])  # written ones clear: what comes meanwhile stays

    def _convert(self) -> None:
        raw = self._raw
        at = 3 * _PHASE_WORDS
        self.hz = raw[at] * 0.01
        self.temperature_degc = float(_signed(raw[at + 1]))
        self.neutral_a = raw[at + 2] * 0.001 * self._setup.times
        self.sequence_wrong = bool(raw[at + 3] & 0x0200)
        for k in range(3):
            phase = self.phases[k]
            if phase.present:
                phase.sag = bool(raw[at + 4] & (0x4000 >> k))
                phase.lost = bool(raw[at + 4] & (0x0400 >> k))
                phase.sagged = bool(raw[at + 5] & (0x4400 >> k))
                self._convert_phase(phase, k * _PHASE_WORDS)

    def _convert_phase(self, phase: Phase, at: int) -> None:
        raw = self._raw
        times = self._setup.times
        lsb = -POWER_LSB_W * times if phase.turned else POWER_LSB_W * times
        phase.rms_v = (raw[at] + (raw[at + 1] >> 8) / 256) * 0.01  # 46103A page 23
        phase.rms_a = (raw[at + 2] + (raw[at + 3] >> 8) / 256) * 0.001 * times
        phase.active_w = self._wide(at + 4) * lsb
        phase.reactive_var = self._wide(at + 6) * lsb
        phase.apparent_va = self._wide(at + 8) * POWER_LSB_W * times
        phase.fundamental_w = self._wide(at + 10) * lsb
        phase.harmonic_w = self._wide(at + 12) * lsb
        factor = _signed(raw[at + 14]) * 0.001
        phase.power_factor = (-factor if phase.turned else factor) if phase.apparent_va else float("nan")
        phase.angle_rad = _angle_rad(raw[at + 15] + (1800 if phase.turned else 0))
        phase.voltage_angle_rad = _angle_rad(raw[at + 16])

    def _wide(self, at: int) -> float:
        return _signed(self._raw[at]) * 65536.0 + self._raw[at + 1]


def _signed(word: int) -> int:
    return word - 0x10000 if word & 0x8000 else word


def _angle_rad(tenths: int) -> float:
    tenths %= 3600
    return (tenths - 3600 if tenths > 1800 else tenths) * (pi / 1800)
