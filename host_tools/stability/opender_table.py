"""Makes tests/cases/opender/*.json with EPRI's OpenDER: `python -m host_tools.stability.opender_table [DIR]`.

OpenDER (PyPI `opender` 2.2.0, BSD) is no dependency of this project, for it brings matplotlib: run this where it is
installed. Each file is {"opender": version, "columns": [...], "rows": [[...], ...]}, powers per unit of the rating.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

CASES = Path(__file__).parents[2] / "tests" / "cases" / "opender"
RATED = 10_000.0
VOLT_VAR = {
    "a": {
        "V1": 0.9,
        "Q1": 0.25,
        "V2": 1.0,
        "Q2": 0.0,
        "V3": 1.0,
        "Q3": 0.0,
        "V4": 1.1,
        "Q4": -0.25,
        "OLRT": 10.0,
    },
    "b": {
        "V1": 0.92,
        "Q1": 0.44,
        "V2": 0.98,
        "Q2": 0.0,
        "V3": 1.02,
        "Q3": 0.0,
        "V4": 1.08,
        "Q4": -0.44,
        "OLRT": 5.0,
    },
}
NO_TRIP = {"OF1_TRIP_F": 65.0}  # a snapshot lasts longer than a trip would wait
V_END_PU = 1.0999  # from 1.10 on it ceases to energise
RESPONSE_STEP_S = 0.01


def _der(step_s: float, **settings: Any) -> Any:
    """Return an OpenDER PV inverter of 10 kVA at nominal conditions; step_s above all responses is a snapshot."""
    opender = importlib.import_module("opender")
    opender.DER.t_s = step_s
    ratings = {
        "NP_P_MAX": RATED,
        "NP_VA_MAX": RATED,
        "NP_Q_MAX_INJ": 0.44 * RATED,
        "NP_Q_MAX_ABS": 0.44 * RATED,
    }
    file = opender.DERCommonFileFormat(**ratings, PV_CURVE_P2=0.2, **NO_TRIP, **settings)
    return opender.DER_PV(file)


def _run(der: Any, v_pu: float, hz: float, available: float) -> tuple[float, float]:
    der.update_der_input(v_pu=v_pu, f=hz, p_dc_pu=available)
    der.run()
    return float(der.p_out_w) / RATED, float(der.q_out_var) / RATED


def _var_settings(name: str) -> dict[str, Any]:
    curve = {f"QV_CURVE_{key}": value for key, value in VOLT_VAR[name].items() if key != "OLRT"}
    return {"QV_MODE_ENABLE": True, "CONST_PF_MODE_ENABLE": False, "QV_OLRT": VOLT_VAR[name]["OLRT"], **curve}


def frequency_watt() -> list[list[float]]:
    """Return rows of (power before, Hz, power after)."""
    rows = []
    for before in (0.0, 0.2, 0.5, 0.8, 1.0):
        for step in range(-60, 61, 3):
            hz = 60.0 + step / 40.0  # 58.5 .. 61.5
            der = _der(100_000.0)
            _run(der, 1.0, 60.0, before)
            der.update_der_input(p_dc_pu=1.0 if step < 0 else before)
            rows.append([before, hz, _run(der, 1.0, hz, 1.0 if step < 0 else before)[0]])
    return rows


def volt_var(name: str) -> list[list[float]]:
    """Return rows of (power available, voltage, power, var)."""
    rows = []
    for available in (0.3, 0.6, 0.9, 1.0):
        for step in range(-11, 11):
            v_pu = min(1.0 + step / 100.0, V_END_PU)
            der = _der(100_000.0, **_var_settings(name))
            rows.append([available, v_pu, *_run(der, v_pu, 60.0, available)])
    return rows


def volt_watt() -> list[list[float]]:
    """Return rows of (power available, voltage, power)."""
    rows = []
    for available in (0.1, 0.5, 1.0):
        for step in range(21):
            v_pu = min(1.0 + step / 200.0, V_END_PU)
            der = _der(100_000.0, PV_MODE_ENABLE=True)
            rows.append([available, v_pu, _run(der, v_pu, 60.0, available)[0]])
    return rows


def responses() -> list[list[float]]:
    """Return rows of (seconds after the step, power at 60.5 Hz from 0.8, var at 1.08 pu by curve B)."""
    by_hz, by_v = _der(RESPONSE_STEP_S), _der(RESPONSE_STEP_S, **_var_settings("b"))
    for _ in range(10):
        _run(by_hz, 1.0, 60.0, 0.8)
        _run(by_v, 1.0, 60.0, 0.5)
    rows = []
    for k in range(1, 2001):
        watt, var = _run(by_hz, 1.0, 60.5, 0.8)[0], _run(by_v, 1.08, 60.0, 0.5)[1]
        if k % 100 == 0:
            rows.append([k * RESPONSE_STEP_S, watt, var])
    return rows


def tables() -> dict[str, tuple[list[str], list[list[float]]]]:
    """Return {name of the file: (columns, rows)}; ImportError without opender."""
    return {
        "frequency_watt": (["before_pu", "hz", "power_pu"], frequency_watt()),
        "volt_var_a": (["available_pu", "v_pu", "power_pu", "var_pu"], volt_var("a")),
        "volt_var_b": (["available_pu", "v_pu", "power_pu", "var_pu"], volt_var("b")),
        "volt_watt": (["available_pu", "v_pu", "power_pu"], volt_watt()),
        "response": (["s", "power_pu", "var_pu"], responses()),
    }


def main() -> None:
    """Write the files."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else CASES
    folder.mkdir(parents=True, exist_ok=True)
    version = importlib.import_module("importlib.metadata").version("opender")
    for name, (columns, rows) in tables().items():
        text = ",\n".join(json.dumps([round(value, 6) for value in row]) for row in rows)
        head = json.dumps({"opender": version, "columns": columns})[:-1]
        (folder / f"{name}.json").write_text(f'{head}, "rows": [\n{text}\n]}}\n')


if __name__ == "__main__":
    main()
