"""Integer kernels over the rows of sums that the others make; the plain reference of hal.kernels_rows."""

from array import array

FOLD = 262_144.0  # what a folded high counts


def fold(sums: array, width: int, singles: int, rows: int, out: array) -> None:
    """Add up `rows` rows of `width` words to out[:width], and the first and the last of them to out[width:].

    The first `singles` words are added; the others are pairs of high and low, and become FOLD * high + low, so that
    any number of rows fits: a row adds at most 2**20 to the high and 1023 * 256 + 255 * 255 to the low.
    """
    last = (rows - 1) * width
    for c in range(singles):
        total = 0
        for row in range(rows):
            total += sums[row * width + c]
        out[c] = total
        out[width + c] = sums[c] + sums[last + c]
    for c in range(singles, width, 2):
        high = low = 0
        for row in range(rows):
            p = sums[row * width + c]
            high += p >> 10
            low += ((p & 1023) << 8) + sums[row * width + c + 1]
        out[c] = high
        out[c + 1] = low
        p, q = sums[c], sums[last + c]
        out[width + c] = (p >> 10) + (q >> 10)
        out[width + c + 1] = ((p & 1023) << 8) + ((q & 1023) << 8) + sums[c + 1] + sums[last + c + 1]


def half_squares(
    halves: array,
    rows: int,
    places: array,
    count: int,
    sums: array,
    state: array,
    squares: array,
    ends: array,
) -> int:
    """Write the mean square, in 256, of each cycle that ends with a half cycle and was not told; return how many.

    Row r of the squares' `sums` is half cycle halves[r]..halves[r + 1] - 1; cycle k of `count` begins at places[k],
    in 1/256 set. state: the set up to which cycles were told; length (halves of 1/256 set) and high sum of the half
    cycle before row 0, 0 if none, later those of the last whole cycle's end; lowest and highest of what was written.
    """
    told, parts, high = state[0], state[1], state[2]
    state[3], state[4] = 1 << 29, 0
    n = 0
    last_row = 2 * count - 1
    for row in range(rows):
        end = halves[row + 1]
        k = (row if row < last_row else last_row) >> 1
        more_parts = (places[k + 1] - places[k]) >> 1
        more_high = sums[3 * row + 1]
        if parts > 0 and end > told:
            squares[n] = square = _mean(high + more_high, parts + more_parts)
            ends[n] = told = end
            n += 1
            state[3], state[4] = min(state[3], square), max(state[4], square)
        parts, high = more_parts, more_high
        if row == last_row:
            state[1], state[2] = parts, high
    state[0] = told
    return n


def _mean(total: int, length: int) -> int:
    """Return 256 * total // length; total // length < 2**22, length < 2**22."""
    whole = total // length
    return (whole << 8) + ((total - whole * length) << 8) // length
