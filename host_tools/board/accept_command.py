"""The command `islet hil accept`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from host_tools.errors import InputError

STEPS = ("wiring", "outputs", "inputs", "timing", "watchdog", "brown-out")  # as accept_steps.run has them
SIMULATED_CYCLES = 5


class Human:
    """The person at the terminal."""

    def do(self, _key: str, text: str) -> None:
        """Ask, and wait for the Enter key."""
        click.prompt(f"{text} Then press Enter", default="", show_default=False, prompt_suffix=" ")

    def agrees(self, _key: str, text: str) -> bool:
        """Ask for yes or no."""
        return click.confirm(text)

    def types(self, _key: str, text: str) -> str:
        """Ask for a word."""
        return str(click.prompt(text, default="", show_default=False)).strip()


@click.command()
@click.argument("port", required=False)
@click.option(
    "--step", "steps", type=click.Choice(STEPS), multiple=True, help="Only this step; may be repeated."
)
@click.option(
    "--cycles", type=click.IntRange(min=2), default=100, show_default=True, help="Cycles that are timed."
)
@click.option(
    "--cuts", type=click.IntRange(min=1), default=3, show_default=True, help="How often the plug is pulled."
)
@click.option("--tester", default="", help="Your name, for the record.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("build/boards"), show_default=True,
    help="Folder of the record.",
)  # fmt: skip
@click.option("--simulated", is_flag=True, help="Test the emulated board; a script plays the person.")
@click.option("--image", type=click.Path(path_type=Path), help="With --simulated: the image, .uf2.")
def accept(
    port: str | None,
    steps: tuple[str, ...],
    cycles: int,
    cuts: int,
    tester: str,
    out: Path,
    simulated: bool,
    image: Path | None,
) -> None:
    """Accept the board on PORT: you work its contacts and watch its outputs, it is measured beside limits.

    Do it before anything depends on the board, with the installation dead. The firmware does not run meanwhile.
    Writes a record as JSON and text. Exit code 1 when a limit is not kept.
    """
    from host_tools.board import accept as work
    from host_tools.board.accept_record import conduct
    from host_tools.board.line import back

    if (port is None) != simulated:
        raise InputError("Give the PORT of a board, or --simulated without one.")
    chosen = tuple(one.replace("-", "_") for one in STEPS if one in (steps or STEPS))
    count = min(cycles, SIMULATED_CYCLES) if simulated else cycles
    with _board(port, image) as (place, person):
        trial = work.Trial(back(place), person, click.echo, count, cuts)
        record = conduct(trial, chosen, tester, simulated)
    for path in record.write(out):
        click.echo(f"wrote {path}")
    click.echo(record.verdict)
    if record.verdict == work.FAIL:
        raise click.exceptions.Exit(1)


@contextmanager
def _board(port: str | None, image: Path | None) -> Iterator[tuple[str, Any]]:
    """Yield the port and who helps."""
    if port is not None:
        yield port, Human()
        return
    try:
        from host_tools.board.accept_simulated import Bench
    except ImportError as error:
        raise InputError(
            f"The emulated board needs {error.name}; install it with 'pip install -e .[dev]'."
        ) from None
    from host_tools.board.image import BUILD

    path = image or BUILD / "rp2040_emulated.uf2"
    if not path.exists():
        raise InputError(
            f"{path} is not there; make it with 'islet firmware rp2040_emulated', or name one with --image."
        )
    with Bench(path) as bench:
        yield bench.port, bench
