"""Frozen functions, classes and names that stay in flash: what that saves, and that nothing else is different."""

import json
from collections.abc import Iterator
from math import cos, pi, sqrt
from pathlib import Path

import pytest
from rp2040_board import HERE

from host_tools.hil.rp2040.rig import BOARD, Rig

TAKEN = """
import gc
gc.collect()
before = gc.mem_free()
import islet.site
gc.collect()
print(before - gc.mem_free())
"""
SETTINGS = {
    "site": "f1", "node": "b01", "mqtt_host": "10.0.0.1", "battery_rated_w": 5000, "battery_wh": 6400,
    "pv_rated_w": 4000, "price_per_kwh": [0.1] * 24,
}  # fmt: skip
UNIT = {"line": "bus", "driver": "sunspec"}
DEVICES = {
    "lines": [{"name": "bus", "kind": "rtu", "device": "uart1", "baud": 19200}],
    "devices": [
        {"name": "pv", "unit": 1, "role": "inverter", "rated_w": 4000, **UNIT},
        {"name": "battery", "unit": 2, "role": "battery", "rated_w": 5000, **UNIT},
    ],
}
FILES = {
    "islet/settings.json": json.dumps(SETTINGS).encode(),
    "islet/devices.json": json.dumps(DEVICES).encode(),
    "islet/key": bytes(32),
    "islet/network.json": b'{"kind": "none"}',
}
CHECKS = (HERE / "on_board_rom.py").read_text()
STRESSED = """
import asyncio, gc, board
from islet import app
from islet.site import Site
hw = board.open_hardware()
site = Site(hw)
gc.threshold(2048)
steps, step = 0, site.step
def counted(*arguments):
    global steps
    steps += 1
    step(*arguments)
site.step = counted
async def main():
    job = asyncio.create_task(app.Tasks(site, hw).run())
    while steps < 8:
        await asyncio.sleep(0.1)
    job.cancel()
try:
    asyncio.run(main())
finally:
    hw.release()
print(steps)
"""


@pytest.fixture(scope="module")
def fresh(board_image: Path) -> Iterator[Rig]:
    """Yield a board that has imported nothing of the firmware but what its start does."""
    with Rig(board_image, {"note": b"x"}, BOARD) as rig:
        rig.run("pass")
        rig.soft_reset()
        yield rig


def test_the_firmware_takes_little_of_the_heap(fresh: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    """57 KB before functions, classes and names of modules stayed in flash."""
    taken = int(fresh.run(TAKEN))
    with capsys.disabled():
        print(f"\nimport islet.site: {taken} bytes of heap")
    assert 0 < taken < 10_000


def test_python_is_as_ever(fresh: Rig) -> None:
    """Functions, defaults, classes, generators, exceptions, modules imported twice, collections in between."""
    assert fresh.run(CHECKS).endswith("all right\n")


def test_soft_resets_begin_anew(fresh: Rig) -> None:
    """The heap is wiped and the modules' fixed places with it: as much is free as after the first, and all works."""
    free = []
    for _ in range(5):
        fresh.soft_reset()
        free.append(int(fresh.run("import gc\ngc.collect()\nprint(gc.mem_free())")))
        assert fresh.run(CHECKS).endswith("all right\n")
    assert max(free) - min(free) < 64


def test_a_node_runs_while_all_is_collected_all_the_time(board_image: Path) -> None:
    """Cycles of a node with a collection after each 2 KB of garbage, and a soft reset between: nothing is lost."""

    def wave(channel: int, time_s: float) -> int:
        peak = sqrt(2.0) * (230.0 / 0.2 if channel < 2 else 10.0 / 0.05)
        return round(2048.0 + peak * cos(2.0 * pi * 50.0 * time_s))

    with Rig(board_image, FILES, BOARD, epoch_s=1_790_000_000) as rig:
        rig.analog.wave = wave
        rig.pins.drive(11, False)
        for _ in range(2):
            assert rig.json(STRESSED) >= 8
            assert rig.run(CHECKS).endswith("all right\n")
            rig.soft_reset()
        assert rig.resets == 0
