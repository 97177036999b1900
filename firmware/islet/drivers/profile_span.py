"""Rows of a profile gathered to reads: whole points, within the device's limit, each period for itself."""


class Span:
    """One read: rows by number, of one function and one period, from `first` on."""

    def __init__(self, function: int, period_s: int, first: int, count: int, row: int) -> None:
        self.function = function
        self.period_ms = 1000 * period_s
        self.first = first
        self.count = count
        self.rows: tuple = (row,)
        self.due_ms: int | None = None  # None: at once

    def parts(self, rows: list) -> list:
        """Return a span for each of its rows, none where it has but one."""
        if len(self.rows) < 2:
            return []
        return [_alone(rows, row) for row in self.rows]


def spans(rows: list, most: int, hole: int) -> list:
    """Return the reads for rows as in profile_table: at most `most` places, at most `hole` unwanted in between."""
    found: list = []
    order = sorted(range(len(rows)), key=lambda i: (rows[i][1], rows[i][8], rows[i][2]))
    for row in order:
        one = _alone(rows, row)
        if found and _joins(found[-1], one, most, hole):
            last = found[-1]
            last.count = max(last.count, one.first + one.count - last.first)
            last.rows += one.rows
        else:
            found.append(one)
    return found


def _alone(rows: list, row: int) -> Span:
    _, function, address, _, size = rows[row][:5]
    return Span(function, rows[row][8], address, max(size, rows[row][14] + 1), row)


def _joins(last: Span, one: Span, most: int, hole: int) -> bool:
    if last.function != one.function or last.period_ms != one.period_ms:
        return False
    return one.first + one.count - last.first <= most and one.first - last.first - last.count <= hole
