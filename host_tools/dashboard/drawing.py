"""Parts of figures: lines, bands, limits, shaded windows and the common layout, as Plotly dictionaries."""

from datetime import datetime, timedelta
from typing import Any

from host_tools.dashboard.results import Curve, Results

Part = dict[str, Any]

# Okabe and Ito's colours, shifted where needed to stand on white and on near-black alike.
BLUE = "#2f86c9"
ORANGE = "#e69f00"
GREEN = "#12a27c"
RED = "#dd6327"
PINK = "#c877a6"
SKY = "#6fbfe8"
GREY = "#8b949e"
ZOOM_S = 600.0  # shown before the outage and after the reconnection


def clock(results: Results, t_s: float) -> str:
    """Return local time of the run as an ISO string, to the millisecond."""
    moment = datetime.fromisoformat(results.meta.date) + timedelta(seconds=t_s)
    return moment.isoformat(timespec="milliseconds")


def times(results: Results) -> list[str]:
    """Return the minutes of the series as ISO strings."""
    return [clock(results, t_s or 0.0).removesuffix(".000") for t_s in results.series.t_s]


def scaled(curve: Curve, factor: float) -> Curve:
    """Return the curve times factor, gaps kept."""
    return [None if value is None else round(value * factor, 4) for value in curve]


def line(x: list[str], y: Curve, name: str, colour: str, width: float = 1.5, **more: Any) -> Part:
    """Return a curve; more goes to the trace (dash and shape to its line)."""
    style = {"color": colour, "width": width}
    style.update({key: more.pop(key) for key in ("dash", "shape") if key in more})
    return {"type": "scatter", "mode": "lines", "name": name, "x": x, "y": y, "line": style, **more}


def fan(x: list[str], low: Curve, high: Curve, name: str, colour: str, **more: Any) -> list[Part]:
    """Return a band from low to high that breaks where there is no value."""
    ring_x: list[str | None] = []
    ring_y: Curve = []
    for start, end in _runs(low, high):
        ring_x += [*x[start:end], *reversed(x[start:end]), None]
        ring_y += [*low[start:end], *reversed(high[start:end]), None]
    band = {"x": ring_x, "y": ring_y, "fill": "toself", "fillcolor": colour + "44", "hoverinfo": "skip"}
    edges = [
        line(x, edge, words, colour, 1, showlegend=False, **more)
        for edge, words in ((high, f"highest {name}"), (low, f"lowest {name}"))
    ]
    return [{**line(x, low, name, colour, 0, **more), **band}, *edges]


def windows(results: Results) -> list[Part]:
    """Return the shaded outage and reconnection."""
    return [
        {
            "type": "rect",
            "xref": "x",
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "x0": clock(results, start_s),
            "x1": clock(results, end_s),
            "fillcolor": colour,
            "opacity": 0.13,
            "line": {"width": 0},
            "layer": "below",
        }
        for _, start_s, end_s, colour in _spans(results)
    ]


def window_names(results: Results) -> list[Part]:
    """Return the names above the shaded windows, each growing away from the boundary the two share."""
    return [
        {
            "x": clock(results, end_s if name == "outage" else start_s),
            "xanchor": "right" if name == "outage" else "left",
            "y": 1,
            "yref": "paper",
            "yanchor": "bottom",
            "xshift": -5 if name == "outage" else 5,
            "text": name,
            "showarrow": False,
            "font": {"size": 11.5},
        }
        for name, start_s, end_s, _ in _spans(results)
    ]


def level(y: float) -> Part:
    """Return a dashed limit line across the figure."""
    style = {"color": RED, "width": 1.2, "dash": "dash"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": style}


def axis(title: str, **more: Any) -> Part:
    """Return a vertical axis with its title."""
    return {"title": {"text": title, "font": {"size": 12.5}}, **more}


def level_name(y: float, text: str) -> Part:
    """Return the name of a limit, above its left end."""
    return {
        "xref": "paper",
        "x": 0.004,
        "xanchor": "left",
        "y": y,
        "yanchor": "bottom",
        "text": text,
        "showarrow": False,
        "font": {"size": 11.5},
    }


def zoom(results: Results) -> list[str] | None:
    """Return the time range around outage and reconnection, or None without an outage."""
    spans = _spans(results)
    if not spans:
        return None
    return [clock(results, spans[0][1] - ZOOM_S), clock(results, spans[-1][2] + ZOOM_S)]


def layout(**more: Any) -> Part:
    """Return the common layout: transparent, a time axis, the legend on top, readable without colour."""
    common: Part = {
        "height": 340,
        "margin": {"l": 58, "r": 14, "t": 54, "b": 30},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 13},
        "legend": {"orientation": "h", "x": 0, "yref": "container", "y": 0.99, "yanchor": "top"},
        "hovermode": "x unified",
        "xaxis": {
            "type": "date",
            "tickformat": "%H:%M",
            "hoverformat": "%H:%M:%S",
            "showgrid": False,
            "ticks": "outside",
            "ticklen": 7,
            "tickcolor": "rgba(0,0,0,0)",
        },
    }
    return {**common, **more}


def _spans(results: Results) -> list[tuple[str, float, float, str]]:
    """Return (name, start_s, end_s, colour) of each shaded window."""
    spans = [("outage", f.start_s, f.end_s, RED) for f in results.meta.faults if f.kind == "outage"]
    start_s, end_s = results.summary.reconnection_start_s, results.summary.reconnection_end_s
    if start_s is not None and end_s is not None:
        spans.append(("reconnection", start_s, end_s, BLUE))
    return spans


def _runs(low: Curve, high: Curve) -> list[tuple[int, int]]:
    """Return (start, end) of each stretch where both curves have values."""
    both = [a is not None and b is not None for a, b in zip(low, high, strict=True)]
    starts = [i for i, there in enumerate(both) if there and (i == 0 or not both[i - 1])]
    ends = [i + 1 for i, there in enumerate(both) if there and (i + 1 == len(both) or not both[i + 1])]
    return list(zip(starts, ends, strict=True))
