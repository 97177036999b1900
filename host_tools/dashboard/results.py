"""The complete outcome of a demo run: equal bytes for equal seeds, wall-clock facts kept apart."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

DIGITS = 4  # decimals kept of every number
FORMAT = "islet-results-1"

Curve = list[float | None]  # one value a minute; None: there is no such value now


@dataclass
class Fault:
    """Something the scenario did to the district, from start_s to end_s (local seconds of the first day)."""

    kind: str  # "outage", "broker", "link", "device" ...; "outage" is drawn as a shaded window
    start_s: float
    end_s: float
    note: str


@dataclass
class Meta:
    """What was run."""

    seed: int
    date: str  # ISO day whose midnight is t_s = 0
    n: int  # buildings
    feeder: str
    transformer_va: float  # rating
    virtual_s: float
    currency: str = "USD"
    faults: list[Fault] = field(default_factory=list)


@dataclass
class Series:
    """The district minute by minute; every curve is as long as t_s."""

    t_s: Curve = field(default_factory=list)  # local seconds since midnight of Meta.date
    transformer_va: Curve = field(default_factory=list)
    baseline_va: Curve = field(default_factory=list)  # same day, same outage, batteries idle
    load_w: Curve = field(default_factory=list)
    pv_w: Curve = field(default_factory=list)
    battery_w: Curve = field(default_factory=list)
    grid_w: Curve = field(default_factory=list)
    soc_mean_pu: Curve = field(default_factory=list)
    soc_min_pu: Curve = field(default_factory=list)
    soc_max_pu: Curve = field(default_factory=list)
    v_min_pu: Curve = field(default_factory=list)  # at the service points while the feeder is alive
    v_max_pu: Curve = field(default_factory=list)
    island_min_hz: Curve = field(default_factory=list)
    island_max_hz: Curve = field(default_factory=list)
    island_v_min_pu: Curve = field(default_factory=list)
    island_v_max_pu: Curve = field(default_factory=list)
    islanded: Curve = field(default_factory=list)  # buildings on their own
    envelopes: Curve = field(default_factory=list)  # buildings with an envelope of the aggregator in force


@dataclass
class Building:
    """One building over the whole run; None where it never came to that."""

    id: str
    load_wh: float
    pv_wh: float
    import_wh: float
    export_wh: float
    self_consumption_pu: float | None
    soc_end_pu: float
    to_island_ms: float | None  # loss of the grid to own voltage
    reconnect_s: float | None  # return of the grid to closed contactor
    closing_angle_deg: float | None
    closing_dv_pu: float | None
    closing_slip_hz: float | None
    critical_wh_lost: float  # outside the transfer gap
    critical_wh_gap: float  # inside the transfer gap
    shed_wh: float
    residual_w_max: float
    metering_bound_w: float  # what the meter's accuracy class allows
    import_error_wh: float  # counter of the node minus truth
    export_error_wh: float


@dataclass
class Event:
    """A transition of one node, as it told it."""

    t_s: float
    node: str
    from_state: str
    to_state: str
    why: str


@dataclass
class Side:
    """One of the two districts that live through the same day: with Islet, or with idle batteries."""

    peak_va: float
    peak_outage_va: float | None
    peak_reconnection_va: float | None
    overload_s: float  # time above the rating of the transformer
    self_consumption_pu: float | None
    import_wh: float
    export_wh: float
    cost: float
    carbon_kg: float
    v_min_pu: float
    v_max_pu: float
    critical_wh_lost: float


@dataclass
class Summary:
    """The district's key figures."""

    islet: Side
    baseline: Side
    transformer_peak_ratio: float  # with Islet over idle batteries
    balance_error_w_max: float
    critical_wh_lost: float
    to_island_ms_max: float | None
    reconnection_start_s: float | None  # the grid is back
    reconnection_end_s: float | None  # the last building has returned
    reports_received: int
    reports_lost: int
    reports_backfilled: int
    reports_duplicate: int
    commands_issued: int
    commands_accepted: int
    commands_refused: int


@dataclass
class Run:
    """Facts of the computer that ran it; they differ from run to run."""

    wall_s: float = 0.0
    speed: float = 0.0  # virtual seconds a second


@dataclass
class Results:
    """The numbers (meta, series, buildings, events, summary), and apart from them the run."""

    meta: Meta
    series: Series
    buildings: list[Building]
    events: list[Event]
    summary: Summary
    run: Run = field(default_factory=Run)

    def numbers(self) -> dict[str, Any]:
        """Return all but the run, rounded; ValueError for curves of unequal length and for infinities."""
        _check_lengths(self.series)
        every = {name.name: getattr(self, name.name) for name in fields(self) if name.name != "run"}
        rounded: dict[str, Any] = plain(every)
        return rounded

    def digest(self) -> str:
        """Return the SHA-256 (hex) of the numbers: equal for equal seeds."""
        return hashlib.sha256(_dump(self.numbers()).encode()).hexdigest()

    def to_json(self) -> str:
        """Return the file's text: sorted keys, fixed rounding, one line a section."""
        numbers = self.numbers()
        sections = ",\n".join(f"{json.dumps(key)}:{_dump(numbers[key])}" for key in sorted(numbers))
        head = f'"digest":"{self.digest()}",\n"format":"{FORMAT}",\n"numbers":{{\n{sections}\n}}'
        return f'{{{head},\n"run":{_dump(plain(self.run))}}}\n'

    def save(self, path: Path) -> None:
        """Write the JSON file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.to_json(), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Results":
        """Read the JSON file; ValueError when it is of another format or its digest does not fit."""
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise ValueError(f"{path}: not {FORMAT}")
        results = _from_numbers(found["numbers"], found["run"])
        if results.digest() != found["digest"]:
            raise ValueError(f"{path}: digest does not fit its numbers")
        return results


def plain(value: Any) -> Any:
    """Return JSON types only: dataclasses and arrays opened, floats rounded, NaN as null, no minus zero."""
    if hasattr(value, "__dataclass_fields__"):
        return plain(asdict(value))
    if hasattr(value, "tolist"):  # numpy arrays and scalars
        return plain(value.tolist())
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return _rounded(value) if isinstance(value, float) else value


def _from_numbers(numbers: dict[str, Any], run: dict[str, Any]) -> Results:
    meta = dict(numbers["meta"], faults=[Fault(**fault) for fault in numbers["meta"]["faults"]])
    sides = {side: Side(**numbers["summary"][side]) for side in ("islet", "baseline")}
    return Results(
        meta=Meta(**meta),
        series=Series(**numbers["series"]),
        buildings=[Building(**row) for row in numbers["buildings"]],
        events=[Event(**row) for row in numbers["events"]],
        summary=Summary(**dict(numbers["summary"], **sides)),
        run=Run(**run),
    )


def _check_lengths(series: Series) -> None:
    want = len(series.t_s)
    wrong = [f.name for f in fields(series) if len(getattr(series, f.name)) != want]
    if wrong:
        raise ValueError(f"curves not as long as t_s ({want}): {', '.join(wrong)}")


def _rounded(value: float) -> float | None:
    if math.isinf(value):
        raise ValueError("a result is infinite")
    return None if math.isnan(value) else round(value, DIGITS) + 0.0


def _dump(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
