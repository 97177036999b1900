"""How good a forecast has been lately, against doing as yesterday did."""

_FORGET = 0.0015  # per slot: about fourteen days of half hours, so that one odd week decides nothing
_RESTORE = 0.05  # a demoted model must earn this skill to come back


class Skill:
    """Running skill 1 - mse(model) / mse(yesterday); `demoted` while the model does worse than yesterday."""

    def __init__(self, warm_slots: int) -> None:
        """warm_slots comparisons are needed before the model can be demoted."""
        self.model_mse = 0.0
        self.naive_mse = 0.0
        self.count = 0
        self.demoted = False
        self._warm_slots = warm_slots

    def add(self, actual: float, model: float, naive: float) -> None:
        """Score one slot: what came, what the model said a day ahead, what yesterday was."""
        self.count = min(self.count + 1, 30_000)
        weight = max(_FORGET, 1.0 / self.count)
        self.model_mse += weight * ((actual - model) ** 2 - self.model_mse)
        self.naive_mse += weight * ((actual - naive) ** 2 - self.naive_mse)
        self._judge()

    def value(self) -> float:
        """Return the skill: 1 is perfect, 0 is yesterday's, negative is worse; 0 when nothing ever varied."""
        if self.naive_mse <= 0.0:
            return 0.0 if self.model_mse <= 0.0 else -1.0
        return 1.0 - self.model_mse / self.naive_mse

    def restore(self, model_mse: float, naive_mse: float, count: int) -> None:
        """Continue from saved errors."""
        self.model_mse = model_mse
        self.naive_mse = naive_mse
        self.count = count
        self._judge()

    def _judge(self) -> None:
        if self.count < self._warm_slots:
            self.demoted = False
        elif self.demoted:
            self.demoted = self.value() < _RESTORE
        else:
            self.demoted = self.value() < 0.0
