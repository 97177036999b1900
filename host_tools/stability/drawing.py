"""Two figures: where restoration is stable against its bound, and how much droop an inverter bears."""

from typing import Any

import numpy as np

from host_tools.stability.drooping import DroopSweep, droop_bound
from host_tools.stability.restoring import Sweep
from islet.base.bound import gain_bound, smooth_bound

Figure = dict[str, Any]
_GOOD, _BAD, _LINE, _SOFT, _GREY = "#1b7f3b", "#b3261e", "#1a56a8", "#8a6d00", "#444444"
_SHADES = ("#1a56a8", "#b36b00", "#6a1b9a", "#00695c")
_SETTING_PU = 0.1  # the most droop that a setting permits
_MOST = 2.2


def restoring(sweep: Sweep) -> Figure:
    """Return gain over delay: stable for every droop, or not for all; the bound, and that without overshoot."""
    good: list[tuple[float, float]] = []
    bad: list[tuple[float, float]] = []
    for i, delay in enumerate(sweep.delays):
        for j, gain in enumerate(sweep.gains_pu):
            value = float(gain) * gain_bound(int(delay))
            (good if sweep.stable[:, i, j].all() else bad).append((float(delay), value))
    delays = [int(delay) for delay in sweep.delays]
    data = [
        _line([(d, gain_bound(d)) for d in delays], "bound: 2 sin(pi / (2 (2 d + 1)))", _LINE),
        _line([(d, smooth_bound(d)) for d in delays], "no overshoot: d^d / (d + 1)^(d + 1)", _SOFT),
        _dots(good, "stable", _GOOD, "circle"),
        _dots(bad, "not stable", _BAD, "circle-open"),
    ]
    return _figure(data, "delay in samples of 100 ms", "gain a sample", [0.0, _MOST])


def drooping(sweep: DroopSweep) -> Figure:
    """Return droop over the filter's cut-off for the least ratio of R to X; a colour for each X."""
    ratio = min(c.r_pu / c.x_pu for c in sweep.couplings)
    chosen = [k for k, c in enumerate(sweep.couplings) if np.isclose(c.r_pu / c.x_pu, ratio)]
    data: list[Figure] = []
    for shade, x in zip(_SHADES, sorted({sweep.couplings[k].x_pu for k in chosen}), strict=False):
        own = [k for k in chosen if sweep.couplings[k].x_pu == x]
        bound = [(sweep.couplings[k].filter_hz, droop_bound(sweep.couplings[k])) for k in own]
        data.append(_line(sorted(bound), f"bound, X = {x:.2g} pu", shade))
        points = [
            (
                sweep.couplings[k].filter_hz,
                float(factor) * droop_bound(sweep.couplings[k]),
                sweep.simulated[k, j],
            )
            for k in own
            for j, factor in enumerate(sweep.factors)
        ]
        data.append(_dots([(a, b) for a, b, stable in points if stable], "stable", shade, "circle", False))
        data.append(
            _dots([(a, b) for a, b, stable in points if not stable], "not", shade, "circle-open", False)
        )
    ends = (min(c.filter_hz for c in sweep.couplings), max(c.filter_hz for c in sweep.couplings))
    data.append(_line([(hz, _SETTING_PU) for hz in ends], "most a setting permits", _GREY))
    return _figure(data, "cut-off of the power filter, Hz", "droop, per unit", None)


def _line(points: list[tuple[float, float]], name: str, colour: str) -> Figure:
    x, y = zip(*points, strict=True)
    return {"type": "scatter", "mode": "lines", "name": name, "x": x, "y": y, "line": {"color": colour}}


def _dots(
    points: list[tuple[float, float]], name: str, colour: str, symbol: str, told: bool = True
) -> Figure:
    x, y = zip(*points, strict=True) if points else ((), ())
    marker = {"color": colour, "symbol": symbol, "size": 7}
    return {
        "type": "scatter", "mode": "markers", "name": name, "x": x, "y": y, "marker": marker, "showlegend": told,
    }  # fmt: skip


def _figure(data: list[Figure], x: str, y: str, span: list[float] | None) -> Figure:
    axis: Figure = {"title": {"text": y}, "rangemode": "tozero"}
    if span:
        axis["range"] = span
    layout = {
        "height": 460,
        "xaxis": {"title": {"text": x}},
        "yaxis": axis,
        "margin": {"l": 60, "r": 20, "t": 20, "b": 50},
        "legend": {"x": 1, "xanchor": "right", "y": 1},
    }
    return {"data": data, "layout": layout}
