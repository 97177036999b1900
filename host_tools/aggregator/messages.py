"""The wire as the aggregator sees it: nothing from outside is believed before it has passed these models."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from islet import names
from islet.drivers import roles
from islet.measure.disturbance import EVENT_NAMES
from islet.sync.report import CHECKS_TOLD

MAX_PAYLOAD = 2048
TOPIC = re.compile(
    r"islet/([A-Za-z0-9_-]{1,64})/([A-Za-z0-9_-]{1,64})/up/(report|event|ack|birth|quality|device)\Z"
)

Seconds = Annotated[int, Field(ge=0, lt=1 << 40)]
Count = Annotated[int, Field(ge=0, lt=1 << 53)]
Flag = Annotated[int, Field(ge=0, le=1)]
Boot = Annotated[int, Field(ge=1, lt=1 << 31)]
Power = Annotated[float, Field(ge=-1e7, le=1e7)] | None
Volt = Annotated[float, Field(ge=0, le=1e5)] | None
Hertz = Annotated[float, Field(ge=0, le=1e3)] | None
Share = Annotated[float, Field(ge=-0.5, le=1.5)] | None


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def check(word: str) -> str:
        if word not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return word

    return check


State = Annotated[str, AfterValidator(_one_of(names.STATE_NAMES))]
QualityWord = Annotated[str, AfterValidator(_one_of(names.QUALITY_NAMES[1:]))]
Answer = Annotated[str, AfterValidator(_one_of(names.ANSWERS))]
Disturbance = Annotated[str, AfterValidator(_one_of(EVENT_NAMES))]
Word = Annotated[str, Field(max_length=32)]
Check = Annotated[str, Field(max_length=64)]
Circuit = Annotated[str, Field(max_length=16)]
Role = Annotated[str, AfterValidator(_one_of(roles.names()))]
Reading = Annotated[float, Field(ge=-1e18, le=1e18)] | None
READINGS_MAX = 16
Watts = Annotated[int, Field(ge=-10_000_000, le=10_000_000)]
QUANTITIES = (
    "grid_w",
    "pv_w",
    "battery_w",
    "ev_w",
    "chp_w",
    "load_w",
    "residual_w",
    "soc_pu",
    "grid_v",
    "grid_hz",
    "bus_v",
)


class WireError(ValueError):
    """A message that is not taken; `reason` is topic, size, or schema."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


class _Wire(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
    )
    v: Annotated[int, Field(ge=1, le=1)]
    t: Seconds
    boot: Boot


class Report(_Wire):
    """What one node says about itself; a quantity is null exactly when `q` says why."""

    seq: Count
    grid_w: Power
    pv_w: Power
    battery_w: Power
    ev_w: Power
    chp_w: Power
    load_w: Power
    residual_w: Power
    soc_pu: Share
    grid_v: Volt
    grid_hz: Hertz
    bus_v: Volt
    state: State
    why: Word
    pv_why: Word
    shed_why: Word
    held_why: Word
    ev_why: Word
    genset_why: Word
    fault: Word
    shed: Annotated[int, Field(ge=0, le=16)]
    import_wh: Count
    export_wh: Count
    checks: Annotated[list[Check], Field(max_length=CHECKS_TOLD)]  # what the meter finds wrong with itself
    circuits: Annotated[dict[Circuit, tuple[Watts, Count, Count]], Field(max_length=16)]  # W, Wh in, Wh out
    next_w: Power
    autonomy_h: Annotated[float, Field(ge=0, le=1000)] | None  # how long it could be its own island
    bf: Flag
    q: dict[Word, QualityWord]

    @model_validator(mode="after")
    def _null_has_a_reason(self) -> Report:
        missing = {name for name in QUANTITIES if getattr(self, name) is None}
        if missing != set(self.q):
            raise ValueError("the names in q must be those of the null quantities")
        return self


class Event(_Wire):
    """A change of state."""

    seq: Count
    was: State = Field(alias="from")
    to: State
    why: Word


class Quality(_Wire):
    """A disturbance of the supply that is over; t is when it began."""

    seq: Count
    kind: Disturbance
    ms: Count
    unsure_ms: Count
    worst_v: Annotated[float, Field(ge=0, le=1e5)]
    phases: Annotated[int, Field(ge=0, lt=64)]  # bit n: the n-th grid voltage


class Device(_Wire):
    """What a device of a node tells, once in 15 minutes; a reading is null exactly when `q` says why."""

    seq: Count
    name: Circuit
    role: Role
    readings: Annotated[dict[Circuit, Reading], Field(max_length=READINGS_MAX)]
    q: dict[Circuit, QualityWord]
    polls: Count
    errors: Count
    writes: Count
    mismatches: Count

    @model_validator(mode="after")
    def _null_has_a_reason(self) -> Device:
        if {name for name, value in self.readings.items() if value is None} != set(self.q):
            raise ValueError("the names in q must be those of the null readings")
        if not set(self.readings) <= set(roles.readings(self.role)):
            raise ValueError(f"a {self.role} has no such reading")
        return self


class Ack(_Wire):
    """A node's answer to the command numbered seq; 0 for a command whose number it could not read."""

    seq: Count
    answer: Answer


class Birth(_Wire):
    """A node has connected (online 1), or the broker lost it (0)."""

    online: Flag
    version: Word
    lost: Count
    forgot: Annotated[list[Word], Field(max_length=8)]  # saved state missing or damaged at this start


Message = Report | Event | Ack | Birth | Quality | Device
MODELS: dict[str, type[Message]] = {
    "report": Report,
    "event": Event,
    "ack": Ack,
    "birth": Birth,
    "quality": Quality,
    "device": Device,
}


def parse(topic: str, payload: bytes) -> tuple[tuple[str, str], Message]:
    """Return ((site, node), message) of one delivery; raises WireError."""
    match = TOPIC.match(topic)
    if match is None:
        raise WireError("topic", topic[:80])
    if len(payload) > MAX_PAYLOAD:
        raise WireError("size", f"{len(payload)} bytes")
    try:
        message = MODELS[match[3]].model_validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise WireError("schema", f"{first['loc']}: {first['msg']}") from error
    return (match[1], match[2]), message
