"""The command `islet devices`."""

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write devices.json and the profiles it needs into this folder, as they go into a node's store.",
)
def devices(file: Path, out: Path | None) -> None:
    """Check the devices of a node in FILE as the node does, and show them.

    docs/settings.md has the form of the file.
    """
    from host_tools.provision import devices as provision

    found = provision.read(file)
    for line in provision.text_lines(found):
        click.echo(line)
    if out is not None:
        for path in provision.deliver(file, found, out):
            click.echo(f"wrote {path}")
