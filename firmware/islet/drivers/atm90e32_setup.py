"""Settings of an ATM90E32AS as register words.

Sources: data sheet Atmel-46003B (M90E32AS, 02/2015), section 5, and application note Atmel-46103A, sections 4, 5.
"""

from array import array
from math import sqrt

POWER_LSB_W = 0.00032  # 46003B table 13
COUNT_MAX_MJ = 16384  # keeps 65535 counts in a small int
_METER_EN = 0x00
_MAP_I = 0x01
_MAP_U = 0x02
_SAG_PEAK = 0x05
_ZX = 0x07
_SAG_TH = 0x08
_LOSS_TH = 0x09
_FREQ_LO = 0x0C
_FREQ_HI = 0x0D
_PL_CONST = 0x31
_MMODE0 = 0x33
_MMODE1 = 0x34
_START_TH = 0x35  # P, Q, S, then each phase's P, Q, S
_CF2_VAR = 0x0080
_HZ60 = 0x1000
_DELAY_V = 0x8000


class PhaseSetup:
    """One phase: whether it is wired, how its transformer is turned, its calibration as register values."""

    def __init__(self, present: bool = True, turned: bool = False, pga: int = 1, **calibration) -> None:
        """pga: 1, 2 or 4 on the current input. `turned`: the transformer faces the other way; all signs change.

        Calibration as 46103A 4.2 works it out: u_gain, i_gain (0..65535, 32768 is 1), u_offset, i_offset,
        p_offset, q_offset, pq_gain, p1_offset, p1_gain (-32768..32767), delay_cycles (-255..255 cycles of
        2.048 MHz; positive delays the current, negative the voltage).
        """
        self.present = present
        self.turned = turned
        self.pga = pga
        self.u_gain = calibration.pop("u_gain", 0x8000)
        self.i_gain = calibration.pop("i_gain", 0x8000)
        self.u_offset = calibration.pop("u_offset", 0)
        self.i_offset = calibration.pop("i_offset", 0)
        self.p_offset = calibration.pop("p_offset", 0)
        self.q_offset = calibration.pop("q_offset", 0)
        self.pq_gain = calibration.pop("pq_gain", 0)
        self.p1_offset = calibration.pop("p1_offset", 0)
        self.p1_gain = calibration.pop("p1_gain", 0)
        self.delay_cycles = calibration.pop("delay_cycles", 0)
        self.unknown = sorted(calibration)

    def errors(self, name: str) -> list:
        """Return what is wrong with these values, as sentences that begin with the name."""
        found = ["%s: unknown %s" % (name, word) for word in self.unknown]
        if self.pga not in (1, 2, 4):
            found.append("%s: pga is 1, 2 or 4" % name)
        if not (0 < self.u_gain <= 0xFFFF and 0 < self.i_gain <= 0xFFFF):
            found.append("%s: a gain is 1..65535" % name)
        if not -255 <= self.delay_cycles <= 255:
            found.append("%s: delay_cycles is -255..255" % name)
        signed = (self.u_offset, self.i_offset, self.p_offset, self.q_offset, self.pq_gain)
        if any(not -0x8000 <= value <= 0x7FFF for value in signed + (self.p1_offset, self.p1_gain)):
            found.append("%s: an offset or power gain is -32768..32767" % name)
        return found

    def delay_word(self) -> int:
        """Return PhiA/B/C (46003B page 58): bit 15 delays the voltage."""
        return self.delay_cycles if self.delay_cycles >= 0 else _DELAY_V | -self.delay_cycles


class ChipSetup:
    """All that one chip is told: `words` is address, value, address, value, ... in the order of writing."""

    def __init__(self, phases: tuple, f0_hz: int = 50, v_nominal_v: float = 230.0, times: int = 1, **other):
        """phases: three PhaseSetup, A to C. times: the true current, power, energy are this many times the chip's.

        Others: sag_pu (0.78), loss_pu (0.10) of v_nominal_v; sag_ms (20); start_w (1.65, all phases) and
        phase_start_w (0.11), below which nothing is counted (46103A 5.1); meter_constant (3200 pulses a kWh);
        map_u, map_i (which input feeds which phase; 0x0444 for one voltage input); zx (zero crossing pins).
        Raises ValueError with all errors.
        """
        self.phases = phases
        self.f0_hz = f0_hz
        self.v_nominal_v = v_nominal_v
        self.times = times
        self.sag_pu = other.pop("sag_pu", 0.78)
        self.loss_pu = other.pop("loss_pu", 0.10)
        self.sag_ms = other.pop("sag_ms", 20)
        self.start_w = other.pop("start_w", 1.65)
        self.phase_start_w = other.pop("phase_start_w", 0.11)
        self.meter_constant = other.pop("meter_constant", 3200)
        self.map_u = other.pop("map_u", 0x0654)
        self.map_i = other.pop("map_i", 0x0210)
        self.zx = other.pop("zx", 0x4400)  # rising crossings of Ua, Ub, Uc on ZX0, ZX1, ZX2
        errors = ["unknown %s" % word for word in sorted(other)] + self._errors()
        if errors:
            raise ValueError("; ".join(errors))
        self.count_mj = 36_000_000 // self.meter_constant * times  # one count: 0.01 of a pulse (46003B 3.5.1)
        self.words = array("H", self._general() + self._calibration())

    def _errors(self) -> list:
        if len(self.phases) != 3:
            return ["three phases are set up, wired or not"]
        found = []
        for k in range(3):
            found += self.phases[k].errors("phase " + "ABC"[k])
        if not any(phase.present for phase in self.phases):
            found.append("no phase is present")
        if self.f0_hz not in (50, 60):
            found.append("f0_hz is 50 or 60")
        if self.meter_constant <= 0 or 36_000_000 % self.meter_constant or self.times < 1:
            found.append("meter_constant divides 36000000, times is 1 or more")
        elif 36_000_000 // self.meter_constant * self.times > COUNT_MAX_MJ:
            found.append("meter_constant is at least 36000000 * times / %d" % COUNT_MAX_MJ)
        if not 1 <= self.sag_ms <= 255:
            found.append("sag_ms is 1..255")
        if found:
            return found
        thresholds = (self._watts(self.start_w), self._watts(self.phase_start_w), self._volts(self.sag_pu))
        if any(not 0 <= value <= 0xFFFF for value in thresholds + (self._volts(self.loss_pu),)):
            found.append("a threshold is beyond its register")
        return found

    def _watts(self, power_w: float) -> int:
        """Return a start-up threshold (46103A 5.1)."""
        return round(power_w / self.times / POWER_LSB_W)

    def _volts(self, level_pu: float) -> int:
        """Return a sag threshold by the mean gain of the phases present (46103A 5.2; 46003B 3.7.2)."""
        gains = [phase.u_gain for phase in self.phases if phase.present]
        gain = sum(gains) / len(gains)
        return round(level_pu * self.v_nominal_v * 100 * sqrt(2) * 16384 / gain)

    def _general(self) -> list:
        pl_constant = 450_000_000_000 // self.meter_constant  # 46103A 4.2.2
        mmode0 = _CF2_VAR | (_HZ60 if self.f0_hz == 60 else 0)
        mmode1 = 0
        for k in range(3):
            phase = self.phases[k]
            mmode0 |= (4 >> k) if phase.present else 0
            mmode1 |= (phase.pga >> 1) << (2 * k)  # 1, 2, 4 is coded 0, 1, 2
        words = [_METER_EN, 1, _MAP_I, self.map_i, _MAP_U, self.map_u]
        words += [_SAG_PEAK, self.sag_ms << 8 | self.sag_ms, _ZX, self.zx]
        words += [_SAG_TH, self._volts(self.sag_pu), _LOSS_TH, self._volts(self.loss_pu)]
        words += [_FREQ_LO, 100 * (self.f0_hz - 1), _FREQ_HI, 100 * (self.f0_hz + 1)]
        words += [_PL_CONST, pl_constant >> 16, _PL_CONST + 1, pl_constant & 0xFFFF]
        words += [_MMODE0, mmode0, _MMODE1, mmode1]
        for n in range(6):
            words += [_START_TH + n, self._watts(self.start_w if n < 3 else self.phase_start_w)]
        return words

    def _calibration(self) -> list:
        words = []
        for k in range(3):
            phase = self.phases[k]
            words += [0x41 + 2 * k, phase.p_offset & 0xFFFF, 0x42 + 2 * k, phase.q_offset & 0xFFFF]
            words += [0x47 + 2 * k, phase.pq_gain & 0xFFFF, 0x48 + 2 * k, phase.delay_word()]
            words += [0x51 + k, phase.p1_offset & 0xFFFF, 0x54 + k, phase.p1_gain & 0xFFFF]
            words += [0x61 + 4 * k, phase.u_gain, 0x62 + 4 * k, phase.i_gain]
            words += [0x63 + 4 * k, phase.u_offset & 0xFFFF, 0x64 + 4 * k, phase.i_offset & 0xFFFF]
        return words
