"""Secondary restoration: a sampled integral brings the loaded bus to its target, for frequency and for voltage."""

from islet.base.clock import elapsed_ms

SAMPLE_MS = 100  # what restore_delay_samples counts; a slower reading has no part of the gain less


class Restore:
    """Asks `target + forward + trim` of the forming inverter, within bounds; `forward` is known, `trim` learned.

    The error integrated is the one that will be left when what was fed forward has arrived: target and forward
    are asked for at once, and `delay` samples pass until a reading shows them. So a new target moves no trim,
    and the integral alone has the delay, with the bound of base/bound.py.
    """

    def __init__(self, gain: float, delay: int, nominal: float, span: float, trim_span: float) -> None:
        """Gain a sample; delay in samples; what is asked stays within nominal +- span, the trim within its own."""
        self._gain = gain
        self._delay = delay
        self._low = nominal - span
        self._high = nominal + span
        self._trim_span = trim_span
        self._sent = [nominal] * (delay + 1)  # target + forward of the last samples, a ring
        self._trims = [0.0] * (delay + 1)  # and the trim beside it
        self._at = 0
        self._sampled_ms = 0
        self._running = False
        self.forward = 0.0
        self.trim = 0.0
        self.asked = nominal

    def stop(self) -> None:
        """Forget what was learned: the next run begins with what is known alone."""
        self._running = False
        self.trim = 0.0
        self.forward = 0.0

    def hold(self, target: float) -> float:
        """Return what to ask without a new reading: the trim stays."""
        self.asked = self._bounded(target + self.forward + self.trim)
        return self.asked

    def sample(self, target: float, forward: float, measured: float, stamp_ms: int) -> float:
        """Take a reading with its tick and return what to ask; a reading counts once."""
        gap_ms = elapsed_ms(stamp_ms, self._sampled_ms)
        if not self._running:
            self._begin(target, forward, stamp_ms)
        elif gap_ms > 0:
            self._advance(target, forward, measured, gap_ms)
            self._sampled_ms = stamp_ms
        return self.hold(target)

    def _begin(self, target: float, forward: float, stamp_ms: int) -> None:
        """Start from what is known: all that was sent before counts as arrived."""
        self.forward = forward
        self._fill(target + forward)
        self._sampled_ms = stamp_ms
        self._running = True

    def _advance(self, target: float, forward: float, measured: float, gap_ms: int) -> None:
        """Integrate the error that is left once what was fed forward is there."""
        if gap_ms > self._delay * SAMPLE_MS:
            self._fill(self._sent[self._at])  # it has had the time to arrive
        oldest = (self._at + 1) % len(self._sent)
        left = self._sent[oldest] - self.forward - measured
        self._feed(forward, left, self.trim - self._trims[oldest])
        left = self._sent[oldest] - self.forward - measured
        asked = target + self.forward + self.trim
        if (asked - self._bounded(asked)) * left <= 0:  # not further into a bound
            step = self._gain * min(1.0, gap_ms / SAMPLE_MS) * left
            self.trim = max(-self._trim_span, min(self._trim_span, self.trim + step))
        self._at = oldest
        self._sent[oldest] = target + self.forward
        self._trims[oldest] = self.trim

    def _feed(self, forward: float, left: float, coming: float) -> None:
        """Take a new forward as far as the error left calls for it; the trim has done the rest already.

        The load's power is read far less often than the bus: by then the integral may have answered it, in part
        by what is still `coming`. With what is fed now that is all, so it is not to be answered once more.
        """
        change = forward - self.forward
        if not change:
            return
        self.forward = forward
        left -= coming
        fed = min(max(change, min(left, 0.0)), max(left, 0.0))
        before = self.trim
        self.trim = before + fed - change
        for i in range(len(self._sent)):  # the sum of both stays what was asked
            if fed:
                self._sent[i] += change - fed - (before - self._trims[i])
                self._trims[i] = self.trim
            else:
                self._sent[i] += change
                self._trims[i] -= change

    def _fill(self, sent: float) -> None:
        for i in range(len(self._sent)):
            self._sent[i] = sent
            self._trims[i] = self.trim

    def _bounded(self, value: float) -> float:
        return max(self._low, min(self._high, value))
