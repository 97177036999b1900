"""The command `islet profiles`."""

import asyncio
from pathlib import Path

import click

from host_tools.scan.seconds import timeout_option

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def profiles() -> None:
    """Devices that SunSpec does not cover: list, show and check profiles, read a device by one.

    A profile says which register holds what, and which public document says so (docs/devices.md). NAME is one of
    those that `islet profiles list` shows, or the path of a JSON file in the same form.
    """


@profiles.command("list", short_help="List the profiles.")
def list_all() -> None:
    """List the profiles: name, role, line, size for the board, commands, maker."""
    from host_tools.profiles import check, output  # late: pydantic is not wanted by other commands

    for line in output.list_lines([check.load(name) for name in check.names()]):
        click.echo(line)


@profiles.command(short_help="Show one: registers and their sources.")
@click.argument("name")
def show(name: str) -> None:
    """Show profile NAME: documents, readings with registers and sources, commands, what is odd about it."""
    from host_tools.profiles import check, output

    for line in output.show_lines(check.find(name)):
        click.echo(line)


@profiles.command("check", short_help="Check files.")
@click.argument("files", nargs=-1, required=True, type=_FILE)
def check_files(files: tuple[Path, ...]) -> None:
    """Check profiles in FILES: members, units, codes, documents, and the compact form; say what is wrong."""
    from host_tools.errors import InputError
    from host_tools.profiles import check, output

    wrong = []
    for path in files:
        try:
            profile = check.read(path)
        except InputError as error:
            wrong.append(str(error))
        else:
            click.echo(f"{path.name}: good, {output.bytes_of(profile)} bytes in compact form")
    if wrong:
        raise InputError("\n".join(wrong))


@profiles.command("compact", short_help="Make one small for the board.")
@click.argument("name")
@click.option("--out", type=_FILE, help="Write here instead of printing it.")
def make_compact(name: str, out: Path | None) -> None:
    """Make profile NAME small for the board: one line of JSON, to be stored there as profile_NAME."""
    from host_tools.errors import InputError
    from host_tools.profiles import check, compact

    text = compact.text(check.find(name))
    if out is None:
        click.echo(text)
        return
    try:
        out.write_text(text)
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror}).") from error
    click.echo(f"wrote {len(text)} bytes to {out}")


@profiles.command(short_help="Read a device by one.")
@click.argument("name")
@click.argument("url")
@click.option("--unit", type=click.IntRange(0, 255), help="Unit of the device [the profile's].")
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON: {readings: {name: {value, unit, quality}}}."
)
@timeout_option
def read(name: str, url: str, unit: int | None, as_json: bool, timeout_s: float) -> None:
    """Read the device at URL by profile NAME, once, and print its readings. Nothing is ever written to it.

    URL is tcp://HOST[:PORT], or rtu:///dev/ttyUSB0?baud=9600&parity=N.
    """
    from host_tools.profiles import check, live

    profile = check.find(name)
    device = asyncio.run(live.read(profile, live.target_of(profile, url, unit), timeout_s))
    if as_json:
        click.echo(live.as_json(device))
        return
    for line in live.text_lines(device):
        click.echo(line)


@profiles.command(short_help="Bring docs/devices.md up to date.")
@click.argument("file", type=_FILE)
def docs(file: Path) -> None:
    """Bring the tables between the marks of FILE, docs/devices.md, up to date."""
    from host_tools.profiles import docs as tables

    tables.write(file)
    click.echo(f"wrote the tables of {file}")
