"""`python -m host_tools.stability [--out DIR] [--quick]`: how simulation and bounds agree, and the plots."""

from pathlib import Path

import click
import numpy as np

from host_tools.stability import drooping, restoring
from host_tools.stability.drawing import draw_drooping, draw_restoring


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("build/stability"), help="Where plots go."
)
@click.option("--quick", is_flag=True, help="A coarse sweep, in seconds.")
def main(out: Path, quick: bool) -> None:
    """Sweep droop gain, restoration gain and delay; exit 1 when a bound permits what is not stable."""
    restored, drooped = restoring.sweep(quick), drooping.sweep(quick)
    margins = restoring.margins(restored.delays)
    lagging = restoring.margins(restored.delays, restoring.Former(droop_pu=0.0, lag_s=0.05))
    by_eigenvalues, simulated = drooped.agreement
    out.mkdir(parents=True, exist_ok=True)
    files = [draw_restoring(restored, out / "restore.svg"), draw_drooping(drooped, out / "droop.svg")]
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
    for path in files:
        click.echo(str(path))
    bad = drooped.simulated[:, drooped.factors < 1.0]
    if restored.unsafe or not np.all(bad):
        raise click.exceptions.Exit(1)


if __name__ == "__main__":
    main()
