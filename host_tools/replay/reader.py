"""Reads a recording block by block: bounded memory for files of any length, and errors by line."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from host_tools.errors import InputError
from host_tools.replay.header_text import HeaderReader

Sets = NDArray[np.int64]
Codes = NDArray[np.uint16]

BLOCK_BYTES = 1 << 20
LINE_BYTES = 4096  # no line of a recording is as long
_PLAIN = b"0123456789, \t\r\n"  # all that rows are made of


class Block(NamedTuple):
    """Rows of a recording: the number of each set, int64 [n], and its raw codes, uint16 [n, channels]."""

    sets: Sets
    codes: Codes


class Recording:
    """An open recording; a context manager. `blocks` goes through it once.

    Raises InputError with file, line, what is wrong and what to do. `size_bytes` is 0 for a pipe.
    """

    def __init__(self, path: Path, block_bytes: int = BLOCK_BYTES) -> None:
        """Open the file and read its header."""
        self.path = path
        self._block_bytes = block_bytes
        self.read_bytes = 0
        self._file = self._open()
        try:
            self._read_header()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "Recording":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def blocks(self) -> Iterator[Block]:
        """Yield all rows in order; set numbers rise, and where they jump, sets were lost."""
        rest = b""
        while data := self._file.read(self._block_bytes):
            self.read_bytes += len(data)
            text, newline, tail = data.rpartition(b"\n")
            if newline:
                yield from self._block(rest + text + newline)
            rest = tail if newline else rest + tail
            if len(rest) > LINE_BYTES:
                self._line += 1
                self._fail(f"this line is longer than {LINE_BYTES} bytes; a recording has one set a line")
        yield from self._block(rest)

    def _open(self) -> BinaryIO:
        try:
            file = self.path.open("rb")
            self.size_bytes = self.path.stat().st_size
        except FileNotFoundError:
            raise InputError(f"{self.path} is not there; give the path of a recording.") from None
        except IsADirectoryError:
            raise InputError(f"{self.path} is a folder; give the path of a recording in it.") from None
        except OSError as error:
            raise InputError(
                f"{self.path} cannot be read ({error.strerror}); give a file you may read."
            ) from None
        return file

    def _read_header(self) -> None:
        reader = HeaderReader(self.path)
        while True:
            line = self._text_line(reader.line + 1)
            if not line.startswith("#"):
                break
            reader.take(line)
        self.header = reader.finish(line)
        self.has_sets = reader.has_sets
        self._line = reader.line  # the last line read
        self._next_set: int | None = None
        self._width = len(self.header.columns) + self.has_sets

    def _text_line(self, number: int) -> str:
        line = self._file.readline(LINE_BYTES)
        if not line:
            what = "is empty" if number == 1 else "ends within its header"
            raise InputError(f"{self.path} {what}; give a recording with a header and rows of codes.")
        try:
            text = line.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text or len(line) == LINE_BYTES:
            raise InputError(f"{self.path}, line {number}: this is not text; give a recording as a CSV file.")
        return text

    def _block(self, text: bytes) -> Iterator[Block]:
        if text.strip():
            rows = self._rows(text)
            top = (1 << self.header.bits) - 1
            if rows is None or rows[:, self.has_sets :].max() > top:
                self._explain(text)
            sets = self._sets(rows, text)
            self._next_set = int(sets[-1]) + 1
            yield Block(sets, rows[:, self.has_sets :].astype(np.uint16))
        self._line += text.count(b"\n")

    def _rows(self, text: bytes) -> Sets | None:
        """Return the numbers of the rows, or None where something is wrong with them."""
        if text.translate(None, _PLAIN):
            return None
        try:
            rows = np.loadtxt(BytesIO(text), dtype=np.int64, delimiter=",", comments=None, ndmin=2)
        except ValueError:
            return None
        return rows if rows.shape[1] == self._width else None

    def _sets(self, rows: Sets, text: bytes) -> Sets:
        first = self._next_set
        if not self.has_sets:
            start = first or 0
            return np.arange(start, start + len(rows))
        sets = rows[:, 0]
        steps = np.diff(sets, prepend=sets[0] - 1 if first is None else first - 1)
        if steps.min() < 1:
            at = int(np.argmin(steps >= 1))
            number, before = int(sets[at]), int(sets[at] - steps[at])
            self._line += [n for n, line in enumerate(text.split(b"\n"), 1) if line.strip()][at]
            self._fail(f"set {number} comes after set {before}; sets must rise, put the rows in order")
        return sets

    def _explain(self, text: bytes) -> NoReturn:
        """Raise InputError for the first line of a block that is wrong."""
        for line in text.split(b"\n"):
            self._line += 1
            if not line.strip():
                continue
            if b"\0" in line:
                self._fail("this is not text; give a recording as a CSV file")
            cells = line.decode("utf-8", "replace").strip().split(",")
            if len(cells) != self._width:
                names = ",".join([*(["set"] if self.has_sets else []), *self.header.names])
                self._fail(
                    f"{len(cells)} columns instead of {self._width}; write one number each for {names}"
                )
            for number, cell in enumerate(cells):
                self._check_cell(cell.strip(), number - self.has_sets)
        raise InputError(f"{self.path}: its rows cannot be read; write integers, separated by commas.")

    def _check_cell(self, cell: str, column: int) -> None:
        if column < 0:
            if not (cell.isascii() and cell.isdigit() and len(cell) <= 18):
                self._fail(f"set {cell[:20]!r} is no set number; count sets in integers from 0")
            return
        name, bits = self.header.names[column], self.header.bits
        if not (cell.isascii() and cell.isdigit()):
            self._fail(f"{name} is {cell[:20]!r}; a code is an integer from 0 to {(1 << bits) - 1}")
        if int(cell[:30]) >= 1 << bits:
            self._fail(f"{name} is {cell[:30]}, beyond {bits} bits; a code is at most {(1 << bits) - 1}")

    def _fail(self, what: str) -> NoReturn:
        raise InputError(f"{self.path}, line {self._line}: {what}.")
