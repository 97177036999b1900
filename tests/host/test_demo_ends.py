"""How a demo ends before its time: a node that dies, Ctrl-C, a live page that is closed; nothing stays behind."""

import os
import signal
import sqlite3
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import command_line as command
import pytest

from host_tools.broker import Broker, free_port

pytestmark = pytest.mark.needs("micropython")

Start = Callable[..., command.Running]

DAY = ("demo", "--buildings", 2)
LIMIT_S = 30.0
END_S = 5.0  # from Ctrl-C to the prompt


def wait_for(true: Callable[[], bool], running: command.Running) -> None:
    """Wait until it is true; fails when the command ends first or LIMIT_S pass."""
    end_s = time.monotonic() + LIMIT_S
    while not true():
        if running.process.poll() is not None:
            pytest.fail(f"ended early: {running.wait()}")
        assert time.monotonic() < end_s, "not in time"
        time.sleep(0.02)


def reports(out: Path) -> int:
    """Return how many reports are in the store by now."""
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(out / "islet.sqlite")) as database:
        return int(database.execute("select count(*) from reports").fetchone()[0])
    return 0


def a_node_is_killed(start: Start, out: Path) -> None:
    """The run ends with the node's name and the place of its log."""
    running = start(*DAY, "--out", out)
    wait_for(lambda: reports(out) > 5, running)
    [node] = [pid for pid in running.children() if b"ISLET_NODE=b002" in command.environment(pid)]
    assert len(running.children()) >= 3  # two nodes and the broker
    os.kill(node, signal.SIGKILL)
    ended = running.wait(20)
    assert ended.code == 1
    assert f"error: node b002 ended with code -9; its log {out}/nodes/b002/log.txt" in ended.err
    assert "Traceback" not in ended.err
    assert running.none_left()


def a_node_fails(start: Start, out: Path) -> None:
    """Its flash vanishes: the firmware cannot save, stops, and the last lines of its console say why."""
    running = start(*DAY, "--out", out)
    wait_for(lambda: reports(out) > 5, running)
    home = out / "nodes" / "b001"
    home.rename(out / "gone")
    home.mkdir()
    (home / "log.txt").symlink_to(out / "gone" / "log.txt")
    for name in ("energy", "energy.1"):  # whichever copy is written next
        (home / name).mkdir()
    ended = running.wait(20)
    assert ended.code == 1
    assert "error: node b001 ended with code 1; its log" in ended.err
    assert "OSError" in ended.err
    assert running.none_left()


def a_foreign_broker_dies(start: Start, out: Path) -> None:
    """The houses go on without it, and the run says that its counts lack what they still hold."""
    with Broker() as broker:
        running = start(
            *DAY, "--to", "03:00", "--outage-minutes", 0, "--broker", f"127.0.0.1:{broker.port}", "--out", out
        )
        wait_for(lambda: reports(out) > 5, running)
        broker.kill()
        ended = running.wait(30)
    assert (ended.code, ended.err) == (0, "")
    assert "2 nodes still hold messages" in ended.out
    assert len(list((out / "nodes" / "b001").glob("outbox.*"))) > 0
    assert running.none_left()


def ctrl_c_in_the_middle(start: Start, out: Path) -> None:
    """A terminal sends the signal to the whole group."""
    running = start(*DAY, "--out", out)
    wait_for(lambda: reports(out) > 5, running)
    check_interrupt(running, to_group=True)


def interrupt_while_starting(start: Start, out: Path) -> None:
    """A supervisor sends the signal to the command alone, here between the first node and the last."""
    running = start(*DAY, "--out", out)
    wait_for((out / "nodes" / "b001" / "log.txt").exists, running)
    check_interrupt(running, to_group=False)


def check_interrupt(running: command.Running, to_group: bool) -> None:
    """Interrupt; expect code 130 (128 + SIGINT, as shells have it), no traceback and no process left."""
    pid = running.process.pid
    began_s = time.monotonic()
    (os.killpg if to_group else os.kill)(pid, signal.SIGINT)
    ended = running.wait(20)
    assert time.monotonic() - began_s < END_S
    assert (ended.code, ended.err) == (130, "interrupted\n")
    assert running.none_left(0.5)


def live_page(start: Start, out: Path) -> None:
    """The page is there before there are results, and after them until Ctrl-C, which is its regular end."""
    port = free_port()
    short = ("--from", "12:00", "--to", "12:20", "--outage-minutes", 0)
    running = start(*DAY, *short, "--out", out, "--serve", "--port", port)

    def page() -> bool:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return answer.status == 200 and b"<!doctype html" in answer.read(200).lower()
        return False

    wait_for(page, running)
    assert not (out / "results.json").exists()
    wait_for((out / "report.html").exists, running)
    wait_for(page, running)
    time.sleep(0.3)
    assert page()
    os.kill(running.process.pid, signal.SIGINT)
    ended = running.wait(END_S)
    assert (ended.code, ended.err) == (0, "")
    assert f"the live page stays at http://127.0.0.1:{port}/" in ended.out
    assert running.none_left(0.5)
    assert not page()


SCENES: tuple[Callable[[Start, Path], None], ...] = (
    live_page,
    a_node_is_killed,
    a_node_fails,
    a_foreign_broker_dies,
    ctrl_c_in_the_middle,
    interrupt_while_starting,
)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], None]]:
    """Return a function that raises what a scene found wrong; all are played ahead, two at a time."""
    base = tmp_path_factory.mktemp("ends")
    begun: list[command.Running] = []

    def start(*arguments: object) -> command.Running:
        begun.append(command.start(*arguments))
        return begun[-1]

    with ThreadPoolExecutor(2) as pool:
        futures = {scene.__name__: pool.submit(scene, start, base / scene.__name__) for scene in SCENES}
        yield lambda name: futures[name].result()
        pool.shutdown(cancel_futures=True)
    for running in begun:
        if running.process.poll() is None:
            running.process.kill()
            running.process.communicate()


@pytest.mark.parametrize("scene", [scene.__name__ for scene in SCENES])
def test_end(scene: str, played: Callable[[str], None]) -> None:
    """The scene's own assertions hold; they are in the function of its name."""
    played(scene)
