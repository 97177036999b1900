"""What a larger district costs: speed, CPU a node and step, and memory, for 17 homes and for many, in one run."""

import asyncio
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.city.demo import FIRST_MS, next_time
from host_tools.city.district import District
from host_tools.city.options import Options

SMALL, QUICK, LARGE = 17, 60, 200
START_S, OUTAGE_S, OUTAGE_LENGTH_S = 63_600, 64_800, 60  # 17:40; 18:00 for a minute
FINE_MS = 1000  # before the outage steps become short
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Stretch:
    """One stretch of a run."""

    virtual_s: float
    wall_s: float
    steps: int
    nodes_cpu_s: float
    host_cpu_s: float  # plant, network, devices, aggregator: one process


def measure(quick: bool) -> dict[str, Any]:
    """Return figures of both districts, keys ending in their number of homes, and ratios large over small."""
    large = QUICK if quick else LARGE
    result: dict[str, Any] = {"buildings": [SMALL, large]}
    for n in (SMALL, large):
        quiet, outage, pss_kb = asyncio.run(_run(n))
        result |= {f"{name}_{n}": value for name, value in _figures(n, quiet, outage, pss_kb).items()}
        _tell(n, result)
    for name in ("node_cpu_ms_per_step", "host_cpu_ms_per_node_step", "node_pss_kb"):
        small = result[f"{name}_{SMALL}"]
        result[f"{name}_ratio"] = round(result[f"{name}_{large}"] / small, 2) if small else None
    return result


def _tell(n: int, result: dict[str, Any]) -> None:
    print(
        f"{n} homes: {result[f'quiet_speed_{n}']} times real time in quiet (a step a minute), "
        f"{result[f'outage_speed_{n}']} times in an outage of a minute, begun in steps of 100 ms; a step costs a "
        f"node {result[f'node_cpu_ms_per_step_{n}']} ms of CPU and the host "
        f"{result[f'host_cpu_ms_per_node_step_{n}']} ms a node; a node's process holds "
        f"{result[f'node_pss_kb_{n}']} kB of its own"
    )


def _figures(n: int, quiet: Stretch, outage: Stretch, pss_kb: float | None) -> dict[str, float | None]:
    node_steps = n * (quiet.steps + outage.steps)
    return {
        "quiet_speed": round(quiet.virtual_s / quiet.wall_s, 1),
        "outage_speed": round(outage.virtual_s / outage.wall_s, 2),
        "steps": quiet.steps + outage.steps,
        "node_cpu_ms_per_step": round(1000 * (quiet.nodes_cpu_s + outage.nodes_cpu_s) / node_steps, 3),
        "host_cpu_ms_per_node_step": round(1000 * (quiet.host_cpu_s + outage.host_cpu_s) / node_steps, 3),
        "node_pss_kb": None if pss_kb is None else round(pss_kb),
    }


async def _run(n: int) -> tuple[Stretch, Stretch, float | None]:
    with tempfile.TemporaryDirectory(prefix="islet-bench-") as folder:
        district = District(
            Options(
                buildings=n,
                start_s=START_S,
                outage_s=OUTAGE_S,
                outage_length_s=OUTAGE_LENGTH_S,
                out=Path(folder),
            )
        )
        try:
            await district.start()
            began_ms = 1000 * START_S
            await district.step(began_ms, began_ms + FIRST_MS)  # connects, discovers and plans
            fine_ms = 1000 * OUTAGE_S - FINE_MS
            quiet = await _stretch(district, began_ms + FIRST_MS, fine_ms)
            outage = await _stretch(district, fine_ms, 1000 * (OUTAGE_S + OUTAGE_LENGTH_S))
            return quiet, outage, _pss_kb(district)
        finally:
            await district.stop()


async def _stretch(district: District, t_ms: int, end_ms: int) -> Stretch:
    """Advance to end_ms as the demo would."""
    virtual_s, steps, pace_ms = (end_ms - t_ms) / 1000, 0, FIRST_MS
    wall, host, nodes = time.perf_counter(), time.process_time(), _cpu_s(district)
    while t_ms < end_ms:
        next_ms = min(next_time(district, t_ms, pace_ms), end_ms)
        step = await district.step(t_ms, next_ms)
        t_ms, pace_ms, steps = next_ms, min(tail.pace_ms for tail in step.tails), steps + 1
    return Stretch(
        virtual_s,
        time.perf_counter() - wall,
        steps,
        _cpu_s(district) - nodes,
        time.process_time() - host,
    )


def _pids(district: District) -> list[int]:
    return [node.process.pid for node in district.rig.nodes if node.process]


def _cpu_s(district: District) -> float:
    """Return user and system time of all node processes so far."""
    words = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in _pids(district)]
    return sum(int(each[11]) + int(each[12]) for each in words) / TICKS_PER_S


def _pss_kb(district: District) -> float | None:
    """Return the median memory of a node's process, its share of what processes share; None when not told."""
    try:
        texts = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in _pids(district)]
    except OSError:
        return None
    return float(np.median([int(text.split("\nPss:")[1].split()[0]) for text in texts]))
