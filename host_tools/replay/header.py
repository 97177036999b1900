"""The header of a recording: what the samples are, and what a code of each channel is worth."""

from array import array
from dataclasses import dataclass
from datetime import datetime
from math import degrees, radians, sqrt
from typing import Any

from islet.measure.linearise import generic_table, plain_table, wide_code_table
from islet.measure.wiring import KIND_NAMES, SYSTEM_NAMES, Channel, Wiring

VERSION = 1
MARK = "islet samples"
BITS = (12, 16)
SYSTEMS = SYSTEM_NAMES[1:]
KINDS = KIND_NAMES
SAMPLINGS = ("round_robin", "simultaneous")
ADCS = ("plain", "rp2040")
SET_COLUMN = "set"


@dataclass(frozen=True)
class Column:
    """One recorded channel; `per_code` in volt or ampere, `noise_codes` rms, both of codes as recorded."""

    name: str
    kind: str
    per_code: float
    phase: int = 1
    rated: float | None = None  # nominal volts, or Imax in ampere; None: the header's, or full scale
    noise_codes: float = 0.0
    gain: float = 1.0
    lead_deg: float = 0.0
    offset_w: float = 0.0
    two_way: bool = False  # a source that also consumes, as a battery

    @property
    def is_voltage(self) -> bool:
        """Whether its codes are volts."""
        return self.kind.endswith("_v")


@dataclass(frozen=True)
class Header:
    """All that a recording says about its samples."""

    set_hz: float
    columns: tuple[Column, ...]
    bits: int = 12
    system: str = "single"
    f0_hz: float = 50.0
    v_nominal_v: float = 230.0
    sampling: str = "round_robin"
    adc: str = "plain"
    adc_widths: tuple[float, ...] = ()  # of the RP2040's four wide codes in LSB; none: the generic ones
    start: datetime | None = None  # of the first sample
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Channel names in the order of sampling."""
        return tuple(column.name for column in self.columns)

    @property
    def two_way(self) -> tuple[str, ...]:
        """Names of the sources that also consume."""
        return tuple(column.name for column in self.columns if column.two_way)

    @property
    def step(self) -> int:
        """Window codes in one recorded code."""
        return 1 << 16 - self.bits

    def wiring(self) -> Wiring:
        """Return what the meter is told; raises ValueError listing what does not fit."""
        wiring = Wiring(
            [self._channel(column) for column in self.columns],
            system=1 + SYSTEMS.index(self.system),
            v_nominal_v=self.v_nominal_v,
            f0_hz=self.f0_hz,
            set_hz=self.set_hz,
            simultaneous=self.sampling == "simultaneous",
        )
        wiring.calibrate({column.name: self._calibration(column) for column in self.columns})
        return wiring

    def table(self) -> "array[int] | None":
        """Return the table from recorded to window codes; None where these are the same."""
        if self.bits == 16:
            return None
        if self.adc == "plain":
            return plain_table()
        return wide_code_table(self.adc_widths) if self.adc_widths else generic_table()

    def _channel(self, column: Column) -> Channel:
        full_scale = column.per_code * 2.0 ** (self.bits - 1) / sqrt(2.0)
        usual = self.v_nominal_v if column.is_voltage else full_scale
        return Channel(
            column.name,
            KINDS.index(column.kind),
            column.phase,
            per_code=column.per_code / self.step,
            rated=usual if column.rated is None else column.rated,
            noise_codes=column.noise_codes * self.step,
        )

    def _calibration(self, column: Column) -> dict[str, float]:
        return {
            "gain": column.gain,
            "lead_rad": radians(column.lead_deg),
            "noise_codes": column.noise_codes * self.step,
            "offset_w": column.offset_w,
        }


def from_wiring(wiring: Wiring, bits: int = 12, **known: Any) -> Header:
    """Return the header of raw codes of `bits` bits sampled by a wiring; `known`: adc, adc_widths, start, notes."""
    columns = tuple(_column(channel, 1 << 16 - bits) for channel in wiring.channels)
    return Header(
        set_hz=wiring.set_hz,
        columns=columns,
        bits=bits,
        system=SYSTEM_NAMES[wiring.system],
        f0_hz=wiring.f0_hz,
        v_nominal_v=wiring.v_nominal_v,
        sampling=SAMPLINGS[bool(wiring.simultaneous)],
        **known,
    )


def _column(channel: Channel, step: int) -> Column:
    return Column(
        channel.name,
        KINDS[channel.kind],
        per_code=channel.per_code * step,
        phase=channel.phase,
        rated=channel.rated or None,
        noise_codes=channel.noise_codes / step,
        gain=channel.gain,
        lead_deg=degrees(channel.lead_rad),
        offset_w=channel.offset_w,
    )
