"""What part of the load each group draws, learned from the steps that shedding makes; and cold load."""

from math import exp

from islet.names import CRITICAL, DEFERRABLE, NORMAL

GROUPS = 3
RATE = 0.2  # weight of the newest step: which appliances run differs from step to step
LEAST = 0.5  # of its start value that a group keeps: one that draws nothing now will draw something tomorrow
CRITICAL_LEAST_PU = 0.1
FAINT_W = 100.0  # a load under this tells nothing about shares


class GroupShares:
    """`served[level]` is the part of the load that a level leaves; a group of share 0 is taken for not fitted.

    Cold load: what was off comes back with up to cold_load_pu times its load, since thermostats have lost their
    diversity (delayed exponential model: it builds up and decays with cold_load_s).
    """

    def __init__(self, s) -> None:
        scale = 1.0 / max(1.0, (s.normal_share_pu + s.deferrable_share_pu) / (1.0 - CRITICAL_LEAST_PU))
        self.group_pu = [0.0, s.normal_share_pu * scale, s.deferrable_share_pu * scale]
        self._least_pu = [0.0, LEAST * self.group_pu[NORMAL], LEAST * self.group_pu[DEFERRABLE]]
        self.served = [1.0, 1.0, 1.0, 0.0]
        self.cold = [0.0, 0.0, 0.0]  # by group: 0 in use, towards 1 while off
        self.learned = 0  # steps
        self._cold_pu = s.cold_load_pu - 1.0
        self._cold_ms = s.cold_load_s * 1000.0
        self._fill()

    def dump(self) -> dict:
        """Return what must outlive a reboot."""
        return {"normal_pu": self.group_pu[NORMAL], "deferrable_pu": self.group_pu[DEFERRABLE]}

    def load(self, saved: dict) -> None:
        """Take a dump; what is out of bounds is held to them. Raises KeyError, TypeError or ValueError if damaged."""
        normal_pu, deferrable_pu = float(saved["normal_pu"]), float(saved["deferrable_pu"])
        if not (0.0 <= normal_pu <= 1.0 and 0.0 <= deferrable_pu <= 1.0):
            raise ValueError("shares: must be 0 to 1")
        self._set(NORMAL, normal_pu)
        self._set(DEFERRABLE, deferrable_pu)

    def step(self, level: int, dark: bool, dt_ms: int) -> None:
        """Let what has no supply grow cold, and what has it warm up."""
        if self._cold_ms <= 0.0:
            return
        kept = exp(-dt_ms / self._cold_ms)
        for group in range(GROUPS):
            goal = 1.0 if dark or group >= GROUPS - level else 0.0
            self.cold[group] = goal + (self.cold[group] - goal) * kept

    def load_pu(self, level: int) -> float:
        """Return what a level draws now, cold load included, per unit of the load of all groups when warm."""
        total = 0.0
        for group in range(GROUPS - level):
            total += self.group_pu[group] * self.factor(group)
        return total

    def factor(self, group: int) -> float:
        """Return how many times its usual load a group draws, or would draw if it came back now."""
        return 1.0 + self._cold_pu * self.cold[group]

    def learn(self, more: int, less: int, more_w: float, less_w: float) -> None:
        """Learn from the load at two levels, more < less (up to 2), measured within seconds of each other."""
        whole_w = more_w / self.load_pu(more)
        expected = self.load_pu(more) - self.load_pu(less)
        if more_w < FAINT_W or expected <= 0.0:
            return
        scale = max(0.0, more_w - less_w) / whole_w / expected
        for group in range(GROUPS - less, GROUPS - more):
            old = self.group_pu[group]
            self._set(group, old + RATE * (old * scale - old))
        self.learned += 1

    def _set(self, group: int, share_pu: float) -> None:
        """Hold a share to at least half its start value, and leave room for the others."""
        other = self.group_pu[NORMAL + DEFERRABLE - group]
        most = 1.0 - CRITICAL_LEAST_PU - other if self._least_pu[group] > 0.0 else 0.0
        self.group_pu[group] = max(self._least_pu[group], min(most, share_pu))
        self._fill()

    def _fill(self) -> None:
        shares = self.group_pu
        shares[CRITICAL] = max(0.0, 1.0 - shares[NORMAL] - shares[DEFERRABLE])
        self.served[1] = shares[CRITICAL] + shares[NORMAL]
        self.served[2] = shares[CRITICAL]
