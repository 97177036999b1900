"""The guard on the emulated chip: the grid dies while Python is busy or collecting, and the contactor's pin falls."""

from collections.abc import Iterator
from math import cos, pi, sqrt
from pathlib import Path

import pytest
from rp2040_board import ROOT, Compile

from host_tools.hil.rp2040.rig import Rig

VOLTS_PER_STEP = 0.2
PIN = 15
LAYERS = ("names", "base/*", "measure/*")


@pytest.fixture(scope="module")
def guarded(image: Path, compiled: Compile, sampler_files: dict[str, bytes]) -> Iterator[Rig]:
    """Yield a board with the guard on its flash."""
    folder = ROOT / "firmware" / "islet"
    found = [path for layer in LAYERS for path in folder.glob(f"{layer}.py")]
    files = {f"islet/{path.relative_to(folder).with_suffix('.mpy')}": compiled(path) for path in found}
    for name in ("pins", "rp2_guard", "tail"):
        files[f"hal/{name}.mpy"] = compiled(ROOT / f"boards/hal/{name}.py")
    files["on_board_guard.mpy"] = compiled(Path(__file__).with_name("on_board_guard.py"))
    with Rig(image, {**sampler_files, **files}) as rig:
        yield rig


@pytest.mark.parametrize("busy", ["sleep", "collect", "count"])
def test_the_pin_falls_within_a_cycle_and_a_half(
    guarded: Rig, busy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The voltage dies 250 ms after the pin rose; it falls within 30 ms: half cycles and an interrupt."""
    rose = fell = 0.0

    def watch(level: object, _before: object = None) -> None:
        nonlocal rose, fell
        now = guarded.emulated_s
        if getattr(level, "value", level) == 1:
            rose = rose or now
        elif rose and not fell:
            fell = now

    def wave(_channel: int, time_s: float) -> int:
        alive = not rose or time_s < rose + 0.25
        return round(
            2048.0 + (sqrt(2.0) * 230.0 / VOLTS_PER_STEP * cos(2.0 * pi * 50.0 * time_s) if alive else 0.0)
        )

    guarded.analog.wave = wave
    guarded.mcu.gpio[PIN].add_listener(watch)
    seen = guarded.json(f"import on_board_guard\non_board_guard.run({busy!r}, {VOLTS_PER_STEP / 16}, {PIN})")
    with capsys.disabled():
        print(f"\n{busy}: {1000 * (fell - rose - 0.25):.1f} ms, interrupt {seen['mean_us']:.0f} us, {seen}")
    assert (seen["holding"], seen["why"], seen["opened"], seen["level"]) == (True, "no_voltage", 1, 0)
    assert seen["skips"] == 0
    assert 30 <= seen["calls"] <= 60
    assert 0.0 < fell - rose - 0.25 <= 0.030
    assert seen["longest_us"] < 5000
