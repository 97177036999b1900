"""Messages as the wire page has them: units, nulls with their reason, and counts that survive."""

import json

from ram_store import RamStore

from islet import names
from islet.state.image import Image
from islet.sync.report import Reports, next_boot


def _image() -> Image:
    image = Image()
    image.epoch_s = 1_700_000_000
    for name, value in (("grid_w", 1234.6), ("pv_w", 0.0), ("battery_w", -500.4), ("load_w", 734.2)):
        getattr(image, name).set(value, 5000)
    image.residual_w.set(-3.2, 5000)
    image.ev_w.set(-7359.6, 5000)
    image.chp_w.set(0.0, 5000)
    image.grid_v.set(231.26, 5000)
    image.grid_hz.set(49.9876, 5000)
    image.bus_v.set(231.24, 5000)
    return image


REASONS = {
    "why": "plan",
    "pv_why": "none",
    "shed_why": "autonomy",
    "held_why": "cold_load",
    "ev_why": "ev_first",
    "genset_why": "none",
    "fault": "not_obeyed",
}


def _report(reports: Reports, image: Image, next_w=None, checks=(), autonomy_h=None) -> dict:
    meter = {"import_wh": 12, "export_wh": 34, "checks": list(checks), "circuits": {"oven": [800, 5, 0]}}
    return json.loads(reports.report(image, 5000, names.GRID, REASONS, 0, meter, next_w, autonomy_h))


def test_a_report_holds_rounded_values_and_their_signs():
    message = _report(Reports(3, "0.1.0"), _image(), 99.6)
    assert (message["v"], message["t"], message["seq"], message["boot"]) == (1, 1_700_000_000, 1, 3)
    assert (message["grid_w"], message["pv_w"], message["battery_w"]) == (1235, 0, -500)
    assert (message["residual_w"], message["grid_v"]) == (-3, 231.3)
    assert (message["ev_w"], message["chp_w"]) == (-7360, 0)
    assert abs(message["grid_hz"] - 49.988) < 1e-6
    assert (message["state"], message["why"], message["shed"]) == ("GRID", "plan", 0)
    assert (message["pv_why"], message["shed_why"], message["fault"]) == ("none", "autonomy", "not_obeyed")
    assert (message["held_why"], message["ev_why"], message["genset_why"]) == (
        "cold_load",
        "ev_first",
        "none",
    )
    assert (message["import_wh"], message["export_wh"], message["next_w"]) == (12, 34, 100)
    assert message["bf"] == 0
    assert message["circuits"] == {"oven": [800, 5, 0]}


def test_a_report_tells_how_long_an_island_would_last():
    assert _report(Reports(1, "0"), _image())["autonomy_h"] is None
    assert abs(_report(Reports(1, "0"), _image(), autonomy_h=7.26)["autonomy_h"] - 7.3) < 1e-6
    assert _report(Reports(1, "0"), _image(), autonomy_h=float("inf"))["autonomy_h"] == 1000


def test_a_report_tells_the_first_of_many_checks():
    found = ["clipped i%d" % k for k in range(9)]
    assert _report(Reports(1, "0"), _image(), checks=found)["checks"] == found[:4]
    assert _report(Reports(1, "0"), _image())["checks"] == []


def test_a_disturbance_is_numbered_as_reports_are():
    class Sag:
        duration_ms, unsure_ms, extreme_v, phases = 320, 10, 97.34, 5

    reports = Reports(2, "0")
    message = json.loads(reports.quality(1_700_000_000, "sag", Sag()))
    assert message == {
        "v": 1,
        "t": 1_700_000_000,
        "seq": 1,
        "boot": 2,
        "kind": "sag",
        "ms": 320,
        "unsure_ms": 10,
        "worst_v": 97.3,
        "phases": 5,
    }
    assert _report(reports, _image())["seq"] == 2


def test_what_may_not_be_used_is_null_and_says_why():
    image = _image()
    image.pv_w.degrade(names.COMM)
    image.grid_v.set(230.0, 3000)  # 2 s old, a meter's value lasts 1 s
    image.bus_v.set(float("nan"), 5000)
    image.grid_w.set(float("inf"), 5000)
    message = _report(Reports(1, "0"), image)
    assert message["q"] == {
        "pv_w": "comm",
        "soc_pu": "never",
        "grid_v": "stale",
        "bus_v": "suspect",
        "grid_w": "suspect",
    }
    assert all(message[name] is None for name in message["q"])
    assert message["next_w"] is None


def test_reports_and_events_share_one_count():
    reports = Reports(1, "0")
    event = json.loads(reports.event(5, names.GRID, names.OPENING, names.R_UNDERVOLTAGE))
    assert event == {
        "v": 1,
        "t": 5,
        "seq": 1,
        "boot": 1,
        "from": "GRID",
        "to": "OPENING",
        "why": "undervoltage",
    }
    assert _report(reports, _image())["seq"] == 2


def test_answers_and_births():
    reports = Reports(2, "0.1.0")
    ack = json.loads(reports.ack(9, 77, names.A_ACCEPTED))
    assert ack == {"v": 1, "t": 9, "seq": 77, "boot": 2, "answer": "accepted"}
    birth = json.loads(reports.birth(9, 4))
    assert (birth["online"], birth["lost"], birth["version"]) == (1, 4, "0.1.0")
    assert json.loads(reports.death())["online"] == 0


def test_boots_are_counted_and_a_damaged_count_starts_again():
    store = RamStore()
    assert [next_boot(store) for _ in range(12)] == list(range(1, 13))
    store.files["boot"] = store.files["boot"][:-1] + b"9"
    assert next_boot(store) == 1
    store.files["boot"] = b""
    assert next_boot(store) == 1


class Reading:
    def __init__(self, value, quality=names.OK) -> None:
        self.value = value
        self.quality = quality


def test_a_device_tells_what_it_has_and_why_the_rest_is_null():
    readings = {
        "w": Reading(-7359.6),
        "a": Reading(10.666),
        "soc_pu": Reading(0.5, names.NOT_IMPLEMENTED),
        "total_wh": Reading(12_345_678_901),
        "state": Reading(2, names.COMM),
        "v": Reading(1e39),
        "limit_a": Reading(0.0, names.NEVER),
    }
    counts = {"polls": 3, "errors": 1, "writes": 0, "mismatches": 0}
    reports = Reports(1, "0")
    message = json.loads(reports.device(1_700_000_000, "box", "charger", readings, counts))
    assert (message["name"], message["role"], message["seq"]) == ("box", "charger", 1)
    told = message["readings"]
    assert sorted(told) == ["a", "state", "total_wh", "v", "w"]
    assert (told["w"], told["total_wh"], told["state"], told["v"]) == (-7360, 12_345_678_901, None, None)
    assert abs(told["a"] - 10.67) < 1e-6
    assert message["q"] == {"state": "comm", "v": "suspect"}
    assert (message["polls"], message["errors"], message["writes"], message["mismatches"]) == (3, 1, 0, 0)
