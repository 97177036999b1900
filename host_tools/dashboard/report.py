"""The report: one self-contained HTML file that opens offline, drawn with Plotly's script inside it."""

import json
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

from host_tools.dashboard import plots
from host_tools.dashboard.drawing import clock
from host_tools.dashboard.results import Building, Results
from host_tools.dashboard.table import number, sections

STATIC = Path(__file__).parent / "static"

FIGURES: tuple[tuple[Callable[[Results], plots.Figure], str, str], ...] = (
    (
        plots.transformer,
        "The transformer",
        "Its apparent power, against the same district with idle batteries. Below: how many buildings were "
        "on their own, and how many were held to an envelope by the aggregator.",
    ),
    (
        plots.balance,
        "Where the power comes from",
        "Above zero what feeds the loads: sun, discharging batteries, grid. Below zero what charges "
        "batteries or leaves the district.",
    ),
    (
        plots.timeline,
        "Every building through the outage",
        "One row a building. Some transitions last a fraction of a second: drag to zoom into them, "
        "double-click to zoom out to the whole day.",
    ),
    (
        plots.islands,
        "Inside the islands",
        "Frequency and voltage of the buildings on their own, lowest to highest of all.",
    ),
    (
        plots.closing,
        "Closing back onto the grid",
        "Phase angle across each contactor as it closed, one building after another.",
    ),
    (plots.charge, "Energy in store", "State of charge, from the emptiest battery to the fullest."),
    (plots.voltage, "Voltage on the feeder", "At the service points, while the feeder is alive."),
)
PAIRED = ("islands", "closing", "charge", "voltage")  # drawn two abreast

COLUMNS: tuple[tuple[str, str, float, int], ...] = (
    ("load kWh", "load_wh", 1e-3, 1),
    ("PV kWh", "pv_wh", 1e-3, 1),
    ("import kWh", "import_wh", 1e-3, 1),
    ("export kWh", "export_wh", 1e-3, 1),
    ("own use of PV %", "self_consumption_pu", 100, 0),
    ("charge at end %", "soc_end_pu", 100, 0),
    ("to own voltage ms", "to_island_ms", 1, 0),
    ("back after min", "reconnect_s", 1 / 60, 1),
    ("angle deg", "closing_angle_deg", 1, 1),
    ("ΔV pu", "closing_dv_pu", 1, 3),
    ("slip Hz", "closing_slip_hz", 1, 3),
    ("critical lost Wh", "critical_wh_lost", 1, 2),
    ("critical in gap Wh", "critical_wh_gap", 1, 2),
    ("shed Wh", "shed_wh", 1, 0),
    ("residual max W", "residual_w_max", 1, 0),
    ("meter bound W", "metering_bound_w", 1, 0),
    ("import counter error Wh", "import_error_wh", 1, 1),
    ("export counter error Wh", "export_error_wh", 1, 1),
)


def write(results: Results, path: Path) -> None:
    """Write the report to path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(results), encoding="utf-8")


def render(results: Results) -> str:
    """Return the report's HTML; it requests nothing from anywhere."""
    meta = results.meta
    page = Template((STATIC / "report.html").read_text(encoding="utf-8"))
    drawn = {draw.__name__: draw(results) for draw, _, _ in FIGURES}
    return page.substitute(
        title=escape(_title(results)),
        kicker=escape(f"{meta.date}, seed {meta.seed}"),
        lead=escape(_lead(results)),
        style=(STATIC / "style.css").read_text(encoding="utf-8"),
        tiles="\n".join(_tiles(results)),
        sections=_sections(),
        compare=_compare(results),
        buildings=_table([name for name, *_ in COLUMNS], map(_building, results.buildings), "building"),
        events=_events(results),
        event_count=len(results.events),
        feeder=escape(meta.feeder),
        digest=results.digest(),
        faults=_faults(results),
        run=f"{meta.virtual_s / 3600:.1f} h of virtual time, computed in {results.run.wall_s:.1f} s.",
        plotly=get_plotlyjs(),
        figures=json.dumps(drawn, sort_keys=True, allow_nan=False).replace("</", "<\\/"),
    )


def _title(results: Results) -> str:
    outages = [fault for fault in results.meta.faults if fault.kind == "outage"]
    if not outages:
        return f"{results.meta.n} buildings share one transformer"
    minutes = sum(fault.end_s - fault.start_s for fault in outages) / 60
    return f"{results.meta.n} buildings through a {minutes:.0f}-minute outage"


def _lead(results: Results) -> str:
    """Return three sentences: what was run, what happened, what to think of it."""
    meta, summary = results.meta, results.summary
    islet, idle = summary.islet, summary.baseline
    return (
        f"{meta.n} homes on one transformer of {meta.transformer_va / 1000:g} kVA live through the same day "
        "twice: once with an Islet node each, once with idle batteries. "
        f"With Islet, {number(summary.critical_wh_lost, 'Wh', 1)} of critical load goes unserved instead of "
        f"{number(idle.critical_wh_lost, 'Wh', 1)}, and the transformer peaks at "
        f"{number(islet.peak_va, 'kVA', 1, 1e-3)} instead of {number(idle.peak_va, 'kVA', 1, 1e-3)}. "
        "All of it is simulated: the firmware is the real one, the homes, inverters and feeder are not."
    )


def _tiles(results: Results) -> Iterable[str]:
    summary = results.summary
    islet, idle, money = summary.islet, summary.baseline, results.meta.currency
    angles = [abs(row.closing_angle_deg) for row in results.buildings if row.closing_angle_deg is not None]
    worst = number(max(angles, default=None), "°", 1)
    yield _tile("Critical energy not served", islet.critical_wh_lost, idle.critical_wh_lost, "Wh", 1)
    yield _words(
        "Slowest change to own voltage", number(summary.to_island_ms_max, "ms"), "loss of grid to 230 V"
    )
    yield _words("Largest angle at reconnection", worst.replace(" °", "°"), "IEEE 1547 permits 20°")
    yield _tile("Transformer peak", islet.peak_va, idle.peak_va, "kVA", 1, 1e-3)
    yield _tile("Time above the rating", islet.overload_s, idle.overload_s, "min", 0, 1 / 60)
    yield _tile("Own use of PV energy", islet.self_consumption_pu, idle.self_consumption_pu, "%", 0, 100)
    yield _tile("Cost of the day", islet.cost, idle.cost, money, 2)
    lost = number(summary.reports_lost, "lost")
    yield _words(
        "Reports", number(summary.reports_received, ""), f"{lost}, {summary.reports_backfilled:,} sent later"
    )


def _tile(
    name: str, islet: float | None, idle: float | None, unit: str, digits: int, scale: float = 1
) -> str:
    note = f"idle batteries: {number(idle, unit, digits, scale)}"
    return _words(name, number(islet, unit, digits, scale), note)


def _words(name: str, value: str, note: str) -> str:
    shown = f'<dd class="value">{escape(value)}</dd><dd class="note">{escape(note)}</dd>'
    return f'<div class="tile"><dt>{escape(name)}</dt>{shown}</div>'


def _sections() -> str:
    """Return the figures' sections, those of PAIRED two abreast."""
    wide: list[str] = []
    paired: list[str] = []
    for draw, title, words in FIGURES:
        body = f"<h2>{escape(title)}</h2><p>{escape(words)}</p>"
        html = f'<section>{body}<div class="figure" id="{draw.__name__}"></div></section>'
        (paired if draw.__name__ in PAIRED else wide).append(html)
    return "\n".join([*wide, '<div class="pair">', *paired, "</div>"])


def _compare(results: Results) -> str:
    rows: list[str] = []
    for section in sections(results):
        for place, row in enumerate(section):
            start = ' class="break"' if rows and not place else ""
            cells = "".join(f"<td>{escape(cell).replace('  ', '&emsp;')}</td>" for cell in row)
            rows.append(f"<tr{start}>{cells}</tr>")
    head = "<thead><tr><th></th><th>with Islet</th><th>idle batteries</th></tr></thead>"
    return f"{head}<tbody>{''.join(rows)}</tbody>"


def _building(row: Building) -> list[str]:
    return [row.id, *(number(getattr(row, name), "", digits, scale) for _, name, scale, digits in COLUMNS)]


def _events(results: Results) -> str:
    rows = (
        [clock(results, e.t_s)[11:], e.node, e.from_state, e.to_state, e.why.replace("_", " ")]
        for e in sorted(results.events, key=lambda event: (event.t_s, event.node))
    )
    return _table(["building", "from", "to", "why"], rows, "time")


def _faults(results: Results) -> str:
    faults = results.meta.faults
    rows = (
        [f.kind, clock(results, f.start_s)[11:19], clock(results, f.end_s)[11:19], f.note] for f in faults
    )
    inside = _table(["from", "to", "what"], rows, "fault")
    return f'<div class="scroll"><table class="words">{inside}</table></div>'


def _table(names: list[str], rows: Iterable[list[Any]], first: str) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in [first, *names])
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
