"""The final table: one screen of figures, the same district with Islet and with idle batteries."""

from rich.box import SIMPLE_HEAD
from rich.table import Table

from host_tools.dashboard.results import Results, Side, Summary

Row = tuple[str, str, str]  # quantity, with Islet, idle batteries
NONE = "-"


def final_table(results: Results) -> Table:
    """Return the table for a terminal of 80 columns; nothing in it needs colour."""
    meta = results.meta
    table = Table(
        title=f"{meta.n} buildings, {meta.date}, seed {meta.seed} (simulated)",
        caption=f"{_run_words(results)}\nresults {results.digest()[:32]}",
        box=SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("quantity", no_wrap=True, width=36)
    table.add_column("with Islet", justify="right", no_wrap=True, width=17, style="bold")
    table.add_column("idle batteries", justify="right", no_wrap=True, width=17, style="dim")
    for section in sections(results):
        for row in section:
            table.add_row(*row)
        table.add_section()
    return table


def sections(results: Results) -> list[list[Row]]:
    """Return the rows of the table by subject: homes, transformer, energy, conduct."""
    summary = results.summary
    return [
        _homes(results),
        _transformer(summary.islet, summary.baseline),
        _energy(summary.islet, summary.baseline, results.meta.currency),
        _conduct(summary),
    ]


def number(value: float | None, unit: str, digits: int = 0, scale: float = 1.0) -> str:
    """Return the value times scale with its unit, thousands apart; a dash when there is none."""
    return NONE if value is None else f"{value * scale:,.{digits}f} {unit}".rstrip()


def _homes(results: Results) -> list[Row]:
    summary, rows = results.summary, results.buildings
    angles = [abs(row.closing_angle_deg) for row in rows if row.closing_angle_deg is not None]
    returns = [row.reconnect_s for row in rows if row.reconnect_s is not None]
    lost, dark = summary.critical_wh_lost, summary.baseline.critical_wh_lost
    return [
        ("critical energy not served", number(lost, "Wh", 1), number(dark, "Wh", 1)),
        ("slowest change to own voltage", number(summary.to_island_ms_max, "ms"), NONE),
        ("largest angle at reconnection", number(max(angles, default=None), "deg", 1), NONE),
        ("last reconnection after return", number(max(returns, default=None), "min", 1, 1 / 60), NONE),
    ]


def _transformer(islet: Side, baseline: Side) -> list[Row]:
    return [
        _kva("transformer peak, quiet hours", islet.peak_va, baseline.peak_va),
        _kva("  during the outage", islet.peak_outage_va, baseline.peak_outage_va),
        _kva("  while reconnecting", islet.peak_reconnection_va, baseline.peak_reconnection_va),
        (
            "time above its rating",
            number(islet.overload_s, "min", 1, 1 / 60),
            number(baseline.overload_s, "min", 1, 1 / 60),
        ),
        ("voltage at the homes", _band(islet), _band(baseline)),
    ]


def _energy(islet: Side, baseline: Side, currency: str) -> list[Row]:
    own = [number(side.self_consumption_pu, "%", 0, 100) for side in (islet, baseline)]
    return [
        ("own use of PV energy", own[0], own[1]),
        (
            "energy bought",
            number(islet.import_wh, "kWh", 0, 1e-3),
            number(baseline.import_wh, "kWh", 0, 1e-3),
        ),
        ("cost", number(islet.cost, currency, 2), number(baseline.cost, currency, 2)),
        ("carbon", number(islet.carbon_kg, "kg", 1), number(baseline.carbon_kg, "kg", 1)),
    ]


def _conduct(summary: Summary) -> list[Row]:
    return [
        ("reports received", number(summary.reports_received, ""), NONE),
        ("  lost", number(summary.reports_lost, ""), NONE),
        ("  backfilled", number(summary.reports_backfilled, ""), NONE),
        ("  duplicates", number(summary.reports_duplicate, ""), NONE),
        ("commands issued", number(summary.commands_issued, ""), NONE),
        ("  accepted", number(summary.commands_accepted, ""), NONE),
        ("  refused", number(summary.commands_refused, ""), NONE),
        ("largest error of the power balance", number(summary.balance_error_w_max, "W", 4), NONE),
    ]


def _kva(name: str, islet: float | None, baseline: float | None) -> Row:
    return name, number(islet, "kVA", 1, 1e-3), number(baseline, "kVA", 1, 1e-3)


def _band(side: Side) -> str:
    return f"{side.v_min_pu:.3f}-{side.v_max_pu:.3f} pu"


def _run_words(results: Results) -> str:
    hours, run = results.meta.virtual_s / 3600, results.run
    return (
        f"{hours:.1f} h of virtual time in {run.wall_s:.1f} s of wall time ({run.speed:,.0f} times real time)"
    )
