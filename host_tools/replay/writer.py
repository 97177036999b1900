"""Saves what a converter sampled as a recording that `islet replay` reads."""

from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from host_tools.replay.header import MARK, SET_COLUMN, VERSION, Column, Header, from_wiring
from host_tools.replay.header_text import RATINGS, REQUIRED, SCALES
from islet.measure.wiring import Wiring

Sets = NDArray[np.int64]

_ROWS = 65_536  # formatted at a time


def write(
    path: Path,
    wiring: Wiring | Header,
    raw_codes: ArrayLike,
    bits: int = 12,
    sets: ArrayLike | None = None,
    **known: object,
) -> None:
    """Write raw codes [n_sets, channels] of `bits` bits; `sets` numbers them, for a recording with sets lost.

    `known` goes to the header: adc, adc_widths, start, notes. Raises ValueError when the codes do not fit.
    """
    header = wiring if isinstance(wiring, Header) else from_wiring(wiring, bits, **known)
    with Writer(path, header, has_sets=sets is not None) as writer:
        writer.add(raw_codes, sets)


class Writer:
    """A recording that grows; a context manager."""

    def __init__(self, path: Path, header: Header, has_sets: bool = False) -> None:
        """Open the file anew and write the header."""
        self.header = header
        self.has_sets = has_sets
        self._last = -1
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._file.write("\n".join(header_lines(header, has_sets)) + "\n")

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, raw_codes: ArrayLike, sets: ArrayLike | None = None) -> None:
        """Append raw codes [n, channels], with the number of each set where the recording has numbers."""
        rows = np.asarray(raw_codes, dtype=np.int64)
        if rows.ndim != 2 or rows.shape[1] != len(self.header.columns):
            raise ValueError(f"codes must be rows of {len(self.header.columns)} channels, not {rows.shape}")
        if rows.size and not 0 <= rows.min() <= rows.max() < 1 << self.header.bits:
            raise ValueError(f"codes must be from 0 to {(1 << self.header.bits) - 1}")
        if (sets is not None) != self.has_sets:
            raise ValueError("give set numbers with all rows of a recording, or with none")
        if sets is not None:
            rows = np.column_stack([self._numbered(np.asarray(sets, dtype=np.int64), len(rows)), rows])
        line = ",".join(["%d"] * rows.shape[1]) + "\n"
        for at in range(0, len(rows), _ROWS):
            part = rows[at : at + _ROWS]
            self._file.write(line * len(part) % tuple(part.ravel().tolist()))

    def _numbered(self, sets: Sets, n: int) -> Sets:
        if sets.shape != (n,) or (n and np.diff(sets, prepend=self._last).min() < 1):
            raise ValueError("sets must be one rising number a row")
        if n:
            self._last = int(sets[-1])
        return sets


def header_lines(header: Header, has_sets: bool) -> list[str]:
    """Return the lines that HeaderReader makes the same header from, the columns' names last."""
    adc = " ".join([header.adc, *map(repr, header.adc_widths)])
    pairs: list[tuple[str, object]] = [
        (MARK, VERSION),
        *((key, _plain(getattr(header, key))) for key in REQUIRED),
        ("adc", adc),
        *([("start", header.start.isoformat())] if header.start else []),
        *(("note", note) for note in header.notes),
        *(("channel", _words(column)) for column in header.columns),
    ]
    names = ([SET_COLUMN] if has_sets else []) + list(header.names)
    return [f"# {key}: {value}" for key, value in pairs] + [",".join(names)]


def _words(column: Column) -> str:
    current = not column.is_voltage
    pairs: dict[str, Any] = {"kind": column.kind, "phase": column.phase, SCALES[current]: column.per_code}
    if column.rated is not None:
        pairs[RATINGS[current]] = column.rated
    usual = {"noise_codes": 0.0, "gain": 1.0, "lead_deg": 0.0, "offset_w": 0.0}
    pairs |= {key: getattr(column, key) for key in usual if getattr(column, key) != usual[key]}
    if column.two_way:
        pairs["two_way"] = "yes"
    return " ".join([column.name, *(f"{key}={_plain(value)}" for key, value in pairs.items())])


def _plain(value: object) -> str:
    """Return a number in the fewest digits that give it back."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
