"""The command `islet firmware`."""

from pathlib import Path

import click

from host_tools.errors import InputError
from host_tools.provision.firmware import boardfile, renew
from host_tools.provision.firmware.build import BUILD, Image, Ways, build
from host_tools.provision.firmware.sizes import sizes, table


@click.command()
@click.argument("board", required=False)
@click.option(
    "--build",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=BUILD,
    help="Folder for all that is made [build/firmware].",
)
@click.option("--line-numbers", is_flag=True, help="Keep line numbers, for tracebacks; about a tenth more.")
@click.option(
    "--keep-names", is_flag=True, help="Keep the names of public constants, for tests that import them."
)
@click.option("--renew-sources", is_flag=True, help="Write the lock file anew from Debian's index, and stop.")
def firmware(
    board: str | None, folder: Path, line_numbers: bool, keep_names: bool, renew_sources: bool
) -> None:
    """Build the image of BOARD: MicroPython with the firmware frozen in.

    An image is built once for each content; its name has the content's hash, and BOARD.uf2 beside it points to it.
    MICROPYTHON_SRC names a MicroPython checkout to use instead of Debian's sources.
    """
    if renew_sources:
        for line in renew.renew(folder.resolve()):
            click.echo(line)
        return
    if board is None:
        raise InputError(f"name a board: {', '.join(boardfile.names())}.")
    image = build(board, folder.resolve(), click.echo, Ways(line_numbers, keep_names))
    for line in describe(image):
        click.echo(line)


def describe(image: Image) -> list[str]:
    """Return lines that say what was built, and of what it is made."""
    told = f"{'built' if image.built else 'unchanged'}: {image.path}"
    if image.board.firmware.port != "rp2":
        return [told]
    return [*table(sizes(image.elf), image.board.firmware.flash.filesystem_offset), told]
