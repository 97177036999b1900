"""A case drawn: frequency, voltages, powers and states over time, as a page that opens offline."""

import json
from html import escape
from pathlib import Path
from typing import Any

from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

from host_tools.dashboard.drawing import BLUE, GREEN, GREY, ORANGE, RED
from host_tools.dashboard.plots import STATE_COLOURS
from host_tools.errors import InputError
from host_tools.hil.case_output import words
from host_tools.hil.case_result import Result
from host_tools.hil.case_trace import Trail

_PAGE = """<!doctype html><meta charset="utf-8"><title>{title}</title>
<style>body{{font:15px system-ui;margin:1.5rem;max-width:75rem}}td,th{{padding:.15rem .7rem;text-align:left}}
.no{{color:#b3261e;font-weight:600}}</style><h1>{title}</h1><p>{verdict}</p><div id="plot"></div>
<table><tr><th>figure<th>measured<th>limit<th>source{rows}</table>
<script>{script}</script><script>Plotly.newPlot("plot",{figure})</script>
"""
NAMED_SHARE = 0.05  # of the case that a state must last for its name to have room
_CURVES = (  # column, words, colour, axis
    ("bus_hz", "frequency of the bus", GREEN, "y"),
    ("bus_pu", "bus voltage, lowest phase", GREEN, "y2"),
    ("grid_pu", "grid voltage, lowest phase", BLUE, "y2"),
    ("grid_w", "grid", BLUE, "y3"),
    ("pv_w", "PV", ORANGE, "y3"),
    ("battery_w", "battery", GREEN, "y3"),
    ("load_w", "load", GREY, "y3"),
    ("soc_pu", "charge", RED, "y4"),
)
_AXES = (
    ("yaxis", "Hz", 0.78, 1.0),
    ("yaxis2", "pu", 0.54, 0.74),
    ("yaxis3", "W", 0.2, 0.5),
    ("yaxis4", "pu", 0.0, 0.16),
)


def write(result: Result, trail: Trail, folder: Path) -> Path:
    """Write folder/NAME.html and return its path; InputError when that cannot be."""
    path = folder / f"{result.name}.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(render(result, trail), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}).") from error
    return path


def render(result: Result, trail: Trail) -> str:
    """Return the page."""
    rows = "".join(
        f"<tr{'' if check.passed else ' class=no'}><td>{check.name}<td>{escape(words(check.measured, check.unit))}"
        f"<td>{check.op} {escape(words(check.value, check.unit))}<td>{escape(check.source)}"
        for check in result.limits
    )
    return _PAGE.format(
        title=escape(result.title),
        verdict=f"{escape(result.name)}: {'passed' if result.passed else 'failed'} on {result.rig}",
        rows=rows,
        script=get_plotlyjs(),
        figure=json.dumps(figure(result, trail)),
    )


def figure(result: Result, trail: Trail) -> dict[str, Any]:
    """Return the figure as Plotly's dictionary."""
    t_s = trail.column("t_s")
    data = [
        {
            "type": "scatter", "mode": "lines", "name": name, "x": t_s, "y": trail.column(column),
            "yaxis": axis, "line": {"color": colour, "width": 1.5},
        }
        for column, name, colour, axis in _CURVES
    ]  # fmt: skip
    layout: dict[str, Any] = {
        "height": 900,
        "hovermode": "x unified",
        "xaxis": {"title": {"text": "s"}, "anchor": "y4"},
        "shapes": _states(result),
        "margin": {"l": 60, "r": 20, "t": 30, "b": 40},
    }
    for name, unit, low, high in _AXES:
        layout[name] = {"title": {"text": unit}, "domain": [low, high]}
    return {"data": data, "layout": layout}


def _states(result: Result) -> list[dict[str, Any]]:
    """Return the states as coloured spans behind all curves."""
    ends = [change.t_s for change in result.path[1:]] + [result.virtual_s]
    return [
        {
            "type": "rect", "xref": "x", "yref": "paper", "x0": change.t_s, "x1": end, "y0": 0, "y1": 1,
            "fillcolor": STATE_COLOURS[change.state], "opacity": 0.18, "line": {"width": 0},
            "label": {
                "text": change.state if end - change.t_s > NAMED_SHARE * result.virtual_s else "",
                "textposition": "top left", "font": {"size": 10},
            },
        }
        for change, end in zip(result.path, ends, strict=True)
    ]  # fmt: skip
