"""What the cases are judged by: figures of hand-made truth, the supply as its events have it, registers in RAM."""

import asyncio
from struct import pack

import numpy as np
import pytest

from hal import sim
from host_tools.hil.case import Case
from host_tools.hil.case_events import Dip, Frequency, GridBack, GridLost, Jump
from host_tools.hil.case_grid import Supply, Way
from host_tools.hil.case_judge import Judge, Piece
from host_tools.hil.case_script import Script
from host_tools.hil.frames import Tail
from host_tools.hil.memory_modbus import MemoryBus
from host_tools.plant.params import PlantParams
from host_tools.plant.registers import BATTERY_UNIT, PV_UNIT, DeviceServer


def tail(closed: bool = True, suspect: bool = False, shed: int = 0, genset: bool = False) -> Tail:
    """Return a node's answer."""
    return Tail(sim.FAST, closed, shed, 0, 0, 0, 0, 0, 0, False, genset, suspect)


class Story:
    """A judge told of stretches in a row, one ms a step."""

    def __init__(self) -> None:
        self.judge = Judge(50.0)
        self.t_ms = 0

    def pass_(
        self, ms: int, closed: bool, pu: float = 1.0, hz: float = 50.0, w: float = 0.0, forms: bool = False
    ) -> None:
        """Let some ms pass in which all stays the same, ten at a time."""
        for _ in range(ms // 10):
            t_ms = self.t_ms + np.arange(1.0, 11.0)
            flags = np.full(10, closed), np.full(10, forms)
            self.judge.passed(
                Piece(t_ms, flags[0], np.full((10, 1), pu), np.full(10, hz), np.full(10, w), flags[1])
            )
            self.t_ms += 10


def test_a_transfer_and_a_return_by_hand() -> None:
    """100 ms on the grid, trouble at 100, open at 131 (the first step open), dark 100 ms, an island of 2 s."""
    story = Story()
    judge = story.judge
    story.pass_(100, True, w=800.0)
    judge.trouble(100.0)
    judge.answered(100, tail(), 10)
    story.pass_(20, True, pu=0.0, w=-30.0)
    judge.answered(120, tail(closed=False, suspect=True), 10)
    story.pass_(10, True, pu=0.0, w=-30.0)
    story.pass_(70, False, pu=0.0, hz=0.0)
    story.pass_(50, False, pu=0.8, hz=48.0, forms=True)  # not judged yet: 100 ms to settle
    story.pass_(50, False, pu=1.0, forms=True)
    story.pass_(200, False, pu=1.0, hz=48.9, forms=True)
    story.pass_(300, False, pu=1.12, hz=50.6, forms=True)
    story.pass_(1400, False, forms=True)
    judge.back(1000.0)
    judge.state("RESYNC", 1500.0)
    story.pass_(100, True)
    figures = judge.figures
    assert (figures["detect_ms"], figures["order_ms"], figures["open_ms"]) == (20.0, 20.0, 31.0)
    assert figures["exchange_w"] == 30.0
    assert (figures["openings"], figures["closings"], figures["on_grid_end"]) == (1.0, 1.0, 1.0)
    assert (figures["gap_ms"], figures["dark_s"]) == (100.0, pytest.approx(0.1))
    assert (figures["freq_nadir_hz"], figures["freq_peak_hz"]) == (48.9, 50.6)
    assert figures["freq_out_of_band_s"] == pytest.approx(0.2)  # 48.9 Hz is 2.2 % off, 50.6 Hz 1.2 %
    assert (figures["v_min_pu"], figures["v_max_pu"]) == (1.0, 1.12)
    assert figures["v_out_of_band_s"] == pytest.approx(0.3)
    assert figures["open_to_stable_ms"] == 800.0 - 131.0  # steady after 100+100+50+50+200+300 ms
    assert figures["island_s"] == pytest.approx(2.0)
    # it closes at 2201 ms
    assert (figures["return_s"], figures["resync_s"]) == (pytest.approx(1.201), pytest.approx(0.701))


def test_what_is_dark_for_long_is_no_gap() -> None:
    story = Story()
    story.pass_(10, False, pu=0.0)
    story.pass_(11_000, False, pu=0.0)
    story.pass_(100, False, forms=True)
    assert story.judge.figures["gap_ms"] == 0.0
    assert story.judge.figures["dark_s"] == pytest.approx(11.01)


def test_pins_are_counted() -> None:
    story = Story()
    story.pass_(10, True)
    for k in range(5):
        story.judge.answered(10 * k, tail(shed=k % 3, genset=k > 2), 10)
    figures = story.judge.figures
    assert (figures["shed_level_max"], figures["shed_level_end"]) == (2.0, 1.0)
    assert figures["genset_run_s"] == pytest.approx(0.02)
    assert "detect_ms" not in figures  # no trouble, nothing detected


def test_a_way_has_steps_and_ramps() -> None:
    way = Way(1.0)
    way.go(0.5, 100.0)
    way.go(1.0, 200.0, 100.0)
    times = np.array([0.0, 99.0, 100.0, 200.0, 225.0, 300.0, 400.0])
    assert way(times).tolist() == [1.0, 1.0, 0.5, 0.5, 0.625, 1.0, 1.0]
    way.go(0.0, 250.0)  # in the midst of the ramp: from where it is
    assert way(np.array([225.0, 249.0, 250.0, 300.0])).tolist() == [0.625, 0.745, 0.0, 0.0]


def test_the_supply_adds_its_events_up() -> None:
    head = {"title": "t", "source": "s", "duration_s": 9.0}
    limit = {"name": "openings", "op": "equal", "value": 0.0, "source": "s"}
    site = {"phases": 3}
    start = {"load_share": [0.5, 0.25, 0.25]}
    case = Case.model_validate({"case": head, "site": site, "start": start, "limit": [limit]})
    supply = Supply(case)
    supply.happen(Dip(do="sag", pu=0.3, ms=50.0, phases=[2], at_s=1.0), 1000.0, 0.0, 0.0)
    supply.happen(Frequency(do="grid_frequency", hz=51.0, over_s=1.0, at_s=1.0), 1000.0, 0.0, 0.0)
    supply.happen(Jump(do="phase_jump", deg=30.0, at_s=1.0), 1000.0, 0.0, 0.0)
    supply.happen(GridLost(do="grid_lost", at_s=3.0), 3000.0, 0.0, 0.0)
    supply.happen(GridBack(do="grid_back", at_s=4.0, pu=0.95, deg=60.0), 4000.0, 0.0, 0.0)
    times = np.array([999.0, 1000.0, 1049.0, 1050.0, 3000.0, 4000.0])
    assert supply.magnitude(times)[:, 1].tolist() == [1.0, 0.3, 0.3, 1.0, 0.0, 0.95]
    assert supply.magnitude(times)[:, 0].tolist() == [1.0, 1.0, 1.0, 1.0, 0.0, 0.95]
    assert supply.hz(np.array([999.0, 1500.0, 3000.0, 4000.0])).tolist() == [50.0, 50.5, 51.0, 50.0]
    assert np.degrees(supply.jump_rad(times))[[0, 1, 5]] == pytest.approx([0.0, 30.0, 90.0])


def test_a_script_waits_for_states() -> None:
    at = GridLost(do="grid_lost", at_s=2.0)
    then = GridBack(do="grid_back", in_state="ISLAND", at_s=3.0, after_s=1.5)
    script = Script([then, at])
    script.state("ISLAND", 2500.0)  # before at_s: not yet
    assert script.take(2000.0) == []
    assert script.take(2010.0) == [(2000.0, at)]
    script.state("ISLAND", 3100.0)
    script.state("ISLAND", 3200.0)  # once
    assert script.take(4600.0) == []
    assert script.take(4610.0) == [(4600.0, then)]
    assert script.left == []


async def test_registers_in_ram_answer_as_pymodbus_does() -> None:
    """The same requests over a socket and in RAM: reads, writes, and every way to refuse one."""
    served = DeviceServer(1, PlantParams.uniform(1))
    [port] = await served.start()
    bus = MemoryBus({PV_UNIT: served.pv, BATTERY_UNIT: served.battery})
    frames = [
        (PV_UNIT, pack(">BHH", 3, 40000, 20)),
        (BATTERY_UNIT, pack(">BHH", 3, 40000, 125)),
        (BATTERY_UNIT, pack(">BHH", 4, 40069, 10)),
        (PV_UNIT, pack(">BHH", 3, 39999, 2)),  # before the map
        (PV_UNIT, pack(">BHH", 3, 40000 + served.pv.map.length - 1, 2)),  # beyond it
        (PV_UNIT, pack(">BHH", 6, 40002, 7)),  # read only
        (PV_UNIT, pack(">BHHBH", 16, 40002, 1, 2, 7)),
        (9, pack(">BHH", 3, 40000, 2)),  # nobody
    ]
    place = served.battery.map.places[64900, "Ena"].at + 40000
    frames += [(BATTERY_UNIT, pack(">BHHBH", 16, place, 1, 2, value)) for value in (1, 5, 0)]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for k, (unit, pdu) in enumerate(frames):
        frame = pack(">HHHB", k, 0, len(pdu) + 1, unit) + pdu
        writer.write(frame)
        head = await reader.readexactly(7)
        told = head + await reader.readexactly(int.from_bytes(head[4:6], "big") - 1)
        assert bus.answer(frame).hex() == told.hex(), k
    writer.close()
    await served.stop()
