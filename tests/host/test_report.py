"""Results are reproducible to the byte; table and report show them and ask nothing of the network."""

import io
import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import plotly.graph_objects as go  # type: ignore[import-untyped]
import pytest
from browser import look
from rich.console import Console
from synthetic_results import synthetic

from host_tools.dashboard.report import FIGURES, render, write
from host_tools.dashboard.results import Results, Run, plain
from host_tools.dashboard.table import final_table


def test_equal_runs_give_equal_bytes_and_the_computer_does_not_count() -> None:
    """The digest covers the numbers, not how long it took."""
    first, second = synthetic(), synthetic()
    assert first.to_json() == second.to_json()
    second.run = Run(wall_s=1.0, speed=86_400.0)
    assert first.digest() == second.digest()
    assert first.to_json() != second.to_json()


def test_one_changed_number_changes_the_digest() -> None:
    """Also deep inside a curve, as long as it is in the decimals that are kept."""
    first, second = synthetic(), synthetic()
    second.series.load_w[700] = (second.series.load_w[700] or 0.0) + 0.001
    assert first.digest() != second.digest()


def test_numbers_are_plain_rounded_and_honest() -> None:
    """By hand: four decimals, unknown is null, no minus zero, arrays opened, integers untouched."""
    odd = {
        "a": 1.23456,
        "b": math.nan,
        "c": -1e-9,
        "d": np.array([0.5, math.nan]),
        "e": np.int64(7),
        "f": (True, 3),
    }
    text = json.dumps(plain(odd))
    assert text == '{"a": 1.2346, "b": null, "c": 0.0, "d": [0.5, null], "e": 7, "f": [true, 3]}'
    with pytest.raises(ValueError, match="infinite"):
        plain([math.inf])


def test_file_returns_what_was_saved(tmp_path: Path) -> None:
    """Save, load, save: the same bytes."""
    path = tmp_path / "deep" / "results.json"
    synthetic().save(path)
    again = Results.load(path)
    assert again.to_json() == path.read_text()
    assert again.buildings[3].id == "b04"
    assert again.summary.baseline.peak_va == 118_000


def test_changed_or_foreign_file_is_refused(tmp_path: Path) -> None:
    """A figure changed by hand no longer fits the digest."""
    path = tmp_path / "results.json"
    path.write_text(synthetic().to_json().replace('"peak_va":61000', '"peak_va":16000'))
    with pytest.raises(ValueError, match="digest"):
        Results.load(path)
    path.write_text("{}")
    with pytest.raises(ValueError, match="not islet-results-1"):
        Results.load(path)


def test_short_curve_is_refused() -> None:
    """Every curve is as long as the time."""
    results = synthetic()
    results.series.pv_w.pop()
    with pytest.raises(ValueError, match="pv_w"):
        results.digest()


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_table_is_readable_in_80_columns_without_colour(encoding: str) -> None:
    """No line is longer, no cell cut, and a row pairs both districts."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding)
    Console(file=out, width=80, color_system=None).print(final_table(synthetic()))
    out.flush()
    lines = raw.getvalue().decode(encoding).splitlines()
    assert max(map(len, lines)) <= 80
    assert any(re.search(r"critical energy not served\W+0\.0 Wh\W+4,310\.0 Wh", line) for line in lines)
    assert any(re.search(r"while reconnecting\W+48\.0 kVA\W+112\.0 kVA", line) for line in lines)
    assert not any("…" in line for line in lines)


@pytest.mark.parametrize("draw", [draw for draw, _, _ in FIGURES], ids=lambda draw: draw.__name__)
def test_plotly_knows_every_property(draw: Callable[[Results], dict[str, object]]) -> None:
    """Plotly's own validators accept the figure, and it has traces with data."""
    figure = go.Figure(draw(synthetic()))
    assert sum(len(trace.x) for trace in figure.data) >= 17


def test_timeline_bars_tile_the_day() -> None:
    """By the events: the bars of one building follow each other without gap and fill 24 h."""
    timeline = next(draw for draw, _, _ in FIGURES if draw.__name__ == "timeline")
    traces = timeline(synthetic())["data"]
    mine = [w for trace in traces for name, w in zip(trace["y"], trace["x"], strict=True) if name == "b05"]
    assert len(mine) == 8  # seven transitions
    assert sum(mine) == pytest.approx(86_400_000, abs=8)


def test_report_asks_nothing_of_the_network() -> None:
    """No element of the page loads anything, and the page's own policy would forbid it."""
    page = render(synthetic())
    assert not re.search(r"""<(script|link|img|iframe|source)\b[^>]*\b(src|href)\s*=""", page)
    own = page.replace(re.findall(r"<script>\n(.*?)</script>", page, re.DOTALL)[0], "")
    assert len(own) < len(page) / 2
    assert not re.search(r"https?:|@import|url\(", own)
    assert "default-src 'none'" in own


def test_report_of_a_seed_is_reproducible_but_for_the_run() -> None:
    """Only the footer knows the computer."""
    first, second = render(synthetic()).splitlines(), render(replace(synthetic(), run=Run())).splitlines()
    assert [line for line, other in zip(first, second, strict=True) if line != other] == [
        "<footer>24.0 h of virtual time, computed in 42.0 s.</footer>"
    ]


def test_words_from_outside_are_escaped() -> None:
    """A note or a reason that looks like HTML is shown, not obeyed, in tables and figures."""
    results = synthetic()
    results.meta.faults[0].note = results.events[0].why = "</script><b>boo</b>"
    page = render(results)
    assert "<b>boo" not in page.replace("<\\/script><b>boo<\\/b>", "")
    assert "&lt;b&gt;boo" in page


@pytest.mark.needs("chromium")
def test_browser_draws_every_figure(tmp_path: Path, program: Callable[[str], str]) -> None:
    """Headless Chromium runs the page from a file: all figures stand in it."""
    write(synthetic(), tmp_path / "report.html")
    dom = look(program("chromium"), (tmp_path / "report.html").as_uri())
    assert f'data-drawn="{len(FIGURES)}"' in dom
    assert len(re.findall(r'class="plot-container', dom)) == len(FIGURES)


def test_quiet_day_without_outage_has_a_report_too() -> None:
    """Nothing islanded: no windows, dashes instead of times."""
    results = synthetic()
    results.meta.faults, results.events = [], []
    results.summary.reconnection_start_s = results.summary.to_island_ms_max = None
    for row in results.buildings:
        row.to_island_ms = row.reconnect_s = row.closing_angle_deg = None
    for curve in ("island_min_hz", "island_max_hz", "island_v_min_pu", "island_v_max_pu"):
        setattr(results.series, curve, [None] * 1440)
    page = render(results)
    assert "17 buildings share one transformer" in page
    assert all(go.Figure(draw(results)) for draw, _, _ in FIGURES)
