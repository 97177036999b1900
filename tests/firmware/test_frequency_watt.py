"""Frequency-watt on the grid: OpenDER's figure, IEEE 1547-2018 6.5.2.7 and LFSM by hand, and its response."""

from island_world import Hand, settings

from islet.base.curves import LFSM
from islet.control.band import Band
from islet.control.frequency_watt import FrequencyWatt, frequency_watt
from islet.names import R_DROOP, R_RATING, SUSPECT


def near(got, wanted, tolerance):
    return abs(got - wanted) <= tolerance


def test_equals_openders_figure():
    # 10 kW plant at 8 kW, 60.5 Hz, db 0.036 Hz, k 0.05: 8000 - 10000 * (60.5 - 60.036) / 3 = 6453.33 W
    assert near(frequency_watt(60.5, 60.0, 8000.0, 10_000.0, 0.0, 10_000.0), 6453.33, 0.05)
    # the mirror image upward: 8000 + 10000 * (59.964 - 59.5) / 3 = 9546.67 W
    assert near(frequency_watt(59.5, 60.0, 8000.0, 10_000.0, 0.0, 10_000.0), 9546.67, 0.05)


def test_the_european_set():
    # from 50.2 Hz with 5 %: 40 % of the rating a hertz; 50.7 Hz takes 20 % of 10 kW, 49.6 Hz gives 8 %
    assert near(frequency_watt(50.7, 50.0, 8000.0, 10_000.0, 0.0, 10_000.0, LFSM), 6000.0, 0.5)
    assert near(frequency_watt(49.6, 50.0, 8000.0, 10_000.0, 0.0, 10_000.0, LFSM), 8800.0, 0.5)
    assert frequency_watt(50.19, 50.0, 8000.0, 10_000.0, 0.0, 10_000.0, LFSM) == 8000.0


def test_stays_within_its_limits():
    assert frequency_watt(60.03, 60.0, 8000.0, 10_000.0, 0.0, 10_000.0) == 8000.0
    assert frequency_watt(63.1, 60.0, 8000.0, 10_000.0, 0.0, 10_000.0) == 0.0
    assert frequency_watt(57.0, 60.0, 8000.0, 10_000.0, 0.0, 9000.0) == 9000.0


def limited(law, hand, hz, battery_w=None, dt_ms=60_000, span=(-5000.0, 5000.0)):
    """Return the band that is left of span after dt_ms at this frequency; a minute is the end of its response."""
    hand.grid = (230.0, hz)
    hand.see(dt_ms)
    if battery_w is not None:
        hand.image.battery_w.set(battery_w, hand.now_ms)
    band = Band()
    band.reset(span[0], span[1], R_RATING)
    law.limit(hand.image, band, hand.now_ms)
    return band


def test_over_frequency_lowers_from_the_power_at_leaving_the_dead_band():
    law, hand = FrequencyWatt(settings()), Hand()
    band = limited(law, hand, 50.03, 2000.0)
    assert (band.lo, band.hi) == (-5000.0, 5000.0)
    band = limited(law, hand, 50.2, 2000.0)
    assert near(band.hi, 1672.0, 0.5)  # 2000 - 5000 * 0.164 / 2.5
    assert band.lo == -5000.0
    assert band.hi_reason == R_DROOP
    band = limited(law, hand, 50.5, 1672.0)
    assert near(band.hi, 1072.0, 0.5)  # still from 2000 W: 2000 - 5000 * 0.464 / 2.5
    band = limited(law, hand, 50.0, 1072.0)
    assert band.hi == 5000.0
    assert not law.active
    assert near(limited(law, hand, 50.2, 1000.0).hi, 672.0, 0.5)  # latched anew


def test_90_pct_is_there_after_the_open_loop_response_time():
    """5 s in table 24, 2 s in Europe; 10 % of the step of 328 W is left then."""
    law, hand = FrequencyWatt(settings()), Hand()
    limited(law, hand, 50.0, 2000.0)
    first = limited(law, hand, 50.2, 2000.0, 100)
    assert 1980.0 < first.hi < 2000.0
    for _ in range(49):
        band = limited(law, hand, 50.2, 2000.0, 100)
    assert near(band.hi, 1672.0 + 32.8, 1.0)
    for _ in range(50):
        band = limited(law, hand, 50.0, 1700.0, 100)
    assert near(band.hi, 5000.0 - 0.1 * (5000.0 - 1705.0), 5.0)  # and the way back takes as long
    assert law.active
    law = FrequencyWatt(settings(grid_code="en50549"))
    limited(law, hand, 50.0, 2000.0)
    for _ in range(20):
        band = limited(law, hand, 50.45, 2000.0, 100)
    assert near(band.hi, 1500.0 + 50.0, 1.0)  # 2000 - 5000 * 0.25 / 2.5 = 1500


def test_under_frequency_raises_within_what_is_available():
    law, hand = FrequencyWatt(settings()), Hand()
    limited(law, hand, 50.0, -1000.0)
    band = limited(law, hand, 49.8, -1000.0)
    assert near(band.lo, -672.0, 0.5)
    assert band.lo_reason == R_DROOP
    assert band.hi == 5000.0
    band = limited(law, hand, 49.0, -1000.0, span=(-5000.0, 0.0))  # nothing to discharge with
    assert (band.lo, band.hi) == (0.0, 0.0)


def test_from_one_side_to_the_other_it_latches_anew():
    law, hand = FrequencyWatt(settings()), Hand()
    limited(law, hand, 50.5, 2000.0)
    band = limited(law, hand, 49.8, 1072.0)
    assert near(band.lo, 1072.0 + 328.0, 0.5)
    assert band.hi == 5000.0


def test_no_answer_without_a_trusted_frequency_or_power():
    law, hand = FrequencyWatt(settings()), Hand()
    assert limited(law, hand, 50.5).hi == 5000.0  # the battery was never read
    assert limited(law, hand, 50.5, 2000.0).hi < 5000.0  # now it was
    hand.see()
    hand.image.grid_hz.degrade(SUSPECT)
    band = Band()
    band.reset(-5000.0, 5000.0, R_RATING)
    law.limit(hand.image, band, hand.now_ms)
    assert band.hi == 5000.0
    assert not law.active
    hand.image.contactor_closed = False
    assert limited(law, hand, 50.5, 2000.0).hi == 5000.0
