"""`islet flash` on the emulated board: its own way into the boot loader, what the flash holds read back."""

import random
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from board_rig import REASON, BootLoader, image
from click.testing import CliRunner

from host_tools.board import esptool, find, flash, probe, put, verify
from host_tools.board import image as images
from host_tools.board.command import flash as command
from host_tools.board.line import Line
from host_tools.errors import InputError, RunError
from host_tools.hil.rp2040.rig import BOARD, Rig
from host_tools.provision.firmware import boardfile

EMULATED = boardfile.load("rp2040_emulated")
FILES = {"/islet/settings.json": b'{"node": "b01"}', "/islet/key": bytes(range(32))}


class Place:
    """A board with its boot loader's folder."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        self.rig, self.volume = rig, folder / "volume"
        self.volume.mkdir()
        self.loader = BootLoader(rig, self.volume)
        self.port = rig.serial_port()
        self.said: list[str] = []

    def job(self, path: Path, files: str = "", board: boardfile.Board = EMULATED) -> flash.Job:
        """Return what is to be done."""
        return flash.Job(board, path, self.port, self.volume, files, self.said.append)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Yield a running board whose image is not quite the one to be flashed."""
    path = image()
    if path is None:
        pytest.skip(REASON)
    drawn = random.Random(1)
    rig = Rig(path, FILES, BOARD)
    rig.analog.wave = lambda channel, time_s: 2048 + drawn.randint(-2, 2)
    at = images.read(path).data.index(b"v1.25.0 on")
    rig.mcu.flash[at : at + 2] = b"V0"  # the version that the prompt shows
    with rig:
        made = Place(rig, tmp_path_factory.mktemp("flash"))
        with rig.background():
            yield made


def test_refused_before_anything_is_changed(place: Place) -> None:
    """An image for another chip; a file system that moves, with files and no word about them."""
    path = image()
    assert path is not None
    pico2 = boardfile.load("pico2_w")
    with pytest.raises(InputError, match="for rp2040, but pico2_w has rp2350"):
        flash.run(place.job(path, board=pico2))
    with pytest.raises(InputError, match="--keep-settings to carry them over, or --erase"):
        flash.run(place.job(path, board=smaller()))
    assert place.loader.entered == 0


def smaller() -> boardfile.Board:
    """Return the board with a file system one block shorter, as another layout of the flash would be."""
    layout = EMULATED.firmware.flash
    moved = layout.model_copy(
        update={
            "filesystem_offset": layout.filesystem_offset + 4096,
            "filesystem_bytes": layout.filesystem_bytes - 4096,
        }
    )
    return replace(EMULATED, firmware=EMULATED.firmware.model_copy(update={"flash": moved}))


def test_another_image_and_errors_are_noticed(place: Place) -> None:
    """One bit of the first 4 KB; what the board raises is told too, and the line goes on."""
    path = image()
    assert path is not None
    whole = images.read(path)
    short = replace(whole, data=whole.data[:4096])
    wrong = replace(whole, data=whole.data[:4095] + bytes([whole.data[4095] ^ 1]))
    with Line(place.port) as line:
        verify.about(line)
        verify.check(line, short, place.said.append)
        with pytest.raises(RunError, match="holds another image"):
            verify.check(line, wrong, place.said.append)
        with pytest.raises(RunError, match=r"^The board says ValueError: no\.$"):
            line.run("raise ValueError('no')")  # a sentence, without the code that was sent
        assert line.json("6 * 7") == 42


def test_flash_with_files_that_move(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Boot loader, copy, hash of all that was written, files saved and given back, self-test: all of it once."""
    path = image()
    assert path is not None
    monkeypatch.setattr(flash, "COPIES", tmp_path)
    found = flash.run(place.job(path, flash.KEEP, smaller()))
    assert (place.loader.entered, place.loader.loaded) == (1, 1)
    whole = images.read(path)
    assert bytes(place.rig.mcu.flash[: len(whole.data)]) == whole.data
    assert any(f"verified: {len(whole.data)} bytes" in line for line in place.said)
    with Line(place.port) as line:  # it was restarted, and answers
        left = put.get(line, ["settings.json", "key"])
    assert {f"/islet/{name}": data for name, data in left.items()} == FILES
    copies = list((tmp_path / "ffffffffffffffff").iterdir())  # the emulator's unique id
    assert sorted(one.name for one in copies) == ["key", "settings.json"]
    assert all(stat.S_IMODE(one.stat().st_mode) == 0o600 for one in copies)
    wrong = [one.text() for one in found if one.verdict != probe.OK]
    assert [line for line in wrong if "clock" not in line] == []  # nobody has set it yet
    assert {"firmware", "outputs", "inputs", "file system", "clock", "input grid_v"} <= {
        one.what for one in found
    }


def test_esp32_needs_esptool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it: the line that installs it. Its command line is as esptool's documentation has it."""
    board = boardfile.load("esp32_s3")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install .esptool>=5"):
        esptool.flash_esp32(board, Path("x.bin"), "/dev/ttyUSB0", False, print)
    words = esptool.command(board, "/dev/ttyUSB0", ["write-flash", "0x0", "x.bin"])
    assert words[1:] == [
        "-m", "esptool", "--chip", "esp32s3", "--port", "/dev/ttyUSB0", "--baud", "460800", "write-flash", "0x0",
        "x.bin",
    ]  # fmt: skip


def test_command_names_what_is_missing() -> None:
    """No board, two that exclude each other, a board that is none."""
    for words, told in (
        ([], "Name a board: "),
        (["pico", "--erase", "--keep-settings"], "exclude each other"),
        (["picoo"], "no board 'picoo'"),
    ):
        done = CliRunner().invoke(command, words)
        assert isinstance(done.exception, InputError)
        assert told in str(done.exception)


def test_a_board_in_its_boot_loader(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """New boards come so: the volume is found, files cannot be kept, the serial port is the one that is new then."""
    path = image()
    assert path is not None
    with Line(place.port) as line:
        line.enter_boot_loader()
    flash.wait_for_volume(place.volume, "rp2040", place.said.append)
    job = replace(place.job(path), port=None)
    with pytest.raises(InputError, match="its files cannot be read"):
        flash.run(replace(job, files=flash.KEEP))
    loaded, taken = place.loader.loaded, []
    here = find.Found(place.port, "MicroPython on an RP2 chip", "rp2", "")
    monkeypatch.setattr(find, "ports", lambda: [here] if place.loader.loaded > loaded else [])
    monkeypatch.setattr(
        flash, "after", lambda job, line, *rest: taken.append(line) or []
    )  # the test above has it
    assert flash.run(job) == []
    assert place.loader.loaded == loaded + 1
    assert taken[0].json("6 * 7") == 42
    taken[0].close()
