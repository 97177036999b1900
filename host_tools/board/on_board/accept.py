"""What the acceptance does on a board: drive an output, time cycles, write without end, wait for the watchdog."""

import asyncio
import gc
import os
import struct
import sys
import time
from binascii import crc32

import board
import machine
import micropython
from machine import Pin

from hal.store import Store

HOME, CUT_FILE = "/islet", "accept"
HEAD = "<II"
BODY = bytes(1000)
WATCHDOG_REASON = 0x400D8008 if "RP2350" in os.uname().machine else 0x40058008
TIMER = 1


def drive(number: int, on: bool, feedback: int, within_ms: int) -> int:
    """Drive an output; return in how many ms its feedback (low is on, -1: none) followed, -1: it did not."""
    Pin(number, Pin.OUT, value=1 if on else 0)
    if feedback < 0:
        return -1
    answer = Pin(feedback, Pin.IN, Pin.PULL_UP)
    start_ms = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), start_ms) <= within_ms:
        if bool(answer.value()) != on:
            return time.ticks_diff(time.ticks_ms(), start_ms)
    return -1


def off(number: int) -> None:
    """Drive an output low."""
    Pin(number, Pin.OUT, value=0)


def cycles(count: int) -> dict:
    """Run the node's cycle, outputs driven as in service; return us of each, and what the sampler lost."""
    from islet.site import Site

    hw = board.open_hardware()
    try:
        site = Site(hw)
        gc.collect()
        return asyncio.run(_cycles(site, hw.pacer, count))
    finally:
        board.safe()
        hw.release()


async def _cycles(site, pacer, count: int) -> dict:
    await pacer.ready()
    pacer.next()
    site.step(pacer, pacer.now_ms, pacer.dt_ms)
    spans_us, lost, span_ms = [], 0, 0
    for _ in range(count):
        await pacer.ready()
        pacer.next()
        start_us = time.ticks_us()
        site.step(pacer, pacer.now_ms, pacer.dt_ms)
        spans_us.append(time.ticks_diff(time.ticks_us(), start_us))
        lost += pacer.lost_sets
        span_ms += pacer.dt_ms
    start_us = time.ticks_us()
    gc.collect()
    return {"us": spans_us, "lost": lost, "ms": span_ms, "gc_us": time.ticks_diff(time.ticks_us(), start_us)}


def bite() -> None:
    """Start the watchdog and never feed it; Ctrl-C does not end that."""
    micropython.kbd_intr(-1)
    machine.WDT(timeout=1000)
    while True:
        time.sleep_ms(50)


def bitten() -> bool:
    """Return whether the last reset was the watchdog's own, not one that was ordered."""
    if sys.platform == "rp2":
        return bool(machine.mem32[WATCHDOG_REASON] & TIMER)
    return machine.reset_cause() == machine.WDT_RESET


def write() -> None:
    """Replace a file over and over."""
    store, number = Store(HOME, os.sync), 0
    while True:
        number += 1
        head = struct.pack(HEAD, number, crc32(BODY, number))
        store.save(CUT_FILE, head + BODY)


def written() -> int:
    """Return the number of the file that is there, whole; -1 when it is not, 0 when there is none."""
    store = Store(HOME, os.sync)
    if CUT_FILE not in store.names():
        return 0
    data = store.load(CUT_FILE)
    if len(data) != struct.calcsize(HEAD) + len(BODY):
        return -1
    number, crc = struct.unpack_from(HEAD, data)
    return number if crc == crc32(BODY, number) and data.endswith(BODY) else -1


def forget() -> None:
    """Remove the file."""
    store = Store(HOME, os.sync)
    if CUT_FILE in store.names():
        store.remove(CUT_FILE)
