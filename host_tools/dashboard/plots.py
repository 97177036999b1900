"""The figures of the report as plain Plotly dictionaries: what is drawn, without any wall-clock in it."""

from typing import Any

from host_tools.dashboard import drawing as draw
from host_tools.dashboard.drawing import BLUE, GREEN, GREY, ORANGE, PINK, RED, SKY
from host_tools.dashboard.results import Building, Event, Results

Figure = dict[str, Any]
Bar = tuple[str, str, float, float, str]  # state, building, start_s, end_s, why

STATE_COLOURS = {
    "GRID": "#b4bcc6",
    "OPENING": "#d13438",
    "FORMING": ORANGE,
    "ISLAND": GREEN,
    "RESYNC": PINK,
    "CLOSING": "#8a5fd0",
    "SOFT_RETURN": SKY,
    "BLACK_START": "#d6c52b",
    "FAULT": "#7a1f1f",
}
LIMIT_DEG = 20.0  # IEEE 1547-2018 table 5, up to 500 kVA


def transformer(results: Results) -> Figure:
    """Apparent power with and without Islet against the rating; below, islands and envelopes in force."""
    x, series = draw.times(results), results.series
    data = [
        draw.line(x, draw.scaled(series.baseline_va, 1e-3), "idle batteries", RED, width=1.5, dash="dot"),
        draw.line(x, draw.scaled(series.transformer_va, 1e-3), "with Islet", BLUE, width=2.5),
        draw.line(x, series.islanded, "islanded", GREEN, yaxis="y2", fill="tozeroy", shape="hv"),
        draw.line(x, series.envelopes, "under an envelope", PINK, yaxis="y2", shape="hv"),
    ]
    rating = results.meta.transformer_va / 1000
    layout = draw.layout(
        yaxis=draw.axis("kVA", domain=[0.3, 1], rangemode="tozero"),
        yaxis2=draw.axis("buildings", domain=[0, 0.2], rangemode="tozero", nticks=4),
        shapes=[*draw.windows(results), draw.level(rating)],
        annotations=[*draw.window_names(results), draw.level_name(rating, f"rating {rating:g} kVA")],
    )
    layout["xaxis"]["anchor"] = "y2"
    return {"data": data, "layout": layout}


def balance(results: Results) -> Figure:
    """Where the district's power comes from (up) and where it goes besides the loads (down)."""
    x, series = draw.times(results), results.series
    data = []
    for name, curve, colour in (
        ("PV", series.pv_w, ORANGE),
        ("battery", series.battery_w, GREEN),
        ("grid", series.grid_w, BLUE),
    ):
        for sign in (1, -1):
            part = [None if v is None else sign * max(0.0, sign * v) for v in draw.scaled(curve, 1e-3)]
            if any(part):
                data.append(
                    draw.line(x, part, name, colour, width=0, stackgroup="up" if sign > 0 else "down")
                )
                data[-1].update(legendgroup=name, showlegend=not any(d["name"] == name for d in data[:-1]))
    data.append(draw.line(x, draw.scaled(series.load_w, 1e-3), "load", GREY, width=2))
    layout = draw.layout(
        yaxis=draw.axis("kW"), shapes=draw.windows(results), annotations=draw.window_names(results)
    )
    return {"data": data, "layout": layout}


def charge(results: Results) -> Figure:
    """State of charge: the mean of all batteries inside the span from the emptiest to the fullest."""
    series = results.series
    bands = (series.soc_min_pu, series.soc_max_pu, series.soc_mean_pu)
    low, high, mean = (draw.scaled(band, 100) for band in bands)
    data = draw.fan(draw.times(results), low, high, "of all batteries", GREEN)
    data.append(draw.line(draw.times(results), mean, "mean", GREEN, width=2.5))
    layout = draw.layout(
        yaxis=draw.axis("% of capacity", range=[0, 102]),
        shapes=draw.windows(results),
        annotations=draw.window_names(results),
    )
    return {"data": data, "layout": layout}


def voltage(results: Results) -> Figure:
    """Lowest and highest voltage at any service point while the feeder is alive."""
    series = results.series
    data = draw.fan(draw.times(results), series.v_min_pu, series.v_max_pu, "voltage", BLUE)
    layout = draw.layout(
        yaxis=draw.axis("pu of 230 V"),
        shapes=[*draw.windows(results), draw.level(0.9), draw.level(1.1)],
        annotations=[
            *draw.window_names(results),
            draw.level_name(0.9, "limits of EN 50160"),
        ],
    )
    return {"data": data, "layout": layout}


def islands(results: Results) -> Figure:
    """Frequency and voltage inside the islands around the outage."""
    x, series = draw.times(results), results.series
    data = draw.fan(x, series.island_min_hz, series.island_max_hz, "frequency", GREEN)
    data += draw.fan(x, series.island_v_min_pu, series.island_v_max_pu, "voltage", BLUE, yaxis="y2")
    layout = draw.layout(
        yaxis=draw.axis("Hz", domain=[0.56, 1]),
        yaxis2=draw.axis("pu of 230 V", domain=[0, 0.44]),
        shapes=draw.windows(results),
        annotations=draw.window_names(results),
    )
    layout["xaxis"].update(anchor="y2", range=draw.zoom(results))
    return {"data": data, "layout": layout}


def timeline(results: Results) -> Figure:
    """The state of every building as coloured bars, zoomed on the outage; the day is there to pan to."""
    data = []
    for state, colour in STATE_COLOURS.items():
        bars = [bar for row in results.buildings for bar in _bars(results, row) if bar[0] == state]
        if bars:
            data.append(_state_trace(results, state, colour, bars))
    layout = draw.layout(
        barmode="overlay",
        bargap=0.25,
        height=110 + 19 * len(results.buildings),
        yaxis={"autorange": "reversed", "type": "category", "dtick": 1, "showgrid": False},
        hovermode="closest",
    )
    layout["xaxis"]["range"] = draw.zoom(results)
    return {"data": data, "layout": layout}


def closing(results: Results) -> Figure:
    """The phase angle across each contactor at the moment it closed, against what IEEE 1547 permits."""
    rows = [
        row for row in results.buildings if row.reconnect_s is not None and row.closing_angle_deg is not None
    ]
    trace = {
        "type": "scatter",
        "mode": "markers",
        "name": "contactor closes",
        "x": [round((row.reconnect_s or 0.0) / 60, 4) for row in rows],
        "y": [row.closing_angle_deg for row in rows],
        "text": [_closing_words(row) for row in rows],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"size": 11, "color": BLUE, "line": {"width": 1, "color": "#ffffff"}},
    }
    limits = [draw.level(LIMIT_DEG), draw.level(-LIMIT_DEG)]
    layout = draw.layout(
        yaxis=draw.axis("degrees", range=[-24, 24], dtick=10),
        shapes=limits,
        annotations=[draw.level_name(LIMIT_DEG, "IEEE 1547 limit 20°"), draw.level_name(-LIMIT_DEG, "−20°")],
        hovermode="closest",
        showlegend=False,
        margin={"l": 58, "r": 14, "t": 20, "b": 48},
    )
    layout["xaxis"] = draw.axis("minutes after the grid returned", rangemode="tozero")
    return {"data": [trace], "layout": layout}


def _closing_words(row: Building) -> str:
    return f"{row.id}: {row.closing_angle_deg:.1f}°, ΔV {row.closing_dv_pu} pu, slip {row.closing_slip_hz} Hz"


def _bars(results: Results, row: Building) -> list[Bar]:
    """Return the bars of a building, from its transitions."""
    mine: list[Event] = sorted((e for e in results.events if e.node == row.id), key=lambda event: event.t_s)
    first = float(results.series.t_s[0] or 0.0) if results.series.t_s else 0.0
    starts = [first, *(event.t_s for event in mine)]
    ends = [*starts[1:], first + results.meta.virtual_s]
    states = [mine[0].from_state if mine else "GRID", *(event.to_state for event in mine)]
    whys = ["start", *(event.why for event in mine)]
    return [(s, row.id, a, b, why) for s, a, b, why in zip(states, starts, ends, whys, strict=True)]


def _state_trace(results: Results, state: str, colour: str, bars: list[Bar]) -> Figure:
    return {
        "type": "bar",
        "orientation": "h",
        "name": state,
        "y": [bar[1] for bar in bars],
        "base": [draw.clock(results, bar[2]) for bar in bars],
        "x": [round(1000 * (bar[3] - bar[2])) for bar in bars],
        "text": [f"{bar[1]} {state} for {bar[3] - bar[2]:.1f} s: {bar[4]}" for bar in bars],
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"color": colour, "line": {"width": 0.6, "color": colour}},
    }
