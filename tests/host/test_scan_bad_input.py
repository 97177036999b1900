"""`islet scan` of what cannot be scanned: one sentence, exit code 2, never a traceback."""

import asyncio
import errno

import command_line as command
import pytest
from click.testing import CliRunner
from sunspec_server import MapServer, pv_unit, registers_of

from host_tools.__main__ import Sentences
from host_tools.scan import lines
from host_tools.scan.command import scan as command_scan

PV = registers_of(pv_unit())


async def scan(server: MapServer, *arguments: object) -> command.Ended:
    """Run the command against a server, which must never see a write."""
    async with server as (_, port):
        ended = await asyncio.to_thread(command.run, "scan", f"tcp://127.0.0.1:{port}", *arguments)
    assert server.writes == []
    return ended


def refused(ended: command.Ended, *words: str) -> None:
    """Check that the command ended with code 2 and one sentence that has these words."""
    assert (ended.code, ended.out) == (2, ""), ended.err
    assert len(ended.err.splitlines()) == 1
    assert ended.err.startswith("error: ")
    for word in words:
        assert word in ended.err


BAD = [
    ("modbus://host", "not an address", "tcp://"),
    ("tcp://", "tcp://HOST"),
    ("tcp://host/path", "tcp://HOST"),
    ("tcp://127.0.0.1:70000", "not an address"),
    ("tcp://127.0.0.1?baud=9600", "'baud'", "units"),
    ("tcp://a..b", "'a..b' is no host name"),
    ("tcp://" + 64 * "a", "is no host name"),
    ("rtu://dev/ttyUSB0", "three slashes"),
    ("rtu:///dev/ttyUSB0?baud=7", "baud is '7'"),
    ("rtu:///dev/ttyUSB0?parity=X", "parity is 'X'"),
    ("rtu:///dev/ttyUSB0?units=0-300", "'0-300'", "1 to 247"),
    ("rtu:///dev/no_such_tty", "/dev/no_such_tty", "No such file"),
    ("rtu:///dev/null", "/dev/null is not a serial port"),
]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case[0])
def test_bad_addresses(case: tuple[str, ...]) -> None:
    refused(command.run("scan", case[0]), *case[1:])


@pytest.mark.parametrize(("option", "value"), [("--unit", "1-"), ("--unit", "20-1"), ("--at", "40000")])
def test_bad_options(option: str, value: str) -> None:
    refused(command.run("scan", "tcp://127.0.0.1", option, value), repr(value))


@pytest.mark.parametrize("option", ["--timeout", "--limit"])
def test_a_time_that_is_no_number(option: str) -> None:
    ended = command.run("scan", "tcp://127.0.0.1", option, "nan")
    assert (ended.code, ended.out) == (2, "")
    assert "is not a number of seconds" in ended.err


def test_no_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, for a test may run as root, who may open everything."""

    def denied(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(lines.os, "open", denied)
    ended = CliRunner().invoke(Sentences(commands={"scan": command_scan}), ["scan", "rtu:///dev/ttyUSB0"])
    assert ended.exit_code == 2
    assert ended.stderr.startswith("error: no permission for /dev/ttyUSB0;")
    assert "dialout" in ended.stderr


async def test_a_closed_port() -> None:
    server = MapServer({1: PV})
    port = await server.start()
    await server.stop()
    refused(await asyncio.to_thread(command.run, "scan", f"tcp://127.0.0.1:{port}"), f"port {port}", "closed")


async def test_nobody_answers() -> None:
    """A gateway without the unit says so; one that says nothing costs a time-out each."""
    refused(
        await scan(MapServer({9: PV}), "--unit", "1-2"),
        "nobody answered",
        "unit 2: refused with exception 11",
    )
    server = await asyncio.start_server(lambda reader, writer: asyncio.sleep(60), "127.0.0.1", 0)
    url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    ended = await asyncio.to_thread(command.run, "scan", url, "--timeout", "0.05", "--unit", "1-3")
    refused(ended, "nobody answered", "unit 1: no answer", "unit 3: no answer")
    ended = await asyncio.to_thread(
        command.run, "scan", url, "--timeout", "0.1", "--unit", "1-99", "--limit", "0.5"
    )
    refused(ended, "nobody answered", "then the time was over")
    server.close()


async def test_not_sunspec() -> None:
    """A unit that answers, and has its map elsewhere."""
    moved = MapServer({7: {1000 + at - 40000: value for at, value in PV.items()}})
    refused(await scan(moved, "--unit", "7"), "not SunSpec", "unit 7", "40000 or 0 or 50000", "--at")
    refused(await scan(moved, "--at", "1002,7"), "not SunSpec", "at 1002")
