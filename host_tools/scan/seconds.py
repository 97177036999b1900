"""A span of time as an option of a command."""

import math
from typing import Any

import click


class Seconds(click.FloatRange):
    """A number of seconds within bounds; `nan` is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds."""
        seconds = float(super().convert(value, param, ctx))
        if math.isnan(seconds):
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return seconds


timeout_option = click.option(
    "--timeout",
    "timeout_s",
    type=Seconds(0.01, 60.0),
    default=1.0,
    show_default=True,
    help="Seconds to wait for an answer.",
)
