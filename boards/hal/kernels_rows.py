"""Native twins of the kernels that go over rows, not samples: fold and half_squares; MicroPython only.

As in hal.kernels_viper, bounds are the caller's duty. A ptr32 is read without its sign where an int has 64 bits: what
may be negative is turned at bit 31.
"""
# ruff: noqa: F821
# mypy: disable-error-code="name-defined"


@micropython.viper
def fold(sums: ptr32, width: int, singles: int, rows: int, out: ptr32):
    """Add rows up, and the first and the last of them."""
    sign = 1
    sign = sign << 31
    last = (rows - 1) * width
    stop = rows * width
    c = 0
    while c < singles:
        total = 0
        at = c
        while at < stop:
            total += sums[at]  # its lower 32 bits are right
            at += width
        out[c] = total
        out[width + c] = sums[c] + sums[last + c]
        c += 1
    while c < width:
        high = 0
        low = 0
        at = c
        while at < stop:
            p = (sums[at] ^ sign) - sign
            high += p >> 10
            low += ((p & 1023) << 8) + sums[at + 1]
            at += width
        out[c] = high
        out[c + 1] = low
        p = (sums[c] ^ sign) - sign
        q = (sums[last + c] ^ sign) - sign
        out[width + c] = (p >> 10) + (q >> 10)
        out[width + c + 1] = ((p & 1023) << 8) + ((q & 1023) << 8) + sums[c + 1] + sums[last + c + 1]
        c += 2


@micropython.viper
def half_squares(
    halves: ptr16, rows: int, places: ptr32, count: int, sums: ptr32, state: ptr32, squares: ptr32, ends: ptr16,
) -> int:  # fmt: skip
    """Write the mean square of each cycle that was not told; return how many."""
    sign = 1
    sign = sign << 31
    told = (state[0] ^ sign) - sign
    parts = state[1]
    high = state[2]
    state[3] = 1 << 29
    state[4] = n = row = 0
    last_row = 2 * count - 1
    while row < rows:
        end = halves[row + 1]
        k = (row if row < last_row else last_row) >> 1
        more_parts = (places[k + 1] - places[k]) >> 1
        more_high = sums[3 * row + 1]
        if parts > 0 and end > told:
            length = parts + more_parts
            whole = (high + more_high) // length
            square = (whole << 8) + ((high + more_high - whole * length) << 8) // length
            squares[n] = square
            ends[n] = end
            n += 1
            told = end
            state[3] = square if square < state[3] else state[3]
            state[4] = square if square > state[4] else state[4]
        parts = more_parts
        high = more_high
        if row == last_row:
            state[1] = parts
            state[2] = high
        row += 1
    state[0] = told
    return n
