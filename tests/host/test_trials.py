"""Randomised trials in a short form: what is drawn keeps its own rules, and the firmware passes it."""

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from host_tools.dashboard import page
from host_tools.errors import InputError
from host_tools.hil.trials import openings, reclosings, zone
from host_tools.hil.trials.disturbances import CODES, Draw
from host_tools.hil.trials.openings import Opening
from islet.names import ABOVE, BELOW, TRIP_HZ, TRIP_V

SEED = 7


def draw(code: str) -> Draw:
    return Draw(code, np.random.default_rng(SEED))


def test_times_of_the_standards() -> None:
    """IEEE 1547-2018 tables 12, 13, 15 and 16, VDE-AR-N 4105; 60 Hz scaled to 50."""
    second, third, german = draw("ieee1547_2"), draw("ieee1547_3"), draw("vde4105")
    assert second.ride_ms(TRIP_V, BELOW, 0.65) == pytest.approx(3000.0, abs=2.0)
    assert second.ride_ms(TRIP_V, BELOW, 0.80) == pytest.approx(3000.0 + 8700.0 * 0.15, abs=2.0)
    assert second.clear_ms(TRIP_V, BELOW, 0.40) == 160.0
    assert second.clear_ms(TRIP_V, BELOW, 0.60) == 10_000.0
    assert third.ride_ms(TRIP_V, BELOW, 0.60) == 10_000.0
    assert third.clear_ms(TRIP_V, BELOW, 0.30) == 2000.0
    assert third.clear_ms(TRIP_V, ABOVE, 1.15) == 13_000.0
    assert third.clear_ms(TRIP_HZ, ABOVE, 52.0) == 160.0
    assert german.clear_ms(TRIP_V, BELOW, 0.60) == 3000.0
    assert german.clear_ms(TRIP_HZ, BELOW, 47.0) == 100.0


def test_fast_transfer_opens_at_once_below_its_voltage_alone() -> None:
    site = draw("site")
    assert site.ride_ms(TRIP_V, BELOW, 0.49) == 0.0
    assert site.clear_ms(TRIP_V, BELOW, 0.49) == 20.0 + 20.0 + 2.0  # a cycle, the contactor, its jitter
    assert site.ride_ms(TRIP_V, BELOW, 0.60) == 2000.0


@pytest.mark.parametrize("code", CODES)
def test_what_is_drawn_is_what_the_code_says(code: str) -> None:
    source = draw(code)
    for _ in range(100):
        ridden, fatal = source.ridden(), source.fatal()
        assert ridden.ridden
        assert not fatal.ridden
        lowest = min(pu for _, pu in ridden.volts)
        if lowest < 0.999 and ridden.kind != "motor start":
            (begin, _), *_, (end, _) = ridden.volts
            assert end - begin <= source.ride_ms(TRIP_V, BELOW, lowest)
    again = draw(code)
    assert again.ridden() == draw(code).ridden()


def test_disturbances_are_ridden_through_or_open_in_time() -> None:
    trials = openings.drawn(18, SEED, fatal=False) + openings.drawn(18, SEED, fatal=True)
    found = [one for k, group in enumerate(openings.batches(trials)) for one in openings.play(group, k)]
    assert len(found) == 36
    assert [one for one in found if not one.passed] == []
    dead = [one.suspect_ms for one in found if one.trial.dead]
    assert dead
    assert all(ms is not None and 0.0 < ms <= 20.0 for ms in dead)


def test_a_trial_can_fail() -> None:
    """A dead grid that should have been ridden through, and one that should have opened sooner than a cycle."""
    trial = next(one for one in openings.drawn(60, SEED, fatal=True) if one.dead)
    played = openings.play([trial], SEED)[0]
    assert played.passed
    assert not Opening(replace(trial, open_ms=None), *_of(played)).passed
    assert not Opening(replace(trial, open_ms=1.0), *_of(played)).passed
    assert not Opening(trial, None, None, "", "none").passed


def _of(one: Opening) -> tuple[float | None, float | None, str, str]:
    return one.suspect_ms, one.open_ms, one.by, one.why


def test_reclosings_are_smooth() -> None:
    results = asyncio.run(reclosings.play(reclosings.drawn(4, SEED)))
    assert [one.error for one in results] == [""] * 4
    assert [one.name for one in results if not one.passed] == []
    assert all(one.measured["closings"] == 1.0 for one in results)


def test_a_balanced_feeder_is_found_when_its_inverters_search() -> None:
    """IEEE 1547-2018, 8.1: within two seconds. Without the search the middle of the zone is not found."""
    found = zone.sweep(active=True, count=3)
    assert found.balanced_ms <= 2000.0
    blind = zone.sweep(active=False, count=3)
    assert np.isinf(blind.found_ms[1, 1])
    assert "not all of it" in zone.words(blind)
    figure = zone.figure(blind)
    assert figure["data"][0]["z"][1][1] is None


def test_a_page_opens_offline_and_says_where_it_cannot_be_written(tmp_path: Path) -> None:
    figure = {"data": [], "layout": {"title": {"text": "</script>"}}}
    page.write(tmp_path / "new" / "page.html", "a < b", [("h", "words & more", figure)])
    text = (tmp_path / "new" / "page.html").read_text(encoding="utf-8")
    assert "<h1>a &lt; b</h1>" in text
    assert "words &amp; more" in text
    assert '"text": "<\\/script>"' in text
    assert "<script src" not in text
    with pytest.raises(InputError, match="cannot be written"):
        page.write(tmp_path, "t", [])
