"""The commands `islet flash`, `islet provision`, `islet logs`, `islet doctor`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import click

from host_tools.errors import InputError

STOPS = "The firmware stops for about {s} s and then starts again; in an island nothing balances meanwhile."
PATH = click.Path(path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


def sure(yes: bool, seconds: int) -> None:
    """Ask before the firmware is interrupted; InputError when nobody is there to answer, or says no."""
    words = STOPS.format(s=seconds)
    if yes:
        return
    if not sys.stdin.isatty():
        raise InputError(f"{words} Add --yes to do it without being asked.")
    if not click.confirm(f"{words} Go on?", default=False):
        raise InputError("Nothing was done.")


def progress(quiet: bool = False) -> Callable[[str], None]:
    """Return what tells progress, on standard error so that results can be piped."""
    return (lambda text: None) if quiet else (lambda text: click.echo(text, err=True))


@click.command()
@click.argument("board", required=False)
@click.option("--port", metavar="PORT", help="The board's serial port; otherwise found by its USB id.")
@click.option("--image", type=PATH, help="The image; otherwise what 'islet firmware BOARD' made.")
@click.option(
    "--erase", is_flag=True, help="Make the board's file system anew: settings, key and counters are lost."
)
@click.option("--keep-settings", is_flag=True, help="Carry the files over even where the file system moves.")
@click.option("--volume", type=FOLDER, help="Where the boot loader's volume is mounted, if it is not found.")
@click.option("--list", "only_list", is_flag=True, help="Show the boards that are connected, and stop.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def flash(
    board: str | None,
    port: str | None,
    image: Path | None,
    erase: bool,
    keep_settings: bool,
    volume: Path | None,
    only_list: bool,
    yes: bool,
) -> None:
    """Put the firmware on BOARD, a folder below boards/; compare what the flash holds, and test the board.

    Its files stay where they are. Exit code 1 when something is wrong with it. See docs/boards_tools.md.
    """
    from host_tools.board import find, probe
    from host_tools.board import flash as work
    from host_tools.board import image as images
    from host_tools.provision.firmware import boardfile

    if only_list:
        connected(find.ports(), find.volumes(volume))
        return
    if board is None:
        raise InputError(f"Name a board: {', '.join(boardfile.names())}; --list shows what is connected.")
    if erase and keep_settings:
        raise InputError("--erase and --keep-settings exclude each other; choose one.")
    about = boardfile.load(board)
    path = images.find(about, image)
    sure(yes, 60)
    files = work.ERASE if erase else work.KEEP if keep_settings else ""
    found = work.run(work.Job(about, path, port, volume, files, progress()))
    for one in found:
        click.echo(one.text())
    if any(one.verdict == probe.WRONG for one in found):
        click.echo("The image is on it, but do not connect it yet: see what is wrong.")
        raise click.exceptions.Exit(1)
    click.echo(f"done. Next: wire it as boards/{board}/README.md says, then 'islet provision PORT FOLDER',")
    click.echo("and before anything depends on it 'islet hil accept PORT'.")


def connected(ports: list, volumes: list) -> None:  # type: ignore[type-arg]
    """Show what was found."""
    for one in ports:
        click.echo(f"{one.device:<20} {one.what}, serial {one.serial or 'none'}")
    for one in volumes:
        click.echo(f"{one.path!s:<20} boot loader of {one.chip}")
    if not ports and not volumes:
        click.echo("No board is connected that can be told by its USB id.")


@click.command()
@click.argument("target", metavar="[PORT] FOLDER", nargs=-1, required=True)
@click.option(
    "--new", "node", metavar="NODE", help="Make FOLDER for a new node: a fresh key, settings to fill in."
)
@click.option("--site", metavar="SITE", help="With --new: the site, first level of its topics.")
@click.option("--check", is_flag=True, help="Only check FOLDER.")
@click.option("--no-watch", is_flag=True, help="Do not wait whether the firmware starts with it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def provision(
    target: tuple[str, ...], node: str | None, site: str | None, check: bool, no_watch: bool, yes: bool
) -> None:
    """Give the board on PORT its settings, devices, key and network from FOLDER, and set its clock.

    All errors are told before anything is written. Keys are never shown.
    """
    from host_tools.board import folder as folders
    from host_tools.board import new
    from host_tools.board import provision as work

    alone = node is not None or check
    if len(target) != (1 if alone else 2):
        raise InputError("Give PORT and FOLDER; with --new or --check only FOLDER.")
    folder = Path(target[-1])
    if node is not None:
        if site is None:
            raise InputError("A new node needs --site SITE too.")
        for path in new.make(folder, site, node):
            click.echo(f"made {path}")
        click.echo(
            f"Fill in the three .toml files, then 'islet provision PORT {folder}'. Give the aggregator the key."
        )
        return
    found = folders.read(folder)
    if check:
        click.echo(
            f"{found.site}/{found.node}: {', '.join(sorted(found.files))} are as the firmware wants them."
        )
        return
    sure(yes, 30)
    work.run(target[0], folder, progress(), 0.0 if no_watch else work.STARTS_S)
    click.echo(f"{found.site}/{found.node} is on the board.")


@click.command()
@click.argument("port")
@click.option(
    "--seconds", type=click.FloatRange(min=0), default=10.0, show_default=True, help="How long to listen."
)
@click.option("--follow", is_flag=True, help="Listen until Ctrl-C.")
@click.option("--record", type=PATH, help="Add what is shown to this file.")
@click.option("--since", metavar="SPAN", help="Show what RECORD has of the last 90s, 10m, 2h or 1d first.")
@click.option(
    "--errors", is_flag=True, help="Show why the firmware ended last; this interrupts and restarts it."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def logs(
    port: str, seconds: float, follow: bool, record: Path | None, since: str | None, errors: bool, yes: bool
) -> None:
    """Show what the board on PORT prints, with the time of day; the firmware is not disturbed.

    The board keeps no lines: what nobody listened to is lost, so let a computer --record them.
    """
    from host_tools.board import logs as work

    if since is not None and record is None:
        raise InputError("--since shows lines of a record; name its file with --record.")
    if errors:
        sure(yes, 20)
        click.echo(work.last_error(port) or "The firmware has never ended with an error.")
        return
    if record is None:
        work.run(port, None if follow else seconds, None, click.echo)
        return
    if since is not None:
        for line in work.since(record, work.span_s(since)):
            click.echo(line)
    with record.open("a") as file:
        work.run(port, None if follow else seconds, file, click.echo)


@click.command()
@click.argument("port")
@click.option("--force", is_flag=True, help="Look even while the building is in an island.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def doctor(port: str, force: bool, as_json: bool, yes: bool) -> None:
    """Look at everything the board on PORT can tell, judge it, and say what to do; no output is driven.

    The firmware is interrupted and restarted. Exit code 1 when something is wrong.
    """
    from host_tools.board import doctor as work
    from host_tools.board import probe

    sure(yes, 30)
    found = work.run(port, force, progress(as_json))
    if as_json:
        click.echo(json.dumps({"port": port, "found": [one.as_dict() for one in found]}))
    else:
        for one in found:
            click.echo(one.text())
    if any(one.verdict == probe.WRONG for one in found):
        raise click.exceptions.Exit(1)
