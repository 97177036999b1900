"""A device's own grid-support curves as registers: models 705, 706, 711 and 712 with several sets each."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools.plant.register_map import Counts
from host_tools.plant.register_unit import Unit
from host_tools.plant.types import Bools, Floats

SETS = 3
POINTS = 4
MODELS = (705, 706, 711, 712)
COUNTS: Counts = {
    705: {"NCrv": SETS, "NPt": POINTS},
    706: {"NCrv": SETS, "NPt": POINTS},
    711: {"NCtl": SETS},
    712: {"NCrv": SETS, "NPt": POINTS},
}
ADOPT_S = 1.0
IN_PROGRESS, COMPLETED = 0, 1
_VA_MAX_PCT = 3
# raw values of the sets a device leaves its maker with: flat volt-var, no volt-watt, IEEE 1547-2018 frequency-watt
_CURVE = {"NPt": POINTS, "NCrv": SETS, "RvrtTms": 0, "RvrtRem": 0, "RvrtCrv": 0, "DeptRef_SF": -2}
_HEADS = {
    705: {**_CURVE, "V_SF": -2},
    706: {**_CURVE, "V_SF": -2},
    711: {"NCtl": SETS, "RvrtTms": 0, "RvrtRem": 0, "RvrtCtl": 0, "Db_SF": -3, "K_SF": -3, "RspTms_SF": -1},
    712: {**_CURVE, "W_SF": -2},
}
_FACTORY: dict[int, dict[str, int]] = {
    705: {"ActPt": 2, "DeptRef": _VA_MAX_PCT, "Pri": 1, "VRef": 10_000, "VRefAutoEna": 0, "RspTms": 50},
    706: {"ActPt": 2, "DeptRef": 0, "RspTms": 100},
    711: {"DbOf": 36, "DbUf": 36, "KOf": 50, "KUf": 50, "RspTms": 50},
    712: {"ActPt": 2, "DeptRef": _VA_MAX_PCT, "Pri": 1},
}
_AXES = {705: ("V", "Var"), 706: ("V", "W"), 712: ("W", "Var")}
_FLAT = {705: ((9200, 0), (10_800, 0)), 706: ((10_600, 10_000), (11_000, 10_000)), 712: ((0, 0), (10_000, 0))}
_LIMITS = {"V": (5000, 20_000), "W": (-10_000, 10_000), "Var": (-10_000, 10_000)}
_RANGES = {"ActPt": (2, POINTS), "DbOf": (0, 10_000), "DbUf": (0, 10_000), "KOf": (1, 1000), "KUf": (1, 1000)}


class CurveSets:
    """The sets of one model of a unit: clients write sets 2 and 3 and have one adopted as the first, the active."""

    def __init__(self, unit: Unit, model_id: int) -> None:
        self._unit = unit
        self._model_id = model_id
        self._kind = "Ctl" if model_id == 711 else "Crv"
        self._request = f"Adpt{self._kind}Req"
        self._left_s: Floats = np.full(unit.n, np.inf)
        self._allow()
        self.reset(np.ones(unit.n, dtype=np.bool_))

    def _names(self, number: int) -> list[str]:
        """Return the points of a set, without what tells that it is read-only."""
        prefix = f"{self._kind}[{number}]."
        points = [name for model, name in self._unit.map.places if model == self._model_id]
        return [name for name in points if name.startswith(prefix) and not name.endswith("ReadOnly")]

    def _allow(self) -> None:
        unit, model_id = self._unit, self._model_id
        unit.allow(model_id, "Ena", 0, 1)
        unit.allow(model_id, self._request, 1, SETS)
        for number in range(2, SETS + 1):
            for name in self._names(number):
                last = name.rsplit(".", 1)[1]
                low, high = _LIMITS.get(last, _RANGES.get(last, (0, 100_000)))
                unit.allow(model_id, name, low, high)

    def reset(self, where: Bools) -> None:
        """Put these buildings' devices back to what they left their maker with."""
        factory = {"Ena": 0, self._request: 0, f"Adpt{self._kind}Rslt": COMPLETED, **_HEADS[self._model_id]}
        if self._model_id != 712 and self._model_id != 711:
            factory["RspTms_SF"] = -1
        for number in range(1, SETS + 1):
            prefix = f"{self._kind}[{number}]."
            factory[prefix + "ReadOnly"] = int(number == 1)
            factory |= {prefix + name: raw for name, raw in _FACTORY[self._model_id].items()}
            for i, pair in enumerate(_FLAT.get(self._model_id, ())):
                for axis, raw in zip(_AXES[self._model_id], pair, strict=True):
                    factory[f"{prefix}Pt[{i + 1}].{axis}"] = raw
        self._unit.put_where(where, self._model_id, factory)
        self._left_s = np.where(where, np.inf, self._left_s)

    def advance(self, dt_s: float) -> None:
        """Let dt_s pass; a set asked for is active ADOPT_S after its request."""
        unit, model_id = self._unit, self._model_id
        wanted = unit.get(model_id, self._request)
        begun = (wanted > 0) & np.isinf(self._left_s)
        self._left_s = np.where(begun, ADOPT_S, self._left_s)
        result = f"Adpt{self._kind}Rslt"
        unit.put(model_id, **{result: np.where(begun, IN_PROGRESS, unit.get(model_id, result))})
        self._left_s = self._left_s - dt_s
        over = self._left_s <= 0.0
        if not over.any():
            return
        for number in range(2, SETS + 1):
            chosen = over & (wanted == number)
            for name, active in zip(self._names(number), self._names(1), strict=True):
                unit.put(
                    model_id,
                    **{active: np.where(chosen, unit.get(model_id, name), unit.get(model_id, active))},
                )
        unit.put(model_id, **{result: np.where(over, COMPLETED, unit.get(model_id, result))})
        unit.put(model_id, **{self._request: np.where(over, 0, wanted)})
        self._left_s = np.where(over, np.inf, self._left_s)

    @property
    def enabled(self) -> Bools:
        """Where the function is in force [N]."""
        return np.asarray(self._unit.get(self._model_id, "Ena") == 1, dtype=np.bool_)

    def points(self) -> tuple[Floats, Floats]:
        """Return (x, y) of the active set, each [POINTS, N] per unit; beyond ActPt its last point again."""
        x, y = _AXES[self._model_id]
        last = np.clip(self._unit.get(self._model_id, f"{self._kind}[1].ActPt"), 2, POINTS)
        columns: dict[str, list[Floats]] = {x: [], y: []}
        for axis, rows in columns.items():
            for i in range(POINTS):
                raw = self._unit.get(self._model_id, f"{self._kind}[1].Pt[{i + 1}].{axis}") / 10_000.0
                rows.append(raw if i == 0 else np.where(i < last, raw, rows[-1]))
        return np.stack(columns[x]), np.stack(columns[y])

    def value(self, name: str, scale: float) -> Floats:
        """Return a point of the active set [N], raw times scale."""
        return self._unit.get(self._model_id, f"{self._kind}[1].{name}") * scale


class DeviceCurves:
    """All four models of a unit, and what the plant is to obey."""

    def __init__(self, unit: Unit) -> None:
        self._sets = {model_id: CurveSets(unit, model_id) for model_id in MODELS}

    def advance(self, dt_s: float) -> None:
        """Let dt_s pass."""
        for one in self._sets.values():
            one.advance(dt_s)

    def restart(self, where: Bools) -> None:
        """Forget what was written, in these buildings."""
        for one in self._sets.values():
            one.reset(where)

    def told(self) -> dict[str, Any]:
        """Return the fields of dynamics' Curves by name: arrays [N], or [points, N]."""
        volt_var, volt_watt, hz = self._sets[705], self._sets[706], self._sets[711]
        told: dict[str, NDArray[np.float64] | Bools] = {
            "volt_var": volt_var.enabled,
            "volt_watt": volt_watt.enabled,
            "freq_watt": hz.enabled,
            "dbof_hz": hz.value("DbOf", 1e-3),
            "dbuf_hz": hz.value("DbUf", 1e-3),
            "kof": hz.value("KOf", 1e-3),
            "kuf": hz.value("KUf", 1e-3),
        }
        told["vv_v_pu"], told["vv_var_pu"] = volt_var.points()
        told["vw_v_pu"], told["vw_w_pu"] = volt_watt.points()
        return told

    @property
    def watt_var(self) -> tuple[Bools, Floats, Floats]:
        """Where watt-var is in force, its watts and var per unit."""
        return (self._sets[712].enabled, *self._sets[712].points())
