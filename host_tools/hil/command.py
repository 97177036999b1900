"""The command `islet hil`."""

from pathlib import Path

import click

from host_tools.board.accept_command import accept

RIGS = ("inprocess", "unix", "rp2040")


@click.group()
def hil() -> None:
    """Run the firmware against a simulated building: cases with events and limits, from files."""


@hil.command()
@click.argument("files", nargs=-1, required=True, metavar="CASE.toml...", type=click.Path(path_type=Path))
@click.option(
    "--rig", type=click.Choice(RIGS), default=RIGS[0], show_default=True, help="Where the firmware runs."
)
@click.option(
    "--image",
    type=click.Path(path_type=Path),
    help="The emulated board's image, .uf2; otherwise what 'make rp2040-image' made.",
)
@click.option("--only", metavar="TEXT", help="Only cases whose name has this text.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object, results last, and nothing else."
)
@click.option(
    "--plot", "folder", type=click.Path(path_type=Path), help="Write a page with curves for each case here."
)
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes to share the cases."
)
@click.option("--list", "only_list", is_flag=True, help="Show what the files contain, run nothing.")
def run(
    files: tuple[Path, ...],
    rig: str,
    image: Path | None,
    only: str | None,
    as_json: bool,
    folder: Path | None,
    jobs: int,
    only_list: bool,
) -> None:
    """Run cases and print what was measured beside each limit and the limit's source.

    A file may have axes and so make many cases. Exit code 1 when a limit is not kept. See docs/cases.md.
    """
    from host_tools.hil import case_batch  # late: numpy and the plant take their time

    cases = case_batch.read_all(files, only)
    if only_list:
        for one in cases:
            click.echo(f"{one.name}  {one.case.case.title}")
        return
    if not case_batch.run_all(cases, rig, as_json, folder, jobs, image or case_batch.IMAGE):
        raise click.exceptions.Exit(1)


hil.add_command(accept)
