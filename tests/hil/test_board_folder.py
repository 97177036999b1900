"""A node's folder: what is made new is valid but for nothing, all errors are told at once, no secret ever."""

import json
import os
import stat
from pathlib import Path

import pytest
from board_rig import NODE, SECRET, SITE, make_folder
from click.testing import CliRunner

from host_tools.board import folder, new
from host_tools.board.command import provision
from host_tools.board.folder import Facts
from host_tools.errors import InputError
from host_tools.provision import keys
from islet import config, devices

BOTH = ("grid_v", "bus_v", "grid_i", "load_i")
EMULATED = Facts("rp2040_emulated", ("uart1",), BOTH)


def test_a_new_folder_is_what_the_firmware_wants(tmp_path: Path) -> None:
    """Made by the command, read by nobody else; its JSON passes the firmware's own checks; keys differ."""
    place = tmp_path / "node"
    done = CliRunner().invoke(provision, ["--new", "b07", "--site", "f1", str(place)])
    assert done.exit_code == 0, done.output
    assert {path.name for path in place.iterdir()} == {
        "settings.toml", "devices.toml", "network.toml", "f1.b07.key",
    }  # fmt: skip
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in place.iterdir())
    found = folder.read(place, EMULATED)
    assert config.load(found.files["settings.json"]).node == "b07"
    assert devices.load(found.files["devices.json"]).devices == []
    assert json.loads(found.files["network.json"]) == {"kind": "none"}
    assert len(found.files["key"]) == 32
    new.make(tmp_path / "other", "f1", "b08")
    assert folder.read(tmp_path / "other").files["key"] != found.files["key"]
    with pytest.raises(InputError, match="not empty"):
        new.make(place, "f1", "b07")


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Two settings, a device, the network, the key's mode: one message; none of the secrets in it."""
    place = make_folder(tmp_path / "f", f0_hz=70, colour="red")
    text = (place / "devices.toml").read_text()
    (place / "devices.toml").write_text(text.replace("eastron_sdm630", "no_such"))
    network = place / "network.toml"
    network.write_text(network.read_text().replace("house", "x" * 33) + 'pass = "tell nobody"\n')
    with pytest.raises(InputError) as told:
        folder.read(place)
    words = str(told.value)
    for part in (
        "f0_hz is 70",
        "colour is not a setting",
        "no profile no_such",
        "ssid must",
        "pass is not known",
    ):
        assert part in words
    assert SECRET not in words
    assert "tell nobody" not in words


def test_files_must_fit_together_and_the_board(tmp_path: Path) -> None:
    """A battery that nobody may tell anything, a line that the board has not, one side of the contactor only."""
    place = make_folder(tmp_path / "f")
    settings = json.loads((place / "settings.json").read_text())
    (place / "settings.json").write_text(json.dumps({**settings, "battery_rated_w": 5000}))
    with pytest.raises(InputError, match="no battery of devices may be told"):
        folder.read(place)
    (place / "settings.json").write_text(json.dumps(settings))
    assert folder.read(place, EMULATED).node == NODE
    with pytest.raises(InputError) as told:
        folder.read(place, Facts("pico", ("uart0",), ("grid_v", "grid_i", "load_i")))
    assert "pico has no line uart1; it has uart0" in str(told.value)
    assert "pico sees one side of the contactor only" in str(told.value)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """By its mode, by its absence, by its length; its digits are in no message and no repr."""
    place = make_folder(tmp_path / "f")
    path = place / f"{SITE}.{NODE}.key"
    secret = keys.load_key(place, (SITE, NODE)).hex()
    assert secret not in repr(folder.read(place))
    path.chmod(0o644)
    with pytest.raises(InputError, match="can be read by others"):
        folder.read(place)
    path.chmod(0o600)
    path.write_text(secret[:-2])
    with pytest.raises(InputError, match="64 hex digits") as told:
        folder.read(place)
    assert secret[:8] not in str(told.value)
    path.unlink()
    with pytest.raises(InputError, match="is missing"):
        folder.read(place)


def test_one_form_of_a_file_only(tmp_path: Path) -> None:
    """Which of two should count is not guessed."""
    place = make_folder(tmp_path / "f")
    (place / "settings.toml").write_text("")
    with pytest.raises(InputError, match=r"one of settings.toml and settings.json, not 2"):
        folder.read(place)


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        ({"kind": "none"}, 0),
        ({"kind": "ppp", "time_server": "10.0.0.1"}, 0),
        ({"kind": "lan", "static": ["10.0.0.2", "255.255.255.0", "10.0.0.1", "10.0.0.1"]}, 0),
        ({"kind": "wlan", "ssid": "a", "key": "12345678"}, 0),
        ({"kind": "wlan", "ssid": "a", "key": "0f" * 32}, 0),  # 256 bits as they are, IEEE 802.11i annex
        ({"kind": "wlan", "ssid": "a", "key": "1234567"}, 1),  # a passphrase has 8 to 63 characters
        ({"kind": "wlan", "ssid": "", "key": "x" * 65}, 2),
        ({"kind": "lan", "static": ["10.0.0.2", "255.255.255.0", "10.0.0.1"]}, 1),
        ({"kind": "lan", "static": ["10.0.0.256"] * 4}, 1),
        ({"kind": "none", "key": "12345678"}, 1),
        ({"kind": "lan", "time_server": ""}, 1),
        ({"kind": "tin can"}, 1),
    ],
)
def test_network(table: dict[str, object], wrong: int) -> None:
    """Each rule of network.json, kept and broken."""
    assert len(folder.network_errors(table)) == wrong


def test_the_wlan_key_should_be_private(tmp_path: Path) -> None:
    """A folder whose network file others can read is noticed."""
    place = make_folder(tmp_path / "f")
    assert folder.is_private(place)
    os.chmod(place / "network.toml", 0o640)
    assert not folder.is_private(place)


def test_command_asks_before_it_interrupts_and_checks_first(tmp_path: Path) -> None:
    """Nobody at the terminal: refused, with the option named; --check needs no board."""
    place = make_folder(tmp_path / "f")
    done = CliRunner().invoke(provision, ["/dev/nowhere", str(place)])
    assert isinstance(done.exception, InputError)
    assert "--yes" in str(done.exception)
    done = CliRunner().invoke(provision, ["--check", str(place)])
    assert done.exit_code == 0
    assert "profile_eastron_sdm630" in done.output
    assert SECRET not in done.output
