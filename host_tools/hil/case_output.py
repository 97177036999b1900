"""Results of cases for people and as JSON."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from host_tools.hil.case_result import Check, Result, Value

_OPS = {"max": "<=", "min": ">=", "equal": "=", "contains": "has"}


def words(value: Value, unit: str = "") -> str:
    """Return a figure with its unit."""
    if value is None:
        return "-"
    if isinstance(value, list):
        return " > ".join(value)
    text = f"{value:g}" if isinstance(value, float) else value
    return f"{text} {unit}".rstrip()


def show(console: Console, result: Result) -> None:
    """Print a case: its verdict, its way, and measured beside limit with the limit's source."""
    verdict = Text("passed", "green") if result.passed else Text("FAILED", "bold red")
    speed = result.virtual_s / max(result.wall_s, 1e-3)
    console.print(Text.assemble((result.name, "bold"), "  ", verdict, f"  {result.title}"), soft_wrap=True)
    way = "  ".join(f"{change.t_s:g} s {change.state}" + _because(change.why) for change in result.path)
    console.print(Text(f"  {way}"), soft_wrap=True)
    if result.error:
        console.print(Text(f"  {result.error}\n", "red"), soft_wrap=True)
        return
    console.print(_table(result.limits))
    for missed in result.missed:
        console.print(Text(f"  never happened: {missed}", "red"))
    console.print(
        f"  {result.virtual_s:g} s in {result.wall_s:.1f} s on {result.rig} ({speed:.0f} x real time)\n"
    )


def summary(console: Console, results: list[Result]) -> None:
    """Print how many passed, and which did not."""
    failed = [result for result in results if not result.passed]
    for result in failed:
        wrong = ", ".join(_wrong(check) for check in result.limits if not check.passed)
        wrong = wrong or result.error or "an event never happened"
        console.print(Text(f"FAILED {result.name}: {wrong}", "red"), soft_wrap=True)
    console.print(f"{len(results) - len(failed)} of {len(results)} cases passed")


def line(results: list[Result]) -> str:
    """Return all results as one line of JSON."""
    return json.dumps(
        {
            "cases": len(results),
            "passed": sum(result.passed for result in results),
            "results": [result.json() for result in results],
        },
        allow_nan=False,
    )


def _because(why: str) -> str:
    return f" ({why})" if why else ""


def _wrong(check: Check) -> str:
    return f"{check.name} {words(check.measured)}, limit {_OPS[check.op]} {words(check.value, check.unit)}"


def _table(checks: Iterable[Check]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for name in ("", "figure", "measured", "limit", "source"):
        table.add_column(name, overflow="fold")
    for row in _rows(checks):
        table.add_row(*row)
    return table


def _rows(checks: Iterable[Check]) -> Iterator[tuple[Any, ...]]:
    for check in checks:
        mark = Text("ok", "green") if check.passed else Text("NO", "bold red")
        limit = f"{_OPS[check.op]} {words(check.value, check.unit)}"
        yield mark, check.name, words(check.measured, check.unit), limit, check.source
