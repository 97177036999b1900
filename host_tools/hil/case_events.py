"""What may happen in a case: one form for each word of `do`."""

from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

Tier = Literal["critical", "normal", "deferrable"]
State = Literal[
    "GRID", "OPENING", "FORMING", "ISLAND", "RESYNC", "CLOSING", "SOFT_RETURN", "BLACK_START", "FAULT"
]
Phase = Annotated[int, Field(ge=1, le=3)]
Seconds = Annotated[float, Field(ge=0.0, le=86_400.0)]
Millis = Annotated[float, Field(gt=0.0, le=600_000.0)]
Watts = Annotated[float, Field(ge=0.0, le=500_000.0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
PerUnit = Annotated[float, Field(ge=0.0, le=2.0)]
Hertz = Annotated[float, Field(ge=40.0, le=70.0)]
Degrees = Annotated[float, Field(ge=-180.0, le=180.0)]


class Strict(BaseModel):
    """No member that is not known, no number made from text."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Event(Strict):
    """Happens at `at_s`; with `in_state`, `after_s` after the node is first seen in it from `at_s` on."""

    at_s: Seconds | None = None
    in_state: State | None = None
    after_s: Seconds = 0.0

    @model_validator(mode="after")
    def _timed(self) -> Self:
        if self.at_s is None and self.in_state is None:
            raise ValueError("give at_s, or in_state, or both")
        if self.after_s and self.in_state is None:
            raise ValueError("after_s counts from in_state; add that, or use at_s alone")
        return self


class GridLost(Event):
    """The supply is gone; what else hangs on the feeder takes its voltage away at once."""

    do: Literal["grid_lost"]


class GridBack(Event):
    """The supply is there, with nominal voltage and frequency unless given."""

    do: Literal["grid_back"]
    pu: PerUnit = 1.0
    hz: Hertz | None = None
    deg: Degrees = 0.0  # phase against that before


class Dip(Event):
    """The supply has another voltage for a while, on all phases or those named."""

    do: Literal["sag", "swell"]
    pu: PerUnit
    ms: Millis
    phases: list[Phase] = Field(default=[1, 2, 3], min_length=1, max_length=3)


class Volts(Event):
    """The supply has another voltage from now on."""

    do: Literal["grid_voltage"]
    pu: PerUnit
    over_s: Seconds = 0.0


class Frequency(Event):
    """The supply's frequency goes to another one within over_s and stays."""

    do: Literal["grid_frequency"]
    hz: Hertz
    over_s: Seconds = 0.0


class Jump(Event):
    """The supply's phase jumps."""

    do: Literal["phase_jump"]
    deg: Degrees


class Harmonics(Event):
    """The supply's voltage has these harmonics from now on, by order, per unit of the fundamental."""

    do: Literal["harmonics"]
    pu: dict[str, Share]

    @model_validator(mode="after")
    def _orders(self) -> Self:
        wrong = [order for order in self.pu if not (order.isdigit() and 2 <= int(order) <= 25)]
        if wrong:
            raise ValueError(f"{', '.join(wrong)} is no order; orders are 2 to 25")
        return self


class FeederOpens(Event):
    """The feeder is cut off with its own load and sources, which miss dp_pu, dq_pu of the load; one in a case."""

    do: Literal["feeder_opens"]
    load_w: Watts
    dp_pu: Annotated[float, Field(ge=-1.0, le=1.0)] = 0.0
    dq_pu: Annotated[float, Field(ge=-1.0, le=1.0)] = 0.0
    quality: Annotated[float, Field(ge=0.0, le=10.0)] = 1.0  # of the resonant load (IEEE 1547.1: 1.0)
    active: bool = True  # the feeder's inverters have an active anti-islanding method


class LoadStep(Event):
    """A tier wants so much more (or less), on one phase or spread over all."""

    do: Literal["load_step"]
    w: Annotated[float, Field(ge=-500_000.0, le=500_000.0)]
    tier: Tier = "critical"
    phase: Phase | None = None


class Motor(Event):
    """A motor of that rating starts, direct on line, on all phases; one in a case."""

    do: Literal["motor_start"]
    w: Annotated[float, Field(gt=0.0, le=100_000.0)]
    tier: Tier = "critical"


class Sun(Event):
    """PV could give so much from now on, reached within over_s."""

    do: Literal["pv"]
    w: Watts
    over_s: Seconds = 0.0


class Charge(Event):
    """The battery is so full."""

    do: Literal["soc"]
    pu: Share


class ModbusLost(Event):
    """No device is reached: refused connections, silence, or an exception to every request."""

    do: Literal["modbus_lost"]
    how: Literal["refused", "silent", "exception"] = "refused"


class Link(Event):
    """A link comes or goes."""

    do: Literal["modbus_back", "mqtt_lost", "mqtt_back"]


class Delay(Event):
    """What is read over Modbus is so old, and what is written acts so late, in whole cycles."""

    do: Literal["modbus_delay"]
    ms: Annotated[int, Field(ge=0, le=5000, multiple_of=100)]


class Contactor(Event):
    """The contactor's condition from now on."""

    do: Literal["contactor"]
    fault: Literal["none", "welded", "refuses", "feedback_open", "feedback_closed"]


class Override(Event):
    """The switch on the wall."""

    do: Literal["override"]
    position: Literal["none", "open", "close"]


class SyncRelay(Event):
    """The input of a synchronism-check relay: it permits or it does not; without this event it follows the truth."""

    do: Literal["sync_relay"]
    permits: bool


class Transfer(Event):
    """An automatic transfer switch that owns the transfer."""

    do: Literal["transfer_switch"]
    on_grid: bool


class Command(Event):
    """A signed command about islands; begin_in_s and end_in_s from now, 0: at once, and without end."""

    do: Literal["island_command"]
    what: Literal["outage", "practice", "start", "stop"]
    begin_in_s: Seconds = 0.0
    end_in_s: Seconds = 0.0


class Reboot(Event):
    """The board loses its power for off_s."""

    do: Literal["reboot"]
    off_s: Seconds = 0.0


class Genset(Event):
    """The genset's condition from now on."""

    do: Literal["genset"]
    fault: Literal["none", "fails"]


class Car(Event):
    """A car charges with w (below 0 it may give back), 0 when it is gone."""

    do: Literal["ev"]
    w: Annotated[float, Field(ge=-100_000.0, le=100_000.0)]


AnyEvent = Annotated[
    GridLost | GridBack | Dip | Volts | Frequency | Jump | Harmonics | FeederOpens | LoadStep | Motor | Sun | Charge
    | ModbusLost | Link | Delay | Contactor | Override | SyncRelay | Transfer | Command | Reboot | Genset | Car,
    Field(discriminator="do"),
]  # fmt: skip
WORDS = [
    word for form in get_args(get_args(AnyEvent)[0]) for word in get_args(form.model_fields["do"].annotation)
]
