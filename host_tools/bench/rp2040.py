"""The firmware on the emulated RP2040: run times, the way from a dead grid to the pin, memory, start. Emulated time.

One board lives through an outage (tests/cases/island/on_chip.toml): devices on Modbus RTU, a broker over PPP, the
plant at its converter. The peer is MicroPython's own unix port, with three loops of plain Python.
"""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.errors import InputError
from host_tools.hil.case_batch import IMAGE, read_all
from host_tools.hil.rp2040.rig import BOARD, Rig
from host_tools.hil.trials.chip import Loss, WatchedBatch
from host_tools.hil.unixport import micropython
from host_tools.provision.firmware.sizes import sizes
from islet.base import vitals

CASE = Path(__file__).resolve().parents[2] / "tests" / "cases" / "island" / "on_chip.toml"
ERASES_MS = (45.0,)  # a sector of the flash, typical (W25Q16JV, tSE); 400 ms at worst
QUICK_S = 2
SPAN_S = 10
HELD_PIN = 5  # a load group's relay, which the board drives first
LOOPS = """
import time
def spent(work):
    t = time.ticks_us()
    work()
    return time.ticks_diff(time.ticks_us(), t)
class Thing:
    value = 1
def f():
    return None
def floats():
    x = 0.0
    for _ in range(N):
        x += 1.5
def calls():
    for _ in range(N):
        f()
def attributes():
    thing = Thing()
    for _ in range(N):
        thing.value
import json
print(json.dumps([spent(floats) / N, spent(calls) / N, spent(attributes) / N]))
"""


def measure(quick: bool) -> dict[str, Any]:
    """Return the figures; times in ms unless the name says otherwise."""
    if not IMAGE.exists():
        raise InputError(f"{IMAGE} is missing; make it with 'make rp2040-image'.")
    case = read_all([CASE], None)[0]
    if quick:
        short = case.case.case.model_copy(update={"duration_s": QUICK_S})
        case.case.case = short
    batch = WatchedBatch(case, IMAGE, online=not quick, erases_ms=() if quick else ERASES_MS)
    (_, result) = asyncio.run(batch.execute(_told))[0]
    rows = np.array(batch.seen.rows)
    figures = {**_cycles(rows), **_losses(batch.seen.losses), **_memory(rows), **_start(), **_side_by_side()}
    if not quick:
        figures |= {"outage_passed": result.passed, "outage": result.measured}
    return figures


def _told(seconds: float) -> None:
    print(f"\r{seconds:.1f} s of the outage", end="", flush=True)


def _cycles(rows: Any) -> dict[str, Any]:
    cycle_us, last = rows[:, vitals.CYCLE_US], rows[-1]
    return {
        "cycle_ms_p50": _ms(np.percentile(cycle_us, 50)),
        "cycle_ms_p99": _ms(np.percentile(cycle_us, 99)),
        "cycle_ms_max": _ms(cycle_us.max()),
        "cycles": len(rows),
        "sample_window_us": int(np.median(rows[:, vitals.TAKE_US])),
        "slips": int(last[vitals.SLIPS] - rows[0][vitals.SLIPS]),
        "modbus_poll_ms": _ms(np.median(rows[:, vitals.POLL_US])),
        "mqtt_publish_ms": _ms(np.median(rows[:, vitals.PUBLISH_US])),
        "forecast_ms": _ms(last[vitals.FORECAST_US]),
        "plan_slice_ms_max": _ms(last[vitals.PLAN_MOST_US]),
        "tend_ms_max": _ms(last[vitals.TEND_MOST_US]),
        "gc_ms_max": _ms(last[vitals.COLLECT_MOST_US]),
    }


def _ms(us: float) -> float:
    return round(float(us) / 1000, 1)


def _losses(losses: list[Loss]) -> dict[str, Any]:
    """Return the longest ways to the pin: whatever Python did, and with a flash erase that began with the loss."""
    plain = [loss for loss in losses if not loss.erase_ms]
    if not plain:
        return {}
    return {
        "loss_to_pin_ms_max": round(max(loss.pin_ms for loss in plain), 1),
        "loss_to_pin_with_erase_ms_max": round(max(loss.pin_ms for loss in losses if loss.erase_ms), 1),
        "losses": len(losses),
        "losses_collecting": sum(loss.collecting for loss in plain),
        "losses_polling": sum(loss.polling for loss in plain),
        "losses_publishing": sum(loss.publishing for loss in plain),
    }


def _memory(rows: Any) -> dict[str, Any]:
    whole = sizes(IMAGE.with_suffix(".elf"))
    return {"heap_free_bytes": int(rows[-1][vitals.FREE_BYTES]), "frozen_bytes": whole.ours}


def _start() -> dict[str, Any]:
    """Return when a board holds its outputs and when it controls, from power-on."""
    files = {"/islet/network.json": b'{"kind": "none"}'}
    with Rig(IMAGE, files, BOARD) as rig:
        rig.pins.drive(11, False)  # the contactor is closed
        rig.until(lambda: rig.pins.level(HELD_PIN) is not None, SPAN_S)
        return {"held_ms": round(1000.0 * rig.emulated_s)}


def _side_by_side() -> dict[str, Any]:
    """Return microseconds a turn of a float loop, a call, an attribute loop: chip, unix port, and how many times."""
    with Rig(IMAGE, layout=BOARD) as rig:
        chip = rig.json(LOOPS.replace("N", "1000"))
    done = subprocess.run(
        [micropython(), "-c", LOOPS.replace("N", "1000000")], capture_output=True, text=True, check=True
    )
    unix = [float(word) for word in done.stdout.strip().strip("[]").split(",")]
    names = ("float_loop", "call", "attribute_loop")
    return {
        "interpreter_us": {
            name: {"chip": round(a, 2), "unix": round(b, 4), "times": round(a / b)}
            for name, a, b in zip(names, chip, unix, strict=True)
        }
    }
