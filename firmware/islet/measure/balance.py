"""Which grid currents are reversed: the turns of signs that make grid + sources - loads vanish."""

from islet.measure.phasing import ENOUGH

_MEMORY = 200  # windows that are weighed


class Balance:
    """The squares of what is left of the power balance, for every way to turn grid currents round.

    All loads and sources must be measured, and none of them be in doubt; then one way fits and the others do not.
    """

    def __init__(self, meter, grid: list) -> None:
        """grid holds the meter's currents of kind GRID_I, the first three count."""
        self.grid = grid[:3]
        self.windows = 0
        self._squares = [0.0] * (1 << len(self.grid))
        self._floor_w = 0.01 * sum([c.channel.rated for c in self.grid]) * meter.wiring.v_nominal_v

    def add(self, rest_w: float) -> None:
        """Weigh a window; rest_w is sources less loads, which the grid must make up for."""
        self.windows += 1
        keep = 1.0 - 1.0 / min(self.windows, _MEMORY)
        for turns in range(len(self._squares)):
            left_w = rest_w
            for k in range(len(self.grid)):
                power_w = self.grid[k].active_w
                left_w += -power_w if turns >> k & 1 else power_w
            self._squares[turns] = keep * self._squares[turns] + left_w * left_w

    def turned(self, k: int) -> int:
        """Return 1 when grid current k is reversed, 0 when it is not, -1 when it cannot be told."""
        if self.windows < ENOUGH:
            return -1
        squares = self._squares
        best = squares.index(min(squares))
        floor = self._floor_w * self._floor_w * min(self.windows, _MEMORY)
        for turns in range(len(squares)):
            differs = (turns ^ best) >> k & 1
            if differs and (squares[turns] < 20.0 * squares[best] or squares[turns] < floor):
                return -1
        return best >> k & 1
