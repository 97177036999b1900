"""`islet provision`, `islet doctor`, `islet logs --errors` on one emulated board with a device on its serial line."""

import hashlib
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from board_rig import NODE, REASON, SECRET, SITE, image, make_folder
from click.testing import CliRunner

from host_tools.board import doctor, logs, put
from host_tools.board.command import doctor as doctor_command
from host_tools.board.command import provision
from host_tools.board.line import Line
from host_tools.errors import InputError, RunError
from host_tools.hil.memory_modbus import MemoryBus
from host_tools.hil.rp2040.modbus import RtuUnits
from host_tools.hil.rp2040.rig import BOARD, Rig
from host_tools.plant.params import PlantParams
from host_tools.plant.registers import DeviceServer
from host_tools.provision import keys

OUTPUTS = (2, 3, 4, 5, 6, 7)  # boards/rp2040_emulated
FEEDBACK, OVERRIDE_OPEN, OVERRIDE_CLOSE = 11, 15, 16
OLD = {"/islet/profile_gone": b"{}", "/islet/last_error": b"OSError(5,)"}


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """Yield a board on the grid, its contactor closed, an inverter at unit 1; not provisioned yet."""
    path = image()
    if path is None:
        pytest.skip(REASON)
    drawn = random.Random(1)
    made = Rig(path, OLD, BOARD)
    made.analog.wave = lambda channel, time_s: 2048 + drawn.randint(-2, 2)
    made.pins.drive(FEEDBACK, False)
    served = DeviceServer(1, PlantParams(np.array([6400.0]), np.array([5000.0]), np.array([4000.0])))
    RtuUnits(made.mcu, 1, MemoryBus({1: served.pv}, 0), 2.0, direction=10)
    with made, made.background():
        made.serial_port()
        yield made


def test_provision(rig: Rig, tmp_path: Path) -> None:
    """Nothing is written while a setting is wrong; then all is there, the old profile gone, the clock right."""
    place = make_folder(tmp_path / "f", transfer_owner="nobody")
    words = [rig.console.path, str(place), "--yes", "--no-watch"]
    done = CliRunner().invoke(provision, words)
    assert isinstance(done.exception, InputError)
    (place / "settings.json").write_text((place / "settings.json").read_text().replace("nobody", "board"))
    done = CliRunner().invoke(provision, words)
    assert done.exit_code == 0, done.exception
    secret = keys.load_key(place, (SITE, NODE))
    assert SECRET not in done.output
    assert secret.hex() not in done.output
    with Line(rig.console.path) as line:
        there = set(put.names(line))
        assert there >= {"devices.json", "key", "network.json", "profile_eastron_sdm630", "settings.json"}
        assert "profile_gone" not in there
        assert line.json("digest('/islet/key')") == hashlib.sha256(secret).hexdigest()
        assert json.loads(put.get(line, ["network.json"])["network.json"])["key"] == SECRET
        line.load("probe")
        assert abs(line.json("epoch_s()") - time.time()) < 30  # it was restarted since
        line.restart()


def test_doctor(rig: Rig) -> None:
    """Everything judged; the switch with both positions on is wrong; no output moves; secrets stay secret."""
    rig.pins.drive(OVERRIDE_OPEN, False)
    rig.pins.drive(OVERRIDE_CLOSE, False)
    rig.pins.watch(*OUTPUTS)
    before = {number: rig.pins.level(number) for number in OUTPUTS}
    done = CliRunner().invoke(doctor_command, [rig.console.path, "--yes", "--json"])
    assert done.exit_code == 1
    found = {one["what"]: one for one in json.loads(done.output)["found"]}
    judged = {what: one["verdict"] for what, one in found.items()}
    assert judged["override"] == "wrong"
    assert [what for what, verdict in judged.items() if verdict == "wrong"] == ["override"]
    assert judged["last error"] == judged["device ghost"] == "look at this"
    assert judged["device roof"] == judged["key"] == judged["outputs"] == judged["heap"] == "OK"
    assert "against this computer" in found["clock"]["seen"]  # set; emulated time lags while the chip is busy
    assert "contactor on" in found["outputs"]["seen"]  # held closed, for its feedback says so
    assert "eastron_sdm630" in found["devices.json"]["seen"]
    assert "OSError" in found["last error"]["seen"]
    assert SECRET not in done.output
    assert {number: rig.pins.level(number) for number in OUTPUTS} == before
    assert [rig.pins.edges[number] for number in OUTPUTS] == [[]] * len(OUTPUTS)


def test_doctor_leaves_an_island_alone(rig: Rig) -> None:
    """The node has written down that it is in one: the firmware is restarted at once, and the reason told."""
    with Line(rig.console.path) as line:
        put.put(line, {"island.json": b'{"state": "ISLAND"}'}, lambda text: None)
        line.restart()
    with pytest.raises(RunError, match="in an island") as told:
        doctor.run(rig.console.path, False, lambda text: None)
    assert isinstance(told.value, doctor.NotNow)
    end_s = time.monotonic() + 20.0
    while not rig.console.text.rstrip().endswith("soft reboot") and time.monotonic() < end_s:
        time.sleep(0.1)
    assert rig.console.text.rstrip().endswith("soft reboot")


def test_logs_errors(rig: Rig) -> None:
    """Why the firmware ended last, from its store."""
    assert logs.last_error(rig.console.path) == "OSError(5,)"
