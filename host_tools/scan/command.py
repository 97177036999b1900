"""The command `islet scan`."""

import asyncio

import click

from host_tools.scan.seconds import Seconds, timeout_option


@click.command()
@click.argument("url")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: {device: {model: {point: ...}}}.")
@click.option(
    "--at",
    multiple=True,
    metavar="BASE,UNIT",
    help="Look only here, for maps at an odd address; may be given again.",
)
@click.option(
    "--unit",
    "units",
    metavar="UNITS",
    help="Units to try, such as 1-20 or 1,126 [tcp: 1,126,71,200,2,3; rtu: 1-10].",
)
@timeout_option
@click.option(
    "--limit",
    "limit_s",
    type=Seconds(0.1, 86400.0),
    default=300.0,
    show_default=True,
    help="Seconds that the whole scan may take.",
)
def scan(
    url: str, as_json: bool, at: tuple[str, ...], units: str | None, timeout_s: float, limit_s: float
) -> None:
    """Show what answers on a Modbus line: devices, SunSpec models, points, and what is unusual.

    URL is tcp://HOST[:PORT], or rtu:///dev/ttyUSB0?baud=9600&parity=N&units=1-10. Nothing is ever written to a
    device (docs/scan.md).
    """
    from host_tools.scan import output, search  # late: decoding needs numpy
    from host_tools.scan.target import parse, parse_at

    target = parse(url, units)
    outcome = asyncio.run(search.run(target, [parse_at(one) for one in at], timeout_s, limit_s))
    if outcome.skipped:
        click.echo(f"scan: the time was over before unit {outcome.skipped[0]} was done", err=True)
    if as_json:
        click.echo(output.as_json(outcome.devices))
        for note in output.note_lines(outcome.devices):
            click.echo(f"unusual: {note}", err=True)
    else:
        for line in output.text_lines(outcome.devices):
            click.echo(line)
