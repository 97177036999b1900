"""The non-detection zone: a feeder is cut off with almost balanced generation; who finds it, and how fast.

`python -m host_tools.hil.trials.zone [--out FILE.html]` sweeps the mismatch of active and reactive power at a
quality factor of 1 (IEEE 1547.1), with the feeder's inverters looking for islands themselves (Sandia frequency shift)
and without.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from host_tools.dashboard import page
from host_tools.hil.trials.disturbances import settings_of
from host_tools.hil.trials.front_end import FrontEnd
from host_tools.plant.dynamics.commands import Demand, DynCommands
from host_tools.plant.dynamics.dynamics import Dynamics
from host_tools.plant.dynamics.feeder import FeederParams
from host_tools.plant.dynamics.grid import GridSide, Series
from host_tools.plant.dynamics.params import DynParams
from host_tools.plant.dynamics.waves import Waves
from host_tools.plant.params import PlantParams
from host_tools.plant.types import Floats

CODE = "ieee1547_2"  # category II rides through 2 Hz/s: nothing that is quicker may be used
FEEDER_W = 20_000.0
HOUSE_W = 1000.0
QUALITY = 1.0
SHIFT_PER_HZ = 0.1  # gain of the inverters' own search, chopping fraction per Hz
OPEN_MS = 1000.0
LIMIT_MS = 2000.0  # IEEE 1547-2018, 8.1
STEP_MS = 10
SPAN_PU = (0.20, 0.10)  # of the sweep, dP and dQ
BALANCED_PU = 0.05
COUNT = 21
QUICK_COUNT = 9


@dataclass(frozen=True)
class Zone:
    """Times from the opening of the feeder to the order to open, ms [dP, dQ]; inf where nothing found it in 2 s."""

    dp_pu: Floats
    dq_pu: Floats
    found_ms: Floats

    @property
    def missed_pu(self) -> float:
        """The share of the sweep that was not found."""
        return float(np.isinf(self.found_ms).mean())

    @property
    def balanced_ms(self) -> float:
        """The longest time within 5 % of either, inf when some of it was not found."""
        near_p = np.abs(self.dp_pu) <= BALANCED_PU + 1e-9
        near_q = np.abs(self.dq_pu) <= BALANCED_PU + 1e-9
        return float(self.found_ms[np.ix_(near_p, near_q)].max())


def sweep(active: bool, count: int = COUNT, seed: int = 1) -> Zone:
    """Return the zone; `active`: the feeder's inverters shift frequency to find islands, as their standard asks."""
    dp_pu, dq_pu = (np.linspace(-span, span, count) for span in SPAN_PU)
    dp, dq = (axis.ravel() for axis in np.meshgrid(dp_pu, dq_pu, indexing="ij"))
    n = len(dp)
    ratings = PlantParams.uniform(n)
    params = DynParams(ratings)
    plant, waves = Dynamics(params, seed), Waves(params, seed)
    house_var = HOUSE_W * float(np.max(params.loads.var_per_w))
    feeder = FeederParams(
        load_w=FEEDER_W,
        quality=QUALITY,
        gen_w=(FEEDER_W + HOUSE_W) * (1.0 - dp),
        gen_var=house_var - dq * FEEDER_W,
        shift_gain_per_hz=SHIFT_PER_HZ if active else 0.0,
    )
    grid = GridSide(feeder_open=Series.of((OPEN_MS, 0.0), (OPEN_MS, 1.0)), feeder=feeder)
    demand = Demand(np.tile([HOUSE_W, 0.0, 0.0], (n, 1)), np.zeros(n))
    commands = DynCommands.idle(ratings.pv_rated_w)
    fronts = [FrontEnd(settings_of(CODE)) for _ in range(n)]
    found_ms = np.full(n, np.inf)
    while plant.t_ms < OPEN_MS + LIMIT_MS:
        windows = waves.window(plant.advance(STEP_MS, demand, commands, grid))
        for k, front in enumerate(fronts):
            if not front.opened:
                front.take(windows[k], round(plant.t_ms))
                if front.opened:
                    found_ms[k] = plant.t_ms - OPEN_MS
    return Zone(dp_pu, dq_pu, found_ms.reshape(count, count))


def figure(zone: Zone) -> dict[str, Any]:
    """Return a map of the times; what was not found stays white."""
    heat = {
        "type": "heatmap",
        "x": (100.0 * zone.dp_pu).tolist(),
        "y": (100.0 * zone.dq_pu).tolist(),
        "z": [[None if np.isinf(value) else float(value) for value in row] for row in zone.found_ms.T],
        "zmin": 0.0,
        "zmax": LIMIT_MS,
        "colorscale": "Viridis",
        "colorbar": {"title": {"text": "ms"}},
    }
    side = 100.0 * BALANCED_PU
    square = {"type": "rect", "x0": -side, "x1": side, "y0": -side, "y1": side, "line": {"color": "#d13438"}}
    layout = {
        "height": 420,
        "xaxis": {"title": {"text": "missing active power, % of the feeder's load"}},
        "yaxis": {"title": {"text": "missing reactive power, % of the feeder's load"}},
        "shapes": [square],
    }
    return {"data": [heat], "layout": layout}


def words(zone: Zone) -> str:
    """Return what the map says in a sentence."""
    longest = (
        "not all of it is found" if np.isinf(zone.balanced_ms) else f"found within {zone.balanced_ms:.0f} ms"
    )
    return (
        f"{zone.missed_pu:.1%} of the mismatches are not found within {LIMIT_MS / 1000:.0f} s. "
        f"Inside the red square, {BALANCED_PU:.0%} of either power: {longest}."
    )


@click.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=Path("build/zone.html"))
@click.option("--quick", is_flag=True, help=f"{QUICK_COUNT} instead of {COUNT} steps of either power.")
def main(out: Path, quick: bool) -> None:
    """Map the islands of a feeder that go unnoticed, with and without the inverters' own search for them."""
    count = QUICK_COUNT if quick else COUNT
    sections = []
    for active, heading in ((True, "Inverters search by themselves"), (False, "Nobody searches")):
        zone = sweep(active, count)
        sections.append((heading, words(zone), figure(zone)))
        click.echo(f"{heading}: {words(zone)}")
    page.write(out, "A feeder is cut off: who finds it", sections)
    click.echo(f"wrote {out}")


if __name__ == "__main__":
    main()
