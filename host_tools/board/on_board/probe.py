"""What a stopped board can tell of itself without driving an output."""

import gc
import os
import time

import board
import machine
from machine import Pin

INPUTS = (
    "feedback", "bond_feedback", "genset_live", "sync_relay", "override_open", "override_close", "off_grid",
)  # fmt: skip
OUTPUTS = ("contactor", "bond", "genset")
EPOCH_S = 946_684_800 if time.gmtime(0)[0] == 2000 else 0
FLOOR_S = 1_690_000_000
FILE = "/islet_self_test"


def firmware() -> dict:
    """Import what main.py does."""
    start_ms = time.ticks_ms()
    import islet.app  # noqa: F401

    span_ms = time.ticks_diff(time.ticks_ms(), start_ms)
    gc.collect()
    return {"ms": span_ms, "free": gc.mem_free()}


def inputs() -> dict:
    """Return what the inputs say; low is on."""
    found = {}
    for name in INPUTS:
        number = getattr(board.PINS, name)
        if number >= 0:
            found[name] = not Pin(number, Pin.IN, Pin.PULL_UP).value()
    return found


def outputs() -> dict:
    """Return the numbers of the outputs by name."""
    found = {name: getattr(board.PINS, name) for name in OUTPUTS}
    found.update({"shed%d" % (k + 1): number for k, number in enumerate(board.PINS.shed)})
    return {name: number for name, number in found.items() if number >= 0}


def pins() -> dict:
    """Return levels of inputs and outputs, changing none."""
    return {"inputs": inputs(), "outputs": {name: bool(Pin(n).value()) for name, n in outputs().items()}}


def analog(count: int) -> list:
    """Return mean, rms about it, lowest and highest 12-bit code of each input, and the unit's worth of a code."""
    channels = board.wiring(230.0, 50.0, 3600.0).channels if hasattr(board, "ADC_INPUTS") else ()
    found = []
    for k, channel in enumerate(channels):
        codes = _codes(machine.ADC(26 + board.ADC_INPUTS[k]), count)
        mean = sum(codes) / count
        rms = (sum([(code - mean) ** 2 for code in codes]) / count) ** 0.5
        found.append(
            {
                "name": channel.name, "mean": mean, "rms": rms, "low": min(codes), "high": max(codes),
                "scale": 16 * channel.per_code, "unit": "V" if channel.is_voltage() else "A",
            }
        )  # fmt: skip
    return found


def _codes(converter, count: int) -> list:
    """Return codes over 20 ms, a whole cycle of 50 Hz."""
    codes, start_us = [], time.ticks_us()
    for k in range(count):
        while time.ticks_diff(time.ticks_us(), start_us) < k * 20_000 // count:
            pass
        codes.append(converter.read_u16() >> 4)
    return codes


def flash() -> dict:
    """Write a file, read it back and remove it."""
    data = bytes([k & 255 for k in range(600)])
    with open(FILE, "wb") as file:
        file.write(data)
    with open(FILE, "rb") as file:
        good = file.read() == data
    os.remove(FILE)
    stat = os.statvfs("/")
    return {"good": good, "free": stat[0] * stat[3], "bytes": stat[1] * stat[2]}


def epoch_s() -> int:
    """Return s since 1970, 0 while the clock was never set."""
    now_s = time.time() + EPOCH_S
    return now_s if now_s > FLOOR_S else 0


def set_clock(now_s: int) -> None:
    """Set the clock, s since 1970."""
    y, month, day, hour, minute, second, weekday, _ = time.gmtime(now_s - EPOCH_S)
    machine.RTC().datetime((y, month, day, weekday, hour, minute, second, 0))


def memory() -> dict:
    """Return bytes of heap: free and in all."""
    gc.collect()
    free = gc.mem_free()
    return {"free": free, "bytes": free + gc.mem_alloc()}


def network() -> dict:
    """Return how the radio or cable stands, without secrets; {} where that cannot be seen."""
    import network as net

    if hasattr(net, "WLAN"):
        nic = net.WLAN(net.WLAN.IF_STA)
        return {"kind": "wlan", "up": nic.isconnected(), "address": nic.ifconfig()[0], "status": nic.status()}
    return {}


def lines() -> list:
    """Return the names of the serial lines."""
    return [row[0] for row in board.LINES]


def sides() -> list:
    """Return the names of the inputs that are measured."""
    return [channel.name for channel in board.wiring(230.0, 50.0, 3600.0).channels]
