"""Modbus by the firmware on MicroPython: reads a second, use of a serial line, one dead slave, maps decoded."""

import asyncio
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pymodbus.client import ModbusTcpClient
from pymodbus.server import ModbusTcpServer

from host_tools.hil import dead_gateway, dead_slave
from host_tools.hil.paced_line import PacedLine
from host_tools.hil.rtu_rig import UNIT, device, served
from host_tools.hil.script import run_script
from host_tools.plant.registers import port_of
from host_tools.sunspec.images import compare_all

SCRIPT = Path(__file__).parent / "upy" / "modbus.py"
COUNT = 50  # registers of a read over TCP
LINE_COUNTS = (125, 50, 10)  # of reads over a serial line, in turn
BAUDS = (19_200, 115_200)
MANNERS = ("", "_asyncio")


def measure(quick: bool) -> dict[str, Any]:
    """Return the rates over TCP and their ratio, the use of the lines, the slowdown and the maps."""
    reads, repeats, rounds = (500, 3, 5) if quick else (2000, 9, 20)
    ours, theirs = asyncio.run(_race(reads, repeats))
    use = {
        f"rtu_bus_utilisation_{baud}{manner}": _utilisation(baud, rounds, manner == "")
        for baud in BAUDS
        for manner in MANNERS
    }
    decoded = [asyncio.run(compare_all(micropython)) for micropython in (False, True)]
    points = sum(one.points for one in decoded)
    result = {
        "tcp_reads_per_s": round(float(np.median(ours))),
        "pymodbus_client_reads_per_s": round(float(np.median(theirs))),
        "ratio_vs_pymodbus": round(float(np.median(np.array(ours) / np.array(theirs))), 2),
        "rtu_bus_utilisation": min(use.values()),
        **use,
        "dead_slave_slowdown_pct": dead_slave.slowdown_pct(quick),
        "dead_unit_slowdown_tcp_pct": dead_gateway.slowdown_pct(quick),
        "images_decoded": min(one.images for one in decoded),
        "points_compared": points,
        "points_equal_pct": round(100.0 * sum(one.equal for one in decoded) / points, 3),
    }
    print(
        f"{result['tcp_reads_per_s']} reads/s of {COUNT} registers by the firmware, "
        f"{result['pymodbus_client_reads_per_s']} by pymodbus's synchronous client, on the same pymodbus server. "
        f"On a paced line, share of what bits, silences and the slave leave: {use}. Beside a device that is dead or "
        f"babbles the others lose at most {result['dead_slave_slowdown_pct']} % of their rate on a line, behind a "
        f"gateway {result['dead_unit_slowdown_tcp_pct']} %."
    )
    return result


async def _race(reads: int, repeats: int) -> tuple[list[float], list[float]]:
    """Return reads a second of both clients, in turns on one server."""
    server = ModbusTcpServer([device()], address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    port = port_of(server)
    loop = asyncio.get_running_loop()
    ours: list[float] = []
    theirs: list[float] = []
    try:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            for _ in range(repeats):
                (spent_us,) = await asyncio.to_thread(run_script, SCRIPT, port, 0, 1, UNIT, reads, COUNT)
                ours.append(1e6 * reads / spent_us)
                theirs.append(await loop.run_in_executor(pool, partial(_theirs, port, reads)))
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]
    return ours, theirs


def _theirs(port: int, reads: int) -> float:
    """Return reads a second of pymodbus's synchronous client."""
    client = ModbusTcpClient("127.0.0.1", port=port)
    if not client.connect():  # type: ignore[no-untyped-call]
        raise ConnectionError(f"pymodbus: no connection to port {port}")
    began_s = time.perf_counter()
    for _ in range(reads):
        answer = client.read_holding_registers(0, count=COUNT, device_id=UNIT)
        if answer.isError():
            raise ValueError(f"pymodbus: {answer}")
    spent_s = time.perf_counter() - began_s
    client.close()  # type: ignore[no-untyped-call]
    return reads / spent_s


def _utilisation(baud: int, rounds: int, blocking: bool) -> float:
    """Return the least time the reads can take on the line, over the time they took.

    Blocking or not: the client alone in its process, or as on a board beside other tasks, looking every millisecond.
    Least: all characters, 3.5 characters of silence before each request, and each slave's own time before it answers.
    """
    with PacedLine(baud) as line, served(line, baud):
        (spent_us,) = run_script(SCRIPT, line.client, baud, int(blocking), UNIT, rounds, *LINE_COUNTS)
        tally = line.tally
    least_s = tally.chars * line.char_s + tally.requests * line.silence_s + tally.slave_s
    return round(1e6 * least_s / float(spent_us), 3)
