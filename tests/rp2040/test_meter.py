"""The firmware's own meter on the emulated chip: waves at the converter's inputs in, watts out, in 100 ms or less."""

from collections.abc import Iterator
from math import cos, pi, radians, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rp2040_board import ROOT, Compile

from host_tools.hil.rp2040.rig import Rig

VOLTS_PER_STEP, AMPS_PER_STEP = 0.2, 0.05  # of the 12-bit converter; a window's code is a sixteenth
HZ = 50.05
INPUTS = (
    (230.0, 0.0),
    (230.0, 0.0),
    (10.0, radians(-60.0)),
    (10.0, 0.0),
)  # rms, phase; of the currents: lagging
STEPS = (VOLTS_PER_STEP, VOLTS_PER_STEP, AMPS_PER_STEP, AMPS_PER_STEP)
LAYERS = ("names", "base/*", "measure/*", "state/*")


@pytest.fixture(scope="module")
def measured(image: Path, compiled: Compile, sampler_files: dict[str, bytes]) -> Iterator[dict[str, Any]]:
    """Yield what the board measured in a second."""
    noise = np.random.default_rng(3).standard_normal(1 << 16)
    taken = 0

    def wave(channel: int, time_s: float) -> int:
        nonlocal taken
        taken += 1
        rms, phase_rad = INPUTS[channel]
        value = sqrt(2.0) * rms * cos(2.0 * pi * HZ * time_s + phase_rad) / STEPS[channel]
        return min(4095, max(0, round(2048.0 + value + noise[taken & 0xFFFF])))

    folder = ROOT / "firmware" / "islet"
    found = [path for layer in LAYERS for path in folder.glob(f"{layer}.py")]
    files = {f"islet/{path.relative_to(folder).with_suffix('.mpy')}": compiled(path) for path in found}
    files["islet/__init__.mpy"] = compiled(folder / "__init__.py")
    files["on_board_meter.mpy"] = compiled(Path(__file__).with_name("on_board_meter.py"))
    with Rig(image, {**sampler_files, **files}) as rig:
        rig.analog.wave = wave
        codes = f"{VOLTS_PER_STEP / 16}, {AMPS_PER_STEP / 16}, 16.0"
        yield rig.json(f"import on_board_meter\non_board_meter.run(10, {codes})")


def test_quantities_are_right(measured: dict[str, Any]) -> None:
    """230 V, 10 A lagging by 60 degrees: 1150 W, 1992 var; at PF 1: 2300 W. Noise, one step, is taken out."""
    assert measured["v"] == pytest.approx([230.0, 230.0], rel=5e-4)
    assert measured["a"] == pytest.approx([10.0, 10.0], rel=1e-3)
    assert measured["w"] == pytest.approx([1150.0, 2300.0], abs=2300.0 * 1e-3)
    assert measured["var"] == pytest.approx([1991.9, 0.0], abs=2300.0 * 1e-3)
    assert measured["hz"] == pytest.approx(HZ, abs=0.002)
    assert measured["grid_w"] == pytest.approx(1150.0, abs=15.0)


def test_meter_keeps_up_with_the_sampler(measured: dict[str, Any]) -> None:
    """Every window is taken in time, goes on where the last ended, and is measured within half of its length."""
    assert (measured["lost"], measured["restarts"]) == (0, 0)
    assert measured["kept"][0] == 0
    assert min(measured["kept"][2:]) == max(measured["kept"]) > 0
    assert abs(measured["quality_ppm"]) < 100.0
    assert measured["us"]["measure"] + measured["us"]["take"] < 35_000


def test_all_that_is_made_of_the_samples_keeps_up(
    measured: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """With energy, disturbances and, every fourth window, self-checks: under half of the time there is."""
    whole_us = sorted(measured["whole_us"])
    with capsys.disabled():
        parts = ", ".join(f"{name} {us / 1000:.1f}" for name, us in measured["us"].items())
        print(f"\nms a window on the emulated RP2040: {parts}; whole step {whole_us[0] / 1000:.1f}, ", end="")
        print(f"with self-checks {whole_us[-1] / 1000:.1f}")
    assert whole_us[-1] < 50_000
    assert whole_us[len(whole_us) // 2] < 35_000


def test_meter_fits_in_the_heap(measured: dict[str, Any]) -> None:
    """Sampler, meter and their tables take under 48 kB; code that is not frozen comes on top."""
    assert measured["loaded"] - measured["made"] < 48 * 1024
