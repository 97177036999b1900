"""The IEEE 1547-2018 functions against EPRI's OpenDER: its tables, made by host_tools.stability.opender_table."""

import json

import pytest

from host_tools.stability import opender_compare, opender_table
from islet.base import curves


def test_every_table_agrees_within_half_a_percent() -> None:
    errors = opender_compare.errors_pu()
    assert {name: len(found) for name, found in errors.items()} == {
        "frequency_watt": 205,
        "volt_var_a": 352,
        "volt_var_b": 352,
        "volt_watt": 126,
        "response": 40,
    }
    for name, found in errors.items():
        assert 100.0 * max(map(abs, found)) <= 0.5, name
    assert opender_compare.compare() <= 0.5


def test_the_tables_sweep_what_they_should() -> None:
    """Both sides of the dead band, saturation, and powers that reactive power takes away: none of it is flat."""
    rows = {
        name: json.loads((opender_table.CASES / f"{name}.json").read_text())["rows"]
        for name in ("frequency_watt", "volt_var_a", "volt_var_b", "volt_watt", "response")
    }
    assert {row[2] for row in rows["frequency_watt"] if row[1] == 60.0} == {0.0, 0.2, 0.5, 0.8, 1.0}
    # 0.8 at 60.525 Hz: 0.8 - 0.489 / 3
    assert [0.8, 60.525, pytest.approx(0.637)] in rows["frequency_watt"]
    assert min(row[3] for row in rows["volt_var_b"]) == -0.44
    assert max(row[3] for row in rows["volt_var_b"]) == 0.44
    assert min(row[2] for row in rows["volt_var_b"] if row[0] == 1.0) == pytest.approx(0.898, abs=5e-4)
    assert min(row[2] for row in rows["volt_watt"] if row[0] == 1.0) == pytest.approx(0.202, abs=5e-4)


def test_a_wrong_curve_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "FREQ_WATT", (0.036, 0.036, 0.06, 0.05, 5.0))
    monkeypatch.setattr(curves, "VOLT_WATT", ((1.06, 1.0), (1.10, 0.3)))
    errors = opender_compare.errors_pu()
    assert 100.0 * max(map(abs, errors["frequency_watt"])) > 5.0
    assert 100.0 * max(map(abs, errors["volt_watt"])) > 5.0


@pytest.mark.skipif(
    not opender_compare.installed(), reason="opender is not installed: its tables are compared"
)
def test_the_tables_are_what_opender_says_now() -> None:
    for name, (columns, rows) in opender_table.tables().items():
        held = json.loads((opender_table.CASES / f"{name}.json").read_text())
        assert held["columns"] == columns
        assert held["rows"] == [[pytest.approx(value, abs=1e-6) for value in row] for row in rows]
