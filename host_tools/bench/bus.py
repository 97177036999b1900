"""A node's poll round over Modbus TCP on MicroPython against pymodbus's own client doing the same reads."""

import asyncio
import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pymodbus.client import ModbusTcpClient

from host_tools.hil.script import run_script
from host_tools.plant.params import PlantParams
from host_tools.plant.registers import DeviceServer

SCRIPT = Path(__file__).parent / "upy" / "bus.py"
Rounds = list[tuple[float, float]]  # median µs a round, CPU µs a round


def measure(quick: bool) -> dict[str, Any]:
    """Return ms a round and requests/s for both clients, and their ratio; the devices are the plant's."""
    rounds, repeats = (300, 3) if quick else (1000, 9)
    reads, ours, theirs = asyncio.run(_race(rounds, repeats))
    (our_us, our_cpu), (their_us, their_cpu) = np.median(ours, axis=0), np.median(theirs, axis=0)
    ratios = np.array(theirs) / np.array(ours)
    result = {
        "requests_per_round": len(reads),
        "registers_per_round": sum(count for _, _, count in reads),
        "round_ms": round(our_us / 1000, 3),
        "pymodbus_round_ms": round(their_us / 1000, 3),
        "speedup_over_pymodbus": round(float(np.median(ratios[:, 0])), 2),
        "requests_per_s": round(1e6 * len(reads) / our_us),
        "cpu_ms_per_round": round(our_cpu / 1000, 3),
        "pymodbus_cpu_ms_per_round": round(their_cpu / 1000, 3),
        "cpu_over_pymodbus": round(float(np.median(1.0 / ratios[:, 1])), 2),
    }
    print(
        f"Poll round of PV and battery inverter, {len(reads)} requests, served by the plant's devices (pymodbus "
        f"server, the same for both): {result['round_ms']} ms by the firmware on the unix port, decoded into its "
        f"process image; {result['pymodbus_round_ms']} ms by pymodbus's client, registers only. Client alone: "
        f"{result['cpu_ms_per_round']} and {result['pymodbus_cpu_ms_per_round']} ms of CPU."
    )
    return result


async def _race(rounds: int, repeats: int) -> tuple[list[list[int]], Rounds, Rounds]:
    server = DeviceServer(1, PlantParams.uniform(1))
    (port,) = await server.start()
    loop = asyncio.get_running_loop()
    ours: Rounds = []
    theirs: Rounds = []
    try:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            for _ in range(repeats):
                reads, measured = await asyncio.to_thread(_ours, port, rounds)
                ours.append(measured)
                theirs.append(await loop.run_in_executor(pool, partial(_theirs, port, reads, rounds)))
    finally:
        await server.stop()
    return reads, ours, theirs


def _ours(port: int, rounds: int) -> tuple[list[list[int]], tuple[float, float]]:
    """Return the reads of a round, and its µs; CPU is of the whole process, its start and discovery included."""
    before = _cpu_of_children_s()
    reads, *times_us = run_script(SCRIPT, port, rounds)
    cpu_us = 1e6 * (_cpu_of_children_s() - before) / rounds
    return reads, (float(np.median(times_us)), cpu_us)


def _theirs(port: int, reads: list[list[int]], rounds: int) -> tuple[float, float]:
    """Do the same reads with pymodbus's synchronous client."""
    client = ModbusTcpClient("127.0.0.1", port=port)
    if not client.connect():  # type: ignore[no-untyped-call]
        raise ConnectionError(f"pymodbus: no connection to port {port}")
    times_us = []
    cpu = time.process_time()
    for _ in range(rounds):
        began = time.perf_counter()
        for unit, address, count in reads:
            answer = client.read_holding_registers(address, count=count, device_id=unit)
            if answer.isError():
                raise ValueError(f"pymodbus: {answer}")
        times_us.append(1e6 * (time.perf_counter() - began))
    cpu_us = 1e6 * (time.process_time() - cpu) / rounds
    client.close()  # type: ignore[no-untyped-call]
    return float(np.median(times_us)), cpu_us


def _cpu_of_children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
