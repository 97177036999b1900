"""`islet logs` on a pty that a board is played on: lines with times, a board that goes and comes back, the record."""

import datetime
import os
import pty
import re
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from host_tools.board import logs, provision
from host_tools.board.command import logs as command
from host_tools.errors import InputError, RunError


class Port:
    """A port: `say` prints on it as a board does; `heard` is what tools sent."""

    def __init__(self, link: Path) -> None:
        self.path, self._master = link, -1
        self.plug()

    def plug(self) -> None:
        """Be there."""
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        self._slave = slave
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(slave))

    def unplug(self) -> None:
        """Be gone."""
        self.path.unlink()
        os.close(self._slave)
        os.close(self._master)

    def say(self, text: str) -> None:
        """Print."""
        os.write(self._master, text.encode())

    def heard(self) -> bytes:
        """Return what was sent so far."""
        try:
            return os.read(self._master, 4096)
        except BlockingIOError:
            return b""


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Port]:
    """Yield a port."""
    made = Port(tmp_path / "tty")
    yield made
    made.unplug()


def later(span_s: float, *steps: object) -> threading.Thread:
    """Do steps one after the other, each after a pause."""

    def work() -> None:
        for step in steps:
            time.sleep(span_s)
            step()  # type: ignore[operator]

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_lines_with_times_and_a_board_that_resets(port: Port, tmp_path: Path) -> None:
    """A line cut by the reset is not glued to the next life's; nothing is sent to the board; the record has all."""
    record = tmp_path / "log"
    thread = later(
        0.3,
        lambda: port.say("islet 1500 network: up\r\nplain\r\nislet 17"),
        port.unplug,
        port.plug,
        lambda: port.say("islet 20 again\r\n"),
    )
    done = CliRunner().invoke(command, [str(port.path), "--seconds", "2", "--record", str(record)])
    thread.join()
    assert done.exit_code == 0, done.output
    texts = [line[24:].strip() for line in done.output.splitlines()]
    assert texts == ["1.500 s  network: up", "plain", "0.020 s  again"]
    stamps = [datetime.datetime.fromisoformat(line[:23]) for line in done.output.splitlines()]
    assert all(abs(datetime.datetime.now() - stamp) < datetime.timedelta(seconds=10) for stamp in stamps)
    assert record.read_text() == done.output
    assert port.heard() == b""


def test_since_shows_the_record_first(port: Port, tmp_path: Path) -> None:
    """Of two old lines the one within the span; the span's forms."""
    now, record = datetime.datetime.now(), tmp_path / "log"
    old, young = now - datetime.timedelta(hours=3), now - datetime.timedelta(minutes=5)
    record.write_text(
        "".join(
            f"{when.strftime(logs.STAMP)[:23]} {what}\n" for when, what in ((old, "old"), (young, "young"))
        )
    )
    words = [str(port.path), "--seconds", "0", "--record", str(record), "--since", "2h"]
    done = CliRunner().invoke(command, words)
    assert re.findall(r"old|young", done.output) == ["young"]
    assert [logs.span_s(text) for text in ("90s", "10m", "2h", "1d")] == [90, 600, 7200, 86_400]
    with pytest.raises(InputError, match="no span of time"):
        logs.span_s("2 hours")


def test_a_port_that_is_taken_or_not_there(port: Port, tmp_path: Path) -> None:
    """Another program has it: said; what is not there is waited for, but not by who listens for a while only."""
    other = logs.Reader(str(port.path))
    with pytest.raises(InputError, match="in use by another program"):
        logs.Reader(str(port.path))
    other.close()
    missing = logs.Reader(str(tmp_path / "none"))
    assert list(missing.lines(0.3)) == []
    with pytest.raises(InputError, match="There is no port"):
        logs.run(str(tmp_path / "none"), 0.3, None, print)


@pytest.mark.parametrize(
    ("line", "fails"),
    [("islet 900 failed: ValueError('settings: x')\r\n", True), ("islet 2600 running\r\n", False)],
)
def test_provision_hears_how_the_firmware_starts(port: Port, line: str, fails: bool) -> None:
    """What it says ends the wait at once."""
    said: list[str] = []
    thread = later(0.3, lambda: port.say("MPY: soft reboot\r\n" + line))
    start_s = time.monotonic()
    if fails:
        with pytest.raises(RunError, match="failed: ValueError"):
            provision.watch(str(port.path), 20.0, said.append)
    else:
        provision.watch(str(port.path), 20.0, said.append)
        assert "it runs" in said[-1]
    assert time.monotonic() - start_s < 5.0
    thread.join()
