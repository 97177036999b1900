"""Two plots as SVG: where restoration is stable against its bound, and how much droop an inverter bears."""

from html import escape
from pathlib import Path

import numpy as np

from host_tools.stability.drooping import Coupling, DroopSweep, droop_bound
from host_tools.stability.restoring import Sweep
from islet.base.bound import gain_bound, smooth_bound

_W, _H, _LEFT, _TOP, _RIGHT, _BOTTOM = 760, 460, 70, 50, 20, 60
_GOOD, _BAD, _LINE, _SOFT = "#1b7f3b", "#b3261e", "#1a56a8", "#8a6d00"
_SETTINGS_MAX_PU = 0.1


class Picture:
    """Axes from (x0, y0) to (x1, y1) with dots, lines and words in them."""

    def __init__(self, title: str, x: tuple[float, float, str], y: tuple[float, float, str]) -> None:
        """x and y are (least, most, words)."""
        self._x, self._y = x, y
        self._parts = [
            f'<text x="{_LEFT}" y="24" font-size="16">{escape(title)}</text>',
            f'<text x="{_W / 2}" y="{_H - 14}" text-anchor="middle">{escape(x[2])}</text>',
            f'<text transform="rotate(-90)" x="{-_H / 2}" y="18" text-anchor="middle">{escape(y[2])}</text>',
            f'<rect x="{_LEFT}" y="{_TOP}" width="{_W - _LEFT - _RIGHT}" height="{_H - _TOP - _BOTTOM}" '
            'fill="none" stroke="#888"/>',
        ]
        for share in np.linspace(0.0, 1.0, 6):
            at_x, at_y = x[0] + share * (x[1] - x[0]), y[0] + share * (y[1] - y[0])
            px, py = self._place(at_x, y[0])[0], self._place(x[0], at_y)[1]
            self.words(px, _H - _BOTTOM + 18, f"{at_x:.3g}", "middle")
            self.words(_LEFT - 6, py + 4, f"{at_y:.3g}", "end")

    def _place(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self._x[0]) / (self._x[1] - self._x[0])
        up = (y - self._y[0]) / (self._y[1] - self._y[0])
        return _LEFT + across * (_W - _LEFT - _RIGHT), _H - _BOTTOM - up * (_H - _TOP - _BOTTOM)

    def words(self, px: float, py: float, text: str, anchor: str = "start", colour: str = "#222") -> None:
        """Write text at a place in pixels."""
        self._parts.append(
            f'<text x="{px:.1f}" y="{py:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
        )

    def dot(self, x: float, y: float, good: bool) -> None:
        """Mark a point, filled where it is stable."""
        px, py = self._place(x, y)
        paint = f'fill="{_GOOD}"' if good else f'fill="none" stroke="{_BAD}"'
        self._parts.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3.2" {paint}/>')

    def line(self, points: list[tuple[float, float]], colour: str, name: str, row: int) -> None:
        """Draw a line through points, with its name in the legend's row."""
        path = " ".join("{:.1f},{:.1f}".format(*self._place(x, min(y, self._y[1]))) for x, y in points)
        self._parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        self.words(_W - _RIGHT - 8, _TOP + 18 + 18 * row, name, "end", colour)

    def write(self, path: Path) -> Path:
        """Write the file and return its path."""
        body = "\n".join(self._parts)
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_W} {_H}" font-family="system-ui" '
            f'font-size="12">\n<rect width="{_W}" height="{_H}" fill="white"/>\n{body}\n</svg>\n',
            encoding="utf-8",
        )
        return path


def draw_restoring(sweep: Sweep, path: Path) -> Path:
    """Draw gain over delay: stable for every droop, or not for all; the bound, and that without overshoot."""
    most = float(sweep.delays[-1])
    picture = Picture(
        "Restoration: filled is stable in the simulation of the firmware's code",
        (-0.4, most + 0.4, "delay in samples of 100 ms"),
        (0.0, 2.2, "gain a sample"),
    )
    for i, delay in enumerate(sweep.delays):
        for j, gain in enumerate(sweep.gains_pu):
            value = float(gain) * gain_bound(int(delay))
            if value <= 2.2:
                picture.dot(float(delay), value, bool(sweep.stable[:, i, j].all()))
    delays = range(int(most) + 1)
    picture.line([(d, gain_bound(d)) for d in delays], _LINE, "2 sin(pi / (2 (2 d + 1)))", 0)
    picture.line([(d, smooth_bound(d)) for d in delays], _SOFT, "no overshoot: d^d / (d + 1)^(d + 1)", 1)
    return picture.write(path)


def draw_drooping(sweep: DroopSweep, path: Path) -> Path:
    """Draw the droop that an inverter bears over its filter's cut-off, for one ratio of R to X and each X."""
    ratio = min(c.r_pu / c.x_pu for c in sweep.couplings)
    reactances = sorted({c.x_pu for c in sweep.couplings})
    cut = np.linspace(1.0, 25.0, 60)
    top = 1.3 * max(droop_bound(c) for c in sweep.couplings if np.isclose(c.r_pu / c.x_pu, ratio))
    picture = Picture(
        f"Droop: filled is stable in the simulation, lines are Routh's bound, R/X = {ratio:.2g}",
        (0.0, 25.0, "cut-off of the power filter in Hz"),
        (0.0, top, "droop, per unit"),
    )
    for k, x in enumerate(reactances):
        shade = ("#1a56a8", "#8a6d00", "#6a1b9a", "#00695c")[k % 4]
        points = [(float(f), droop_bound(Coupling(x, ratio * x, float(f)))) for f in cut]
        picture.line(points, shade, f"X = {x:.2g} pu", k)
    picture.line(
        [(0.0, _SETTINGS_MAX_PU), (25.0, _SETTINGS_MAX_PU)], "#444", "most a setting permits", len(reactances)
    )
    for i, c in enumerate(sweep.couplings):
        if np.isclose(c.r_pu / c.x_pu, ratio):
            for j, factor in enumerate(sweep.factors):
                value = float(factor) * droop_bound(c)
                if value <= top:
                    picture.dot(c.filter_hz, value, bool(sweep.simulated[i, j]))
    return picture.write(path)
