"""The emulated board's USB port as a pty: MicroPython's own tool works on it, and what is printed arrives."""

import os
import subprocess
import sys
import time
from pathlib import Path

import serial

from host_tools.hil.rp2040.rig import Rig


def mpremote(path: str, *words: str) -> str:
    """Return what mpremote prints."""
    command = [sys.executable, "-m", "mpremote", "connect", path, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def test_mpremote_runs_code_and_copies_files(board: Rig, tmp_path: Path) -> None:
    """exec, cp both ways, and a board that was reset through it: the port's path stays."""
    path = board.serial_port()
    given = tmp_path / "given"
    given.write_bytes(bytes(range(256)) * 8)
    with board.background():
        assert mpremote(path, "exec", "print(6 * 7)") == "42\n"
        mpremote(path, "fs", "cp", str(given), ":copied")
        mpremote(path, "reset")
        mpremote(path, "fs", "cp", ":copied", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == given.read_bytes()
    assert board.serial_port() == path
    assert board.files()["/copied"] == given.read_bytes()


def test_what_a_program_prints_comes_to_the_port(board: Rig) -> None:
    """Lines printed while nobody listens are lost there, as on a USB port, but kept by the rig."""
    board.run("import time")
    board.console.begin("for k in range(40):\n print('line', k)\n time.sleep_ms(20)")
    board.advance(200)
    path = board.serial_port()
    with board.background(), serial.Serial(path, timeout=5) as port:
        time.sleep(0.2)
        heard = port.read_until(b"line 39")
    board.console.end()
    lines = heard.decode().split("\r\n")
    assert lines[-1] == "line 39"
    assert "line 20" in lines
    assert "line 2" not in lines
    assert "line 2\n" in board.console.text


def test_real_time_is_followed_while_a_tool_is_there(board: Rig) -> None:
    """An idle board would run hundreds of times too fast: 0.5 s are at most 0.5 s."""
    path = board.serial_port()
    with board.background():
        end = os.open(path, os.O_RDWR | os.O_NOCTTY)
        time.sleep(0.1)
        real_s, emulated_s = time.monotonic(), board.emulated_s
        time.sleep(0.5)
        passed_s = board.emulated_s - emulated_s
        assert 0.1 < passed_s <= time.monotonic() - real_s + 0.02
        os.close(end)
