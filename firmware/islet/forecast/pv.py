"""Forecast of PV: each slot's mean and best learned from the roof, moved by the last hours' clearness."""

from array import array

from islet.forecast.profile import DayForecast, plausible, slot_of, zeros

_RATE = 0.15  # weight of the newest day: days grow and shrink, a mean must follow
_TOP_FORGET = 0.02  # a day: the season lowers the best that a slot has seen
_CLEAR_HOURS = 2.0  # memory of the clearness
_FADE_PER_HOUR = 0.85
_DARK_PU = 0.02  # slots whose best is under this part of the rating say nothing about clouds


class PvForecast(DayForecast):
    """Learns mean PV power by slot (W, generates), predicts the slots to come; unlit slots stay zero."""

    magic = b"IPF1"

    def __init__(self, slot_s: int, rated_w: float, utc_offset_s: int = 0) -> None:
        """slot_s divides the day; rated_w bounds what is learned and predicted."""
        super().__init__(slot_s, utc_offset_s)
        self.rated_w = rated_w
        self._mean_w = zeros(self.slots)
        self._top_w = zeros(self.slots)
        self._anomaly_pu = 0.0  # recent (actual - mean) / best

    def learn(self, epoch_s: int, mean_w: float, curtailed: bool = False) -> None:
        """Take the mean PV of the slot that began at epoch_s (UTC); curtailed slots are not learned."""
        if curtailed:
            return
        if not plausible(mean_w):
            self.rejected += 1
            return
        slot = slot_of(epoch_s + self._utc_offset_s, self.slot_s)
        actual = min(mean_w, self.rated_w)
        model = self._mean_w[slot]
        days = self._days[slot]
        self._note_clearness(epoch_s, slot, actual)
        if days > 0:
            self.spread.add(slot, actual - model, max(_RATE, 1.0 / days))
            if self._top_w[slot] > 0.0 or actual > 0.0:
                self.skill.add(actual, model, self._yesterday_w[slot])
        self._mean_w[slot] = model + max(_RATE, 1.0 / (days + 1)) * (actual - model)
        self._top_w[slot] = max(actual, self._top_w[slot] * (1.0 - _TOP_FORGET))
        self._yesterday_w[slot] = actual
        self._days[slot] = min(days + 1, 1000.0)

    def predict(self, epoch_s: int, out: array) -> None:
        """Fill out with the expected mean PV (W) of the slot holding epoch_s (UTC) and those after it."""
        fade = _FADE_PER_HOUR ** (self.slot_s / 3600)
        anomaly = self._anomaly_pu * fade ** (self._missed(epoch_s) + 1)
        usual_w = self._mean_w
        if self.skill.demoted:  # yesterday's clouds are in it already
            usual_w = self._yesterday_w
            anomaly = 0.0
        first = slot_of(epoch_s + self._utc_offset_s, self.slot_s)
        for i in range(len(out)):
            slot = (first + i) % self.slots
            top = self._top_w[slot]
            out[i] = max(0.0, min(usual_w[slot] + anomaly * top, top, self.rated_w))
            anomaly *= fade

    def _arrays(self) -> tuple:
        own = (self._mean_w, self._top_w)
        return own + super()._arrays()

    def _note_clearness(self, epoch_s: int, slot: int, actual: float) -> None:
        """Blend this slot's anomaly in; it fades over the night and over slots never reported."""
        passed = self._missed(epoch_s) + 1
        self._anomaly_pu *= _FADE_PER_HOUR ** (passed * self.slot_s / 3600)
        self._learned_s = epoch_s
        top = max(self._top_w[slot], actual)
        if top > _DARK_PU * self.rated_w and self._days[slot] > 0:
            weight = min(1.0, self.slot_s / 3600 / _CLEAR_HOURS)
            self._anomaly_pu += weight * ((actual - self._mean_w[slot]) / top - self._anomaly_pu)
