"""Readings and summary for people, and as JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from math import isfinite
from typing import Any

from host_tools.replay.reading import CurrentReading, Reading, VoltageReading
from host_tools.replay.runner import Summary
from host_tools.replay.watch import EventReading, FindingReading

NONE = "-"
DIGITS = {  # of the numbers in JSON, by the unit their name ends in
    "v": 4,
    "a": 5,
    "w": 3,
    "var": 3,
    "va": 3,
    "wh": 4,
    "hz": 5,
    "s": 6,
    "pu": 5,
    "rad": 5,
    "factor": 5,
    "max": 5,
    "min": 5,
}


def json_line(reading: Reading) -> str:
    """Return a reading as one JSON object; what is not known is null."""
    return json.dumps(_rounded(asdict(reading)), allow_nan=False)


def summary_json(summary: Summary) -> str:
    """Return the last line: one JSON object with the key `summary`."""
    return json.dumps({"summary": _rounded(asdict(summary))}, allow_nan=False)


def _rounded(value: Any, unit: str = "") -> Any:
    if isinstance(value, dict):
        channels = unit in ("min", "max")
        return {
            key: _rounded(inner, unit if channels else key.rpartition("_")[2]) for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_rounded(inner, unit) for inner in value]
    if isinstance(value, float):
        return round(value, DIGITS.get(unit, 6)) if isfinite(value) else None
    return value


def text_lines(reading: Reading) -> Iterator[str]:
    """Yield a reading for people: a line of its own, then one a channel."""
    lost = f"   {reading.lost_sets} sets lost before" if reading.lost_sets else ""
    yield (
        f"{_moment(reading)}  {_number(reading.hz, 'Hz', 4, 8)}  {_number(reading.rocof_hz_per_s, 'Hz/s', 3, 7)}"
        f"  {_energy(reading)}{lost}".rstrip()
    )
    yield from _channels(reading)
    yield from (f"  event: {event_words(event)}" for event in reading.events)
    yield from (f"  finding: {finding_words(finding)}" for finding in reading.findings)


def summary_lines(summary: Summary) -> Iterator[str]:
    """Yield the summary for people."""
    mean = summary.mean
    yield (
        f"summary: {summary.measured_s:,.3f} s measured, {summary.rows:,} rows, {summary.windows:,} windows; "
        f"{summary.lost_sets:,} sets lost in {summary.gaps:,} gaps, {summary.unmeasured_sets:,} not measured"
    )
    yield (
        f"  frequency  {_number(mean.hz, 'Hz', 4, 8)}, from {_number(summary.hz_min, 'Hz', 4)} "
        f"to {_number(summary.hz_max, 'Hz', 4)}"
    )
    if mean.grid_w is not None:
        yield f"  grid       {mean.grid_w:.2f} W  {_energy(mean)}"
    yield from _channels(mean, summary)
    yield from (f"  event: {event_words(event)}" for event in mean.events)
    yield from (f"  finding: {finding_words(finding)}" for finding in mean.findings)
    if summary.events_count is None:
        yield "  no events looked for: they are of grid voltages, and there is none"
    elif not mean.events:
        yield "  no sag, swell or interruption of a grid voltage"
    if not mean.findings:
        yield "  nothing found by the self-checks"


def event_words(event: EventReading) -> str:
    """Return an event as one line."""
    when = event.time or f"at {event.begin_s:.3f} s"
    ends = "goes on at the end" if event.ongoing else f"lasted {event.duration_s:.3f} s"
    early = ", there from the start" if event.from_start else ""
    unseen = f", {event.unseen_s:.3f} s of it not seen" if event.unseen_s else ""
    extreme = "highest" if event.event == "swell" else "lowest"
    return (
        f"{event.ieee_1159} ({event.en_50160}) on {', '.join(event.channels)} {when}, {ends} "
        f"(+-{event.unsure_s:.3f} s{unseen}{early}), {extreme} {event.extreme_v:.2f} V"
    )


def finding_words(finding: FindingReading) -> str:
    """Return a finding as one line."""
    place = f" on {finding.channel}" if finding.channel else ""
    when = f"from {finding.time}" if finding.time else f"from {finding.since_s:.3f} s on"
    gone = "" if finding.stands else ", gone at the end"
    return f"{finding.code}{place} {when}{gone}, evidence {finding.evidence:.4g}"


def _channels(reading: Reading, summary: Summary | None = None) -> Iterator[str]:
    for name, voltage in reading.voltages.items():
        span = "" if summary is None else f"  from {_span(summary, name)} V"
        yield f"  {name:<16} {_voltage(voltage)}{span}"
    for name, current in reading.currents.items():
        yield f"  {name:<16} {_current(current)}"


def _span(summary: Summary, name: str) -> str:
    low, high = summary.rms_v_min[name], summary.rms_v_max[name]
    return f"{_number(low, '', 2)} to {_number(high, '', 2)}"


def _voltage(voltage: VoltageReading) -> str:
    return f"{voltage.rms_v:9.3f} V  THD {_percent(voltage.thd_pu)}"


def _current(current: CurrentReading) -> str:
    return (
        f"{current.rms_a:9.4f} A  {current.active_w:10.2f} W  {current.reactive_var:10.2f} var  "
        f"{current.apparent_va:10.2f} VA  PF {_number(current.power_factor, '', 4, 7)}  "
        f"THD {_percent(current.thd_pu)}"
    )


def _percent(value_pu: float | None) -> str:
    return _number(None if value_pu is None else 100.0 * value_pu, "%", 2, 6)


def _energy(reading: Reading) -> str:
    if reading.import_wh is None:
        return ""
    return f"import {reading.import_wh:,.3f} Wh  export {reading.export_wh or 0.0:,.3f} Wh"


def _moment(reading: Reading) -> str:
    return f"{reading.t_s:.3f} s" if reading.time is None else f"{reading.t_s:.3f} s  {reading.time}"


def _number(value: float | None, unit: str, digits: int, width: int = 0) -> str:
    return f"{NONE if value is None else f'{value:.{digits}f}':>{width}} {unit}".rstrip()
