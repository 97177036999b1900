"""The form of a case: a building, what happens to it, and the limits that what is measured must keep."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from host_tools.hil.case_events import AnyEvent, Hertz, Millis, PerUnit, Share, State, Strict, Watts
from host_tools.hil.figures import FIGURES, LIST, NUMBER
from islet.names import STATE_NAMES

Words = Annotated[str, Field(min_length=1, max_length=300)]
ONCE = ("motor_start", "feeder_opens")
Rated = Annotated[float, Field(gt=0.0, le=500_000.0)]


class Head(Strict):
    """What the case is about, and where its limits come from."""

    title: Words
    source: Words
    duration_s: Annotated[float, Field(ge=1.0, le=86_400.0)]
    seed: Annotated[int, Field(ge=0, le=2**31)] = 1


class Place(Strict):
    """The connection, and settings of the node that differ from its defaults (docs/settings.md)."""

    f0_hz: Literal[50, 60] = 50
    v_nominal_v: Annotated[float, Field(ge=100.0, le=300.0)] = 230.0
    phases: Literal[1, 3] = 1
    settings: dict[str, Any] = Field(default_factory=dict)


class Devices(Strict):
    """Ratings; 0 for what is not there. Times of the contactor are those of its travel."""

    battery_w: list[Rated] = Field(default=[5000.0], min_length=1, max_length=4)
    battery_wh: Rated = 6400.0
    pv_w: Watts = 4000.0
    genset_w: Watts = 0.0
    ev_w: Watts = 0.0
    form_ms: Millis = 60.0
    open_ms: Millis = 20.0
    close_ms: Millis = 50.0
    jitter_ms: Annotated[float, Field(ge=0.0, le=50.0)] = 0.0
    bounce_ms: Annotated[float, Field(ge=0.0, le=50.0)] = 0.0


class Start(Strict):
    """How it stands when the board starts; load_w is critical, normal, deferrable, PV what it could give."""

    soc_pu: Share = 0.5
    load_w: list[Watts] = Field(default=[600.0, 300.0, 100.0], min_length=3, max_length=3)
    load_share: list[Share] = Field(default=[1.0], min_length=1, max_length=3)
    pv_w: Watts = 0.0
    grid: bool = True
    grid_pu: PerUnit = 1.0
    grid_hz: Hertz | None = None
    closed: bool = True


class Limit(Strict):
    """What a figure must be, and which clause or reckoning says so."""

    name: str
    op: Literal["max", "min", "equal", "contains"]
    value: float | str | list[State]
    unit: str = ""
    tolerance: Annotated[float, Field(ge=0.0)] = 0.0
    source: Words

    @model_validator(mode="after")
    def _fits(self) -> Self:
        figure = FIGURES.get(self.name)
        if figure is None:
            raise ValueError(f"name {self.name!r} is no figure; figures are {', '.join(FIGURES)}")
        if self.unit != figure.unit:
            raise ValueError(f"unit of {self.name} is {self.unit!r}; it is measured in {figure.unit!r}")
        number = isinstance(self.value, float)
        if figure.kind == NUMBER and (not number or self.op == "contains"):
            raise ValueError(f"{self.name} is a number: op max, min or equal, and a number as value")
        if figure.kind != NUMBER and self.op in ("max", "min"):
            raise ValueError(f"{self.name} is {figure.kind}: op equal or contains")
        if (figure.kind == LIST) != isinstance(self.value, list):
            raise ValueError(f"{self.name} is {figure.kind}, and so must its value be")
        if self.name == "final_state" and self.value not in STATE_NAMES:
            raise ValueError(f"value {self.value!r} is no state; states are {', '.join(STATE_NAMES)}")
        return self


class Case(Strict):
    """One case, whole."""

    case: Head
    site: Place = Place()
    devices: Devices = Devices()
    start: Start = Start()
    event: list[AnyEvent] = Field(default=[], max_length=200)
    limit: list[Limit] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        wrong = [
            f"event {k}: at_s is {one.at_s:g}, after the end of the case ({self.case.duration_s:g} s)"
            for k, one in enumerate(self.event)
            if one.at_s is not None and one.at_s >= self.case.duration_s
        ]
        wrong += [
            f"event {k}: phase {phase} is not one of {self.site.phases}"
            for k, one in enumerate(self.event)
            if (phase := getattr(one, "phase", None)) and phase > self.site.phases
        ]
        wrong += self._unfit_events()
        if len(self.start.load_share) != self.site.phases or abs(sum(self.start.load_share) - 1.0) > 1e-6:
            wrong.append(f"start.load_share must be {self.site.phases} shares that add up to 1")
        if self.start.pv_w > self.devices.pv_w:
            wrong.append(f"start.pv_w is {self.start.pv_w:g}, more than devices.pv_w ({self.devices.pv_w:g})")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _unfit_events(self) -> list[str]:
        """Return what events ask of devices that are not there, or are there once."""
        wrong: list[str] = []
        words: list[str] = [one.do for one in self.event]
        wrong += [f"event {words.index(do)}: {do} may be there once" for do in ONCE if words.count(do) > 1]
        for do, rating in (("ev", "ev_w"), ("genset", "genset_w")):
            if do in words and not getattr(self.devices, rating):
                wrong.append(f"event {words.index(do)}: {do} needs devices.{rating} above 0")
        return wrong
