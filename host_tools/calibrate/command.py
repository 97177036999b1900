"""The command `islet calibrate`."""

import datetime
import sys
from pathlib import Path
from typing import Any

import click

from host_tools.calibrate import guide
from host_tools.calibrate.bench import Bench, Faults, Load
from host_tools.calibrate.device import Device, Refused
from host_tools.calibrate.guide import Guide, Job, Readings
from host_tools.errors import InputError

HOME = Path("build/calibrate")
WIDTHS_SAMPLES = 8_000_000
WIDTHS_V = 235.0  # of the bench: sweeps over all wide codes


@click.command()
@click.option(
    "--simulated", is_flag=True, help="Use the simulated bench: the real firmware, transducers with errors."
)
@click.option("--seed", default=1, show_default=True, help="Draws the bench's errors.")
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=HOME,
    show_default=True,
    help="Folder that is the simulated device's store.",
)
@click.option("--channel", metavar="NAME", help="Only this voltage or current; by default all.")
@click.option(
    "--step",
    "steps",
    type=click.Choice([*guide.STEPS, guide.CHECK]),
    multiple=True,
    help="Only this step; by default gain, phase, offset. check: show other loads, change nothing.",
)
@click.option("--seconds", default=10.0, show_default=True, help="Time that the readings are averaged over.")
@click.option("--reference-v", type=float, help="What the reference meter showed over that time, in V.")
@click.option("--reference-a", type=float, help="... in A.")
@click.option("--reference-w", type=float, help="... in W.")
@click.option("--reference-var", type=float, help="... in var, positive when the current lags.")
@click.option("--reference-pf", type=float, help="... its power factor.")
@click.option(
    "--reference-meter", metavar="TEXT", help="Which meter it is and when it was calibrated; stored."
)
@click.option("--yes", is_flag=True, help="Ask nothing; on the simulated bench its own reference is taken.")
@click.option(
    "--widths", is_flag=True, help="Measure the widths of the converter's codes (erratum RP2040-E11)."
)
@click.option("--dry-run", is_flag=True, help="Show what would come out; store nothing.")
@click.option("--undo", is_flag=True, help="Go back to the calibration before the last one stored.")
@click.option("--show", is_flag=True, help="Show the stored calibration.")
def calibrate(simulated: bool, seed: int, home: Path, **options: Any) -> None:
    """Calibrate a meter against a reference: gain at power factor 1, phase at 0.5, offset without load.

    A reference that cannot be right is refused with a reason and exit code 2; then nothing is stored. See
    docs/calibrating.md.
    """
    reference = {name: options.pop(f"reference_{name}") for name in guide.UNITS}
    given = {name: value for name, value in reference.items() if value is not None}
    if not simulated:
        raise InputError("There is no line to a board yet; add --simulated to try it on the simulated bench.")
    if given and (options["channel"] is None or len(options["steps"]) != 1):
        raise InputError("Readings of the reference belong to one step; add --channel and one --step.")
    bench = Bench(home, Faults.drawn(seed), seed)
    try:
        run(Device(bench), bench, given, **options)
    finally:
        bench.close()


def run(device: Device, bench: Bench | None, given: Readings, **options: Any) -> None:
    """Do what the options say; InputError when the device refuses."""
    about = device.ask("about")
    if about["fault"]:
        click.echo(f"The stored calibration is not used: {about['fault']}.")
    if options["undo"]:
        show(device.ask("undo"))
    elif options["show"]:
        show(about)
    elif options["widths"]:
        measure_widths(device, bench, about, options["channel"])
        finish(device, options)
    else:
        walk(device, bench, about, given, options)


def walk(
    device: Device, bench: Bench | None, about: dict[str, Any], given: Readings, options: dict[str, Any]
) -> None:
    """Work off the steps, then store."""
    work = guide.jobs(about, options["channel"], options["steps"] or guide.STEPS)
    if not work:
        names = ", ".join(one["name"] for one in about["channels"])
        raise InputError(f"The device has no step for {options['channel']}; its channels are {names}.")
    leader = Guide(device, bench, options["seconds"], click.echo)
    for job in work:
        step(leader, job, given, bool(options["yes"]))
    if any(job.step != guide.CHECK for job in work):
        finish(device, options)


def step(leader: Guide, job: Job, given: Readings, quiet: bool) -> None:
    """Do one step: with the readings given, with the bench's own, or else with those that a person types."""
    known = leader.connect(job)
    if given:
        leader.check(job, given) if job.step == guide.CHECK else leader.work(job, given)
    elif quiet:
        leader.check_bench(job) if job.step == guide.CHECK else leader.work(job, known)
    else:
        lead(leader, job, known)


def lead(leader: Guide, job: Job, known: Readings) -> None:
    """Read, ask what the reference showed meanwhile, and do the step; a refused one may be tried again."""
    while True:
        click.pause("Press a key when it is connected and steady.")
        click.echo(f"Reading for {leader.seconds:g} s; note what the reference shows over that time.")
        read = leader.read(job.channel)
        answers = ask(job, known)
        if job.step == guide.CHECK:
            leader.check(job, answers, read)
            return
        try:
            leader.work(job, answers, last=True)
            return
        except Refused as error:
            click.echo(f"error: {error}", err=True)
            if not click.confirm("Try this step again?", default=False):
                raise


def ask(job: Job, known: Readings) -> Readings:
    """Return the reference's readings as a person types them; empty for one that it does not show."""
    answers: Readings = {}
    for name in job.asked():
        default = f"{known[name]:g}" if name in known else ""
        words = click.prompt(
            f"  reference's {guide.UNITS[name]}", default=default, show_default=bool(default)
        )
        if words.strip():
            try:
                answers[name] = float(words)
            except ValueError:
                raise InputError(
                    f"{words!r} is not a number; write it with a point, for example 230.12."
                ) from None
    return answers


def measure_widths(device: Device, bench: Bench | None, about: dict[str, Any], channel: str | None) -> None:
    """Measure the converter's wide codes with mains voltage as the signal."""
    name = channel or next(one["name"] for one in about["channels"] if one["voltage"])
    if bench:
        bench.connect(Load(v=WIDTHS_V))
    found = device.ask("widths", channel=name, samples=WIDTHS_SAMPLES)
    click.echo(f"{'code':>6}{'width in LSB':>16}")
    for code, width in zip(found["adc_codes"], found["adc_widths"], strict=True):
        click.echo(f"{code:>6}{width:>16.2f}")
    click.echo(f"from {found['samples']} samples of {name}")


def finish(device: Device, options: dict[str, Any]) -> None:
    """Store what was tried and show what the device reads back; with --dry-run let go of it."""
    if options["dry_run"]:
        device.ask("drop")
        click.echo("Nothing was stored (--dry-run).")
        return
    meter = options["reference_meter"] or ""
    if not meter and not options["yes"] and sys.stdin.isatty():
        meter = click.prompt("Which reference meter, calibrated when?", default="not named")
    tried = device.ask("about")["calibration"]
    stored = device.ask("store", date=datetime.date.today().isoformat(), reference=meter or "not named")
    for part in ("channels", "adc_codes", "adc_widths"):
        if stored["calibration"][part] != tried[part]:
            raise InputError(f"The device reads back other {part} than were stored; go back with --undo.")
    click.echo("Stored, and read back the same; `islet calibrate --undo` goes back.")
    show(stored)


def show(about: dict[str, Any]) -> None:
    """Print a device's calibration."""
    found = about["calibration"]
    words = f"{found['date']}, by {found['reference']}" if found["date"] else "none: nominal scales"
    click.echo(f"calibration of {about['device']}: {words}")
    for name, values in sorted(found["channels"].items()):
        told = ", ".join(f"{key} {value:.6g}" for key, value in values.items())
        click.echo(f"  {name}: {told} ({guide.STEPS[found['stages'].get(name, 1) - 1]} done)")
    for code, width in zip(found["adc_codes"], found["adc_widths"], strict=True):
        click.echo(f"  code {code}: {width:.2f} LSB")
