"""The command `islet`."""

import asyncio
import sys
from pathlib import Path

import click

from host_tools import bench
from host_tools.board.command import doctor, flash, logs, provision
from host_tools.calibrate.command import calibrate
from host_tools.city.options import FAULTS, Options
from host_tools.errors import InputError, RunError
from host_tools.hil.command import hil
from host_tools.profiles.command import profiles
from host_tools.provision.devices_command import devices
from host_tools.provision.firmware.command import firmware
from host_tools.replay.command import replay
from host_tools.scan.command import scan

DEFAULT = Options()


class Sentences(click.Group):
    """A group whose errors are one sentence: exit code 2 for bad input, 1 for a run that failed, 130 for Ctrl-C."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; turn errors of the world, not those of the program, into a message."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except InputError as error:
            code, words = 2, f"error: {error}"
        except (RunError, OSError) as error:
            code, words = 1, f"error: {error}"
        except KeyboardInterrupt:
            code, words = 130, "interrupted"
        click.echo(words, err=True)
        raise click.exceptions.Exit(code)


class Clock(click.ParamType[int]):
    """A time of day, HH:MM, as seconds; 24:00 is the end of the day."""

    name = "HH:MM"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return seconds of the day."""
        if isinstance(value, int):
            return value
        hours, colon, minutes = str(value).partition(":")
        if not (colon and hours.isdigit() and minutes.isdigit() and int(minutes) < 60 and int(hours) <= 24):
            self.fail(f"{value!r} is not a time of day; write it as HH:MM, for example 18:00.", param, ctx)
        return int(hours) * 3600 + int(minutes) * 60


@click.group(
    cls=Sentences, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="islet")
def main() -> None:
    """Islet: a building as its own island, a city acting as one.

    Start with `islet demo`: a day of real homes, metered, balanced, cut off from the grid and brought back.
    """


@main.command()
@click.option(
    "--date", default=DEFAULT.date, show_default=True, metavar="MM-DD", help="Day of the homes' year."
)
@click.option(
    "--buildings",
    default=DEFAULT.buildings,
    show_default=True,
    help="How many; beyond 17, homes return with their year shifted.",
)
@click.option(
    "--seed",
    default=DEFAULT.seed,
    show_default=True,
    help="Seed of everything that is drawn; one seed, one result.",
)
@click.option("--from", "start_s", type=Clock(), default="00:00", show_default=True, help="Start of the run.")
@click.option("--to", "end_s", type=Clock(), default="24:00", show_default=True, help="End of the run.")
@click.option(
    "--outage",
    "outage_s",
    type=Clock(),
    default="18:00",
    show_default=True,
    help="When the feeder loses supply.",
)
@click.option(
    "--outage-minutes",
    type=click.IntRange(min=0),
    default=60,
    show_default=True,
    help="For how long; 0 for no outage.",
)
@click.option(
    "--fault",
    "faults",
    type=click.Choice(FAULTS),
    multiple=True,
    help="broker: the broker is dead for ten minutes at noon.",
)
@click.option(
    "--broker", metavar="HOST:PORT", help="Use this MQTT broker; by default an embedded one is started."
)
@click.option(
    "--transformer-kva",
    type=float,
    help="Rating of each feeder's transformer; by default sized by its homes.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT.out,
    help="Folder for results [build/demo].",
)
@click.option("--serve", is_flag=True, help="Keep a live page while and after the run.")
@click.option("--port", default=DEFAULT.port, show_default=True, help="Port of the live page on 127.0.0.1.")
def demo(outage_minutes: int, **chosen: object) -> None:
    """Run the district: meter, forecast, balance, island at the outage, and come back.

    Writes OUT/report.html, OUT/results.json and OUT/islet.sqlite, and prints one table.
    """
    options = Options(outage_length_s=60 * outage_minutes, **chosen)  # type: ignore[arg-type]
    from host_tools.city.demo import run_demo  # late: it takes seconds

    asyncio.run(run_demo(options))


@main.command("bench")
@click.argument("name", type=click.Choice([*bench.names(), "all"]))
@click.option("--quick", is_flag=True, help="A shorter form, within one minute.")
def bench_command(name: str, quick: bool) -> None:
    """Measure one number (or all) that the README quotes; the last line printed is JSON."""
    for each in bench.names() if name == "all" else [name]:
        bench.run(each, quick)


@main.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), default=Path("report.html"), show_default=True
)
def report(results: Path, out: Path) -> None:
    """Draw the report of an earlier run again from its results.json."""
    from host_tools.dashboard.report import write
    from host_tools.dashboard.results import Results

    try:
        found = Results.load(results)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{results} cannot be read as results of a run ({error}).") from error
    try:
        write(found, out)
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror}).") from error
    click.echo(f"wrote {out}")


main.add_command(calibrate)
main.add_command(devices)
main.add_command(doctor)
main.add_command(firmware)
main.add_command(flash)
main.add_command(hil)
main.add_command(logs)
main.add_command(profiles)
main.add_command(provision)
main.add_command(replay)
main.add_command(scan)


if __name__ == "__main__":
    sys.exit(main())
