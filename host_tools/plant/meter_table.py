"""The table of docs/measuring.md: `python -m host_tools.plant.meter_table docs/measuring.md`.

With a file as argument, the table between its marks is measured anew (minutes); without, it is printed.
"""

import sys
from pathlib import Path

from host_tools.plant.meter_figures import (
    PF_LIMIT,
    STEADY_LIMIT_HZ,
    STEP_LIMIT_HZ,
    Accuracy,
    Collected,
    Pair,
    collect,
)
from host_tools.plant.meter_run import Figure

BEGIN = "<!-- metering: begin -->"
END = "<!-- metering: end -->"
HEAD = (
    "| what | limit | Islet, even 12 bits | numpy | Islet, RP2040, own table | numpy "
    "| RP2040, generic table | published |",
    "|---|---|---|---|---|---|---|---|",
)
P_UPPER, P_FIVE, P_LOWER = "P, 10 to 100 % of Imax", "P, 5 % of Imax", "P, 0.05, 0.1 and 0.2 Ib"
PF, VOLTS, AMPS = "power factor, all loads", "U", "I, all loads"
STEADY, STEPPED, DROP_OUTS = (
    "f, mean of a second, 45 to 65 Hz",
    "f, from 0.2 s after a step on",
    "windows lost in a sweep of P",
)
PUBLISHED = {
    P_UPPER: "emonLibDB ±1.2 % combined; IoTaWatt 1 % (its users); ATM90E32 0.5 %; "
    "ADS131M04 design: class 0.5; Shelly Pro 3EM: class B",
    PF: "emon32 ±0.01 (test on a host)",
    VOLTS: "emon32 ±1 V (test on a host)",
    AMPS: "emon32 ±0.05 A (test on a host)",
    STEADY: "ATM90E32 0.01 Hz",
}
INFLUENCE = "change by "
Cells = tuple[str, ...]


def rows(found: Collected) -> list[tuple[str, Cells]]:
    """Return the name of each row and its cells from the limit to the generic table."""
    three = (found.ideal, found.own, found.generic)
    table = [
        (P_UPPER, ("0.05 %; RP2040 0.2 %", *_powers([one.upper for one in three]))),
        (P_FIVE, ("0.2 %; RP2040 0.4 %", *_powers([one.five for one in three]))),
        (P_LOWER, ("class 1: 1.0 or 1.5 %", *_powers([one.lower for one in three]))),
        (PF, (f"{PF_LIMIT:g}", *_each(three, "pf", "{:.5f}"))),
        (VOLTS, ("-", *_each(three, "volts", "{:.3f} V"))),
        (AMPS, ("-", *_each(three, "amps", "{:.4f} A"))),
        (STEADY, (f"{STEADY_LIMIT_HZ:g} Hz", *_frequency(found.steady_hz, found.own_steady_hz))),
        (STEPPED, (f"{STEP_LIMIT_HZ:g} Hz", *_frequency(found.step_hz, found.own_step_hz))),
        (DROP_OUTS, ("0", f"{found.drop_outs} of {found.sweep_windows}", "-", "-", "-", "-")),
    ]
    for name, pair in found.influences.items():
        cells = (f"class 1: {pair.limit_pct:g} %", f"{pair.ours:.4f} %", f"{pair.numpy:.4f} %", "-", "-", "-")
        table.append((INFLUENCE + name, cells))
    return table


def _powers(figures: list[Figure]) -> Cells:
    even, own, generic = figures
    pairs = [f"{value:.4f} %" for one in (even, own) for value in (one.p_pct, one.numpy_p_pct)]
    return (*pairs, f"{generic.p_pct:.3f} %")


def _each(three: tuple[Accuracy, ...], name: str, form: str) -> Cells:
    worst = [one.worst for one in three]
    values = [getattr(one, key) for one in worst[:2] for key in (name, f"numpy_{name}")]
    return tuple(form.format(value) for value in (*values, getattr(worst[2], name)))


def _frequency(even: Pair, own: Pair) -> Cells:
    return (*(f"{value:.5f} Hz" for pair in (even, own) for value in (pair.ours, pair.numpy)), "-")


def table(found: Collected) -> str:
    """Return the whole table with its marks."""
    lines = [f"| {name} | {' | '.join(cells)} | {PUBLISHED.get(name, '-')} |" for name, cells in rows(found)]
    return "\n".join([BEGIN, *HEAD, *lines, END])


def replaced(text: str, found: Collected) -> str:
    """Return a document with its table made of new figures; ValueError without the marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no {BEGIN} ... {END} in the document")
    return before + table(found) + after


if __name__ == "__main__":
    figures = collect(quick=False)
    for path in map(Path, sys.argv[1:]):
        path.write_text(replaced(path.read_text(encoding="utf-8"), figures), encoding="utf-8")
    if not sys.argv[1:]:
        print(table(figures))
