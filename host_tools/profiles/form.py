"""The long form of a profile: what a person reviews, member by member, each register with its documents."""

import re
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Word = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,32}$")]
Line = Annotated[str, Field(min_length=1, max_length=300)]
Address = Annotated[int, Field(ge=0, le=65535)]
_FACTOR = re.compile(r"(?!.{13})\d+(\.\d+|/\d+|[eE]-?\d)?")
Type = Literal["i16", "u16", "i32", "u32", "f32", "i64", "u64", "f64", "string", "bit"]


def _factor(text: str) -> str:
    if not _FACTOR.fullmatch(text):
        raise ValueError('write a factor as text, such as "0.1", "1" or "1/3", of at most 12 characters')
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise ValueError('write a factor as text, such as "0.1", "1" or "1/3"') from None
    if value <= 0:
        raise ValueError("a factor is above 0; the direction belongs in `sign`")
    return text


Factor = Annotated[str, AfterValidator(_factor)]


class Strict(BaseModel):
    """No member that is not known, no type made from another."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, populate_by_name=True, allow_inf_nan=False
    )


class Document(Strict):
    """Where registers are quoted from: `where` is a page, clause, file or table of it."""

    key: Word
    kind: Literal["document", "repository"]
    title: Line
    revision: Line
    where: Line


class Register(Strict):
    """What a reading and a write have in common: a place on the wire and what its number means."""

    address: Address
    type: Type
    order: Literal["big", "little"] = "big"
    scale: Factor = "1"
    unit: str = ""
    sign: Literal[1, -1] = 1

    @property
    def little(self) -> bool:
        """Whether the low word comes first."""
        return self.order == "little"


class Reading(Register):
    """A row of registers to a reading of the role; rows of one name are added."""

    name: Word
    function: Literal[1, 2, 3, 4] = 3
    size: Annotated[int, Field(ge=1, le=16)] | None = None  # registers of a string
    period_s: Annotated[int, Field(ge=0, le=86_400)] = 1
    missing: list[Annotated[int, Field(ge=0)]] = Field(default=[], max_length=8)
    codes: list[tuple[int | str, int | str]] | None = Field(default=None, min_length=1, max_length=32)
    optional: bool = False
    shift: Annotated[int, Field(ge=0, le=15)] = 0
    mask: Annotated[int, Field(ge=0, le=0xFFFF)] = 0
    tens: Address | None = None  # register of a power of ten that the value is multiplied by, signed
    documents: list[Word] = Field(min_length=1)
    note: str = ""


class Back(Strict):
    """Where a write is read back, when it is not its own place."""

    function: Literal[1, 3, 4]
    address: Address


class Write(Register):
    """One write of a command: the command's value, or `value` as it is."""

    function: Literal[5, 6, 16]
    value: Annotated[int, Field(ge=0)] | None = None
    per_rated: bool = False  # the register is a share of rated_w
    back: Literal["same"] | Back | None = "same"


class Case(Strict):
    """Writes for values of the command from `from` up to the next case."""

    least: float = Field(alias="from")
    writes: list[Write] = Field(min_length=1, max_length=6)


class Command(Strict):
    """A command of the role as a lease: what it becomes when nobody asks any more, and why that is safe."""

    name: Word
    least: float
    most: float
    safe: float
    safe_because: Line
    reverts_s: Annotated[int, Field(ge=0, le=86_400)] = 0  # the device goes back by itself after so long
    renew_s: Annotated[int, Field(ge=0, le=86_400)] = 0  # written again so often
    gap_s: Annotated[int, Field(ge=0, le=3600)] = 0  # least time between two writes, where the device says so
    cases: list[Case] = Field(min_length=1, max_length=4)
    documents: list[Word] = Field(min_length=1)
    note: str = ""


class Profile(Strict):
    """A device with one role."""

    name: Word
    maker: Line
    models: list[Line] = Field(min_length=1)
    role: Literal["inverter", "battery", "meter", "charger", "genset", "switch"]
    state: Annotated[
        str, Field(pattern=r"^(from documents only|checked against a real register image: \S.*)$")
    ]
    line: Literal["tcp", "rtu"]
    unit: Annotated[int, Field(ge=0, le=255)]
    port: Annotated[int, Field(ge=1, le=65535)] = 502
    most: Annotated[int, Field(ge=1, le=125)]
    hole: Annotated[int, Field(ge=0, le=125)]
    gap_ms: Annotated[int, Field(ge=0, le=5000)] = 0
    clients: Annotated[int, Field(ge=0, le=99)] = 0
    documents: list[Document] = Field(min_length=1)
    readings: list[Reading] = Field(min_length=1, max_length=48)
    commands: list[Command] = Field(default=[], max_length=2)
    notes: list[Line] = []
