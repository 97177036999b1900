"""The command `islet replay`."""

import re
import sys
from math import inf
from pathlib import Path

import click

SPANS_S = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "": 1.0}


class Span(click.ParamType[float]):
    """A span of time such as 200ms, 1s, 10min, as seconds."""

    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|min|h|)", str(value))
        span_s = float(found[1]) * SPANS_S[found[2]] if found else 0.0
        if not 0.0 < span_s <= 86400.0:
            self.fail(f"{value!r} is not a span of time; write for example 200ms, 1s or 10min.", param, ctx)
        return span_s


@click.command()
@click.argument("samples", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a reading, the summary last.")
@click.option(
    "--window-ms",
    type=click.IntRange(60, 1000),
    default=100,
    show_default=True,
    help="Length of the windows that the meter is handed.",
)
@click.option(
    "--interval",
    "interval_s",
    type=Span(),
    help="Print means over this time, such as 1s or 10min [one window].",
)
@click.option("--summary", "only_summary", is_flag=True, help="Print only the summary.")
@click.option(
    "--plain-kernels",
    is_flag=True,
    help="Sum with the firmware's plain kernels instead of their equal in numpy; slower.",
)
def replay(
    samples: Path,
    as_json: bool,
    window_ms: int,
    interval_s: float | None,
    only_summary: bool,
    plain_kernels: bool,
) -> None:
    """Run the firmware's own meter over recorded ADC samples.

    SAMPLES is a CSV file with a header that says what the codes are worth (docs/replay.md). Every quantity is
    printed for each window, and a summary of the whole recording last.
    """
    from host_tools.replay import kernels_numpy, output  # late: numpy takes its time
    from host_tools.replay.progress import Progress
    from host_tools.replay.reader import Recording
    from host_tools.replay.runner import Replay
    from islet.measure import kernels

    if only_summary:
        interval_s = inf
    with Recording(samples) as recording:
        progress = Progress(recording.size_bytes, quiet=not only_summary and sys.stdout.isatty())
        run = Replay(recording, window_ms, interval_s, kernels if plain_kernels else kernels_numpy)
        for reading in run.readings(lambda rows: progress.at(recording.read_bytes, rows)):
            if only_summary:
                continue
            for line in [output.json_line(reading)] if as_json else output.text_lines(reading):
                sys.stdout.write(line + "\n")
        summary = run.summary()
        progress.done(summary.rows)
    for line in [output.summary_json(summary)] if as_json else output.summary_lines(summary):
        click.echo(line)
