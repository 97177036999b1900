"""Forecast of load: a day-profile that forgets, weekends apart, and the last error fading out."""

from array import array

from islet.forecast.profile import DayForecast, is_weekend, plausible, slot_of, zeros

_RATE = 0.1  # weight of the newest day in the profile, once there are ten
_WEEKEND_RATE = 0.05
_WEEKEND = 1.0  # the weekend deviation enters so on Saturday and Sunday ...
_WEEKDAY = -0.4  # ... and so on the five other days: their sum over a week is zero
_CARRY = 0.4  # part of the last hour's error that the next hour repeats
_FADE_PER_HOUR = 0.7
_FROZEN_S = 43_200  # real homes repeat a value for 8 h at most; 12 h is a dead meter
_SPIKE_SIZES = 8.0
_SPIKE_FREE_W = 1500.0


class LoadForecast(DayForecast):
    """Learns mean load by slot (W, >= 0), predicts the slots to come; `frozen`: the meter does not move."""

    magic = b"ILF1"

    def __init__(self, slot_s: int, utc_offset_s: int = 0, ceiling_w: float = 1e5) -> None:
        """slot_s divides the day; means above ceiling_w (the connection's rating, say) are cut to it."""
        super().__init__(slot_s, utc_offset_s)
        self.frozen = False
        self._ceiling_w = ceiling_w
        self._profile_w = zeros(self.slots)
        self._weekend_w = zeros(self.slots)
        self._error_w = 0.0
        self._last_w = -1.0
        self._same_s = 0

    def learn(self, epoch_s: int, mean_w: float) -> None:
        """Take the mean load of the slot that began at epoch_s (UTC), unless implausible or frozen."""
        if not plausible(mean_w):
            self.rejected += 1
            return
        if self._watch_frozen(mean_w):
            return
        local_s = epoch_s + self._utc_offset_s
        slot = slot_of(local_s, self.slot_s)
        model = self._day_ahead(slot, is_weekend(local_s))
        mean_w = self._without_spike(slot, model, min(mean_w, self._ceiling_w))
        if self._days[slot] > 0:
            self.skill.add(mean_w, model, self._yesterday_w[slot])
            self.spread.add(slot, mean_w - model, max(_RATE, 1.0 / self._days[slot]))
        self._correct(epoch_s, mean_w - (model if self._days[slot] > 0 else mean_w))
        self._adapt(slot, is_weekend(local_s), mean_w, model)

    def predict(self, epoch_s: int, out: array) -> None:
        """Fill out with the expected mean load (W) of the slot holding epoch_s (UTC) and those after it."""
        local_s = epoch_s + self._utc_offset_s
        fallback = self._mean_seen_w()
        fade = _FADE_PER_HOUR ** (self.slot_s / 3600)
        carried = _CARRY * self._error_w * fade ** self._missed(epoch_s)
        for i in range(len(out)):
            at_s = local_s + i * self.slot_s
            slot = slot_of(at_s, self.slot_s)
            expected = self._expected(slot, is_weekend(at_s)) if self._days[slot] > 0 else fallback
            out[i] = max(0.0, expected + carried)
            carried *= fade

    def _arrays(self) -> tuple:
        own = (self._profile_w, self._weekend_w)
        return own + super()._arrays()

    def _watch_frozen(self, mean_w: float) -> bool:
        self._same_s = self._same_s + self.slot_s if mean_w == self._last_w else 0
        self._last_w = mean_w
        self.frozen = self._same_s >= _FROZEN_S
        return self.frozen

    def _day_ahead(self, slot: int, weekend: bool) -> float:
        share = _WEEKEND if weekend else _WEEKDAY
        return self._profile_w[slot] + share * self._weekend_w[slot]

    def _expected(self, slot: int, weekend: bool) -> float:
        return self._yesterday_w[slot] if self.skill.demoted else self._day_ahead(slot, weekend)

    def _mean_seen_w(self) -> float:
        total = 0.0
        seen = 0
        for slot in range(self.slots):
            if self._days[slot] > 0:
                total += self._profile_w[slot]
                seen += 1
        return total / seen if seen else 0.0

    def _without_spike(self, slot: int, model: float, mean_w: float) -> float:
        if self._days[slot] < 3:
            return mean_w
        return min(mean_w, model + _SPIKE_FREE_W + _SPIKE_SIZES * self.spread.size_w[slot])

    def _correct(self, epoch_s: int, error_w: float) -> None:
        """Keep the error of about the last hour; it fades over slots that were never reported."""
        weight = min(1.0, self.slot_s / 3600)
        kept = self._error_w * _FADE_PER_HOUR ** (self._missed(epoch_s) * self.slot_s / 3600)
        self._error_w = kept + weight * (error_w - kept)
        self._learned_s = epoch_s

    def _adapt(self, slot: int, weekend: bool, mean_w: float, model: float) -> None:
        days = self._days[slot]
        self._profile_w[slot] += max(_RATE, 1.0 / (days + 1)) * (mean_w - model)
        if days > 0:
            share = _WEEKEND if weekend else _WEEKDAY
            self._weekend_w[slot] += _WEEKEND_RATE * share * (mean_w - model)
        self._yesterday_w[slot] = mean_w
        self._days[slot] = min(days + 1, 1000.0)
