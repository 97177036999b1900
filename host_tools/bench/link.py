"""The way of a report: node, broker, aggregator, SQLite; and one acknowledged publish, ours against umqtt.simple."""

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import func, select

from host_tools.aggregator.fleet import Fleet
from host_tools.aggregator.link import AggregatorLink
from host_tools.aggregator.store import ReportRow, Store
from host_tools.broker import Broker, Kind, find_mosquitto
from host_tools.errors import RunError
from host_tools.hil.script import command, environment, run_script

SCRIPTS = Path(__file__).parent / "upy"
SIZES = (17, 200)
DRAIN_S = 10.0
PUBLISHES = 20
HEAP_KB = 32_000  # of the one process that holds all publishers


def measure(quick: bool) -> dict[str, Any]:
    """Return reports/s for each broker and number of nodes, and ms a publish; null without mosquitto."""
    repeats, span_s = (3, 1.0) if quick else (5, 4.0)
    kinds: list[Kind] = ["amqtt", "mosquitto"] if find_mosquitto() else ["amqtt"]
    result: dict[str, Any] = {}
    for n in SIZES:
        runs = [[asyncio.run(reports_per_s(kind, n, span_s)) for kind in kinds] for _ in range(repeats)]
        rates, cpu_ms = np.moveaxis(np.array(runs), 2, 0)  # each [repeat, kind]
        result |= {f"{kind}_reports_per_s_{n}": None for kind in ("amqtt", "mosquitto")}
        for k, kind in enumerate(kinds):
            rate = result[f"{kind}_reports_per_s_{n}"] = round(float(np.median(rates[:, k])))
            print(
                f"{n} nodes over {kind}: {rate} reports/s in SQLite, median of {repeats} runs of {span_s} s"
            )
        over = round(float(np.median(rates[:, 1] / rates[:, 0])), 2) if len(kinds) == 2 else None
        result[f"mosquitto_over_amqtt_{n}"] = over
        result[f"aggregator_cpu_ms_per_report_{n}"] = round(float(np.median(cpu_ms)), 3)
    return {**result, **publish_ms()}


async def reports_per_s(kind: Kind, n: int, span_s: float) -> tuple[float, float]:
    """Return (reports/s, aggregator's CPU ms a report) from the first publish until all is in SQLite."""
    with tempfile.TemporaryDirectory() as folder, Broker(kind=kind) as broker:
        store = Store(Path(folder) / "islet.sqlite")
        link = AggregatorLink(Fleet(store), broker.port)
        await link.start()
        try:
            return await _load(link, broker.port, folder, n, span_s)
        finally:
            await link.stop()
            store.close()


async def _load(link: AggregatorLink, port: int, folder: str, n: int, span_s: float) -> tuple[float, float]:
    script = command(SCRIPTS / "publishers.py", port, folder, n, round(1000 * span_s), heap_kb=HEAP_KB)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*script, env=environment(), stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60.0 + span_s):
            await process.stdout.readline()
            await link.drain({}, 0.0)
            before = _stored(link.fleet.store)
            began, cpu = time.perf_counter(), time.process_time()
            process.stdin.write(b"go\n")
            told = json.loads(await process.stdout.readline())
        newest = {(site, node): int(number) for site, node, number in told}
        late = await link.drain(newest, DRAIN_S)
        if late or link.fleet.errors:
            refused = dict(link.fleet.errors)
            raise RunError(f"reports of {len(late)} nodes late after {DRAIN_S:.0f} s, refused: {refused}")
        span_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
        reports = _stored(link.fleet.store) - before
        return reports / span_s, 1000 * cpu_s / reports
    finally:
        process.stdin.close()
        if process.returncode is None:
            await asyncio.wait_for(process.wait(), DRAIN_S)


def _stored(store: Store) -> int:
    return int(store.rows(select(func.count()).select_from(ReportRow))[0][0])


def publish_ms() -> dict[str, Any]:
    """Return the median ms of an acknowledged publish by our client and by bare umqtt.simple, and their ratio."""
    with Broker() as broker:
        ours, bare = np.median(run_script(SCRIPTS / "publish.py", broker.port, PUBLISHES), axis=0)
    print(
        f"QoS 1 publish of a report on MicroPython over amqtt: {ours:.2f} ms; by bare umqtt.simple, whose many "
        f"small writes wait for delayed acknowledgements of TCP, {bare:.2f} ms."
    )
    return {
        "publish_ms": round(float(ours), 3),
        "umqtt_publish_ms": round(float(bare), 3),
        "publish_speedup_over_umqtt": round(float(bare / ours), 1),
    }
