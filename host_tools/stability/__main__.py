"""`python -m host_tools.stability [--out FILE.html] [--quick]`: how simulation and bounds agree, and the plots."""

from pathlib import Path

import click
import numpy as np

from host_tools.dashboard import page
from host_tools.stability import drawing, drooping, restoring


@click.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("build/stability.html"),
    help="The page with the plots.",
)
@click.option("--quick", is_flag=True, help="A coarse sweep, in seconds.")
def main(out: Path, quick: bool) -> None:
    """Sweep droop gain, restoration gain and delay; exit 1 when a bound permits what is not stable."""
    restored, drooped = restoring.sweep(quick), drooping.sweep(quick)
    margins = restoring.margins(restored.delays)
    lagging = restoring.margins(restored.delays, restoring.Former(droop_pu=0.0, lag_s=0.05))
    by_eigenvalues, simulated = drooped.agreement
    click.echo(
        f"restoration: {restored.stable.size} points, {100 * restored.agreement:.1f} % agree with the bound"
    )
    click.echo(f"  permitted and not stable: {restored.unsafe}")
    click.echo(
        f"  gain at the edge against the bound: {100 * margins.min():+.2f} to {100 * margins.max():+.2f} %"
    )
    click.echo(
        f"  with an inverter's lag of 50 ms not counted as delay: {100 * lagging.min():+.1f} % at worst"
    )
    click.echo(f"droop: {drooped.simulated.size} points against Routh's bound")
    click.echo(f"  {100 * by_eigenvalues:.1f} % agree by eigenvalues, {100 * simulated:.1f} % by simulation")
    least = min(drooping.droop_bound(c) for c in drooped.couplings)
    click.echo(f"  least bound {least:.3f} pu, most a setting permits 0.1 pu")
    page.write(out, "Where the laws of the island are stable", _sections(restored, drooped))
    click.echo(f"wrote {out}")
    bad = drooped.simulated[:, drooped.factors < 1.0]
    if restored.unsafe or not np.all(bad):
        raise click.exceptions.Exit(1)


def _sections(restored: restoring.Sweep, drooped: drooping.DroopSweep) -> list[page.Section]:
    return [
        (
            "Restoration",
            "The firmware's own code around a forming inverter; stable means so for every droop from 0 to 10 %.",
            drawing.restoring(restored),
        ),
        (
            "Droop",
            "An inverter behind R + jX with a power filter, R/X = 0.1; lines are Routh's bound, points simulated.",
            drawing.drooping(drooped),
        ),
    ]


if __name__ == "__main__":
    main()
