"""What a person can get wrong: one sentence on standard error, exit code 2, never a traceback."""

import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import command_line as command
import pytest

from host_tools.broker import free_port
from host_tools.city.dataset import DATASET, find_dataset
from host_tools.errors import InputError
from host_tools.hil import unixport

# name -> arguments, and words that the sentence must have; {folder} is a folder for this test
CASES: dict[str, tuple[str, tuple[str, ...]]] = {
    "unknown option": ("demo --nonsense", ("No such option", "--nonsense")),
    "unknown command": ("nonsense", ("No such command", "nonsense")),
    "no building": ("demo --buildings 0", ("--buildings is 0", "1 to 1000")),
    "buildings no number": ("demo --buildings many", ("--buildings", "many")),
    "negative seed": ("demo --seed -1", ("--seed is -1",)),
    "no such day": ("demo --date 13-40", ("13-40", "MM-DD")),
    "backwards": ("demo --from 19:00 --to 18:00", ("--from and --to",)),
    "no such time": ("demo --from 25:10", ("25:10", "HH:MM")),
    "after midnight": ("demo --outage-minutes 0 --from 23:00 --to 24:30", ("within one day",)),
    "negative transformer": ("demo --transformer-kva -3", ("--transformer-kva is -3",)),
    "transformer not finite": ("demo --transformer-kva nan", ("--transformer-kva is nan",)),
    "broker nonsense": ("demo --broker nonsense", ("--broker", "nonsense", "host:port")),
    "broker without port": ("demo --broker localhost:", ("--broker", "host:port")),
    "broker not there": ("demo --buildings 1 --broker 127.0.0.1:{closed} --out {folder}", ("{closed}", "refused")),
    "fault of a foreign broker": ("demo --fault broker --broker 127.0.0.1:1", ("--fault broker", "--broker")),
    "unknown fault": ("demo --fault fire", ("fire", "broker")),
    "port taken": ("demo --buildings 1 --serve --port {taken} --out {folder}", ("{taken}", "in use")),
    "port too high": ("demo --serve --port 70000", ("--port is 70000",)),
    "outage past midnight": ("demo --outage 23:30", ("outage", "23:30", "24:30", "within the day")),
    "outage of negative length": ("demo --outage-minutes -5", ("--outage-minutes", "-5")),
    "out is a file": ("demo --out {file}", ("--out", "{file}")),
    "out below a file": ("demo --out {file}/sub", ("--out", "{file}/sub", "cannot be written")),
    "out holds other things": ("demo --buildings 1 --out {foreign}", ("{foreign}", "not made by Islet")),
    "corrupt data": ("demo --buildings 1 --out {folder}", ("Building_3.csv", "line 4711", "'broken'")),
    "missing data": ("demo --buildings 1 --out {folder}", ("schema.json", "make setup")),
    "report of nothing": ("report {folder}/none.json", ("none.json", "cannot be read")),
    "report of no JSON": ("report {file} --out {folder}/x.html", ("{file}", "cannot be read")),
    "report of other JSON": ("report {list} --out {folder}/x.html", ("{list}", "cannot be read")),
    "report of binary": ("report {binary} --out {folder}/x.html", ("{binary}", "cannot be read")),
    "replay of nothing": ("replay {folder}/none.csv", ("none.csv", "is not there")),
    "replay of binary": ("replay {binary}", ("line 1", "not text")),
}  # fmt: skip


def corrupt_package(folder: Path) -> Path:
    """Make a package citylearn whose data set has one broken cell; return what goes on the path."""
    data = folder / "citylearn" / "data" / DATASET
    data.mkdir(parents=True)
    (folder / "citylearn" / "__init__.py").touch()
    for file in find_dataset().iterdir():
        (data / file.name).symlink_to(file)
    broken = data / "Building_3.csv"
    lines = broken.read_text(encoding="utf-8").splitlines()
    broken.unlink()
    lines[4710] = lines[4710].rpartition(",")[0] + ",broken"  # its last column is the PV's
    broken.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def empty_package(folder: Path) -> Path:
    """Make a package citylearn without data; return what goes on the path."""
    (folder / "citylearn").mkdir(parents=True)
    (folder / "citylearn" / "__init__.py").touch()
    return folder


def places(base: Path, taken: int) -> dict[str, str]:
    """Make the files that the cases speak of; return their paths, and a port taken and one closed."""
    (base / "file").write_text("{")
    (base / "list").write_text("[]")
    (base / "binary").write_bytes(bytes(range(256)))
    (base / "foreign" / "nodes").mkdir(parents=True)
    (base / "foreign" / "nodes" / "photo").touch()
    names = {name: str(base / name) for name in ("file", "list", "binary", "foreign")}
    return {**names, "taken": str(taken), "closed": str(free_port())}


@pytest.fixture(scope="module")
def refused(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], tuple[command.Ended, list[str]]]]:
    """Return a function from a case to what its command left and the words wanted; all are run ahead."""
    base = tmp_path_factory.mktemp("bad")
    hidden = {
        "corrupt data": corrupt_package(base / "corrupt"),
        "missing data": empty_package(base / "empty"),
    }
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        known = places(base, listener.getsockname()[1])
        pool = stack.enter_context(ThreadPoolExecutor(2))
        futures, wanted = {}, {}
        for number, (name, (line, words)) in enumerate(CASES.items()):
            here = {**known, "folder": str(base / f"out{number}")}
            arguments = [word.format_map(here) for word in line.split()]
            futures[name] = pool.submit(command.run, *arguments, before=hidden.get(name))
            wanted[name] = [word.format_map(here) for word in words]
        yield lambda name: (futures[name].result(), wanted[name])
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", CASES)
def test_one_sentence_and_code_two(
    name: str, refused: Callable[[str], tuple[command.Ended, list[str]]]
) -> None:
    """Usage lines of the command line may stand before the sentence."""
    ended, words = refused(name)
    assert ended.code == 2, ended.err
    assert "Traceback" not in ended.err + ended.out
    usage = ("Usage:", "Try '")
    said = [line for line in ended.err.splitlines() if line and not line.startswith(usage)]
    assert len(said) == 1, ended.err
    assert said[0].lower().startswith("error: ")
    assert [word for word in words if word not in said[0]] == []


def test_micropython_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither beside this Python nor on PATH: the sentence says what to install."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"'micropython' is missing.*make setup"):
        unixport.micropython()
    beside = tmp_path / "micropython"
    beside.touch(mode=0o755)
    assert unixport.micropython() == str(beside)


def test_micropython_lib_missing(tmp_path: Path) -> None:
    """Without umqtt the nodes could not talk; told before any is started."""
    with pytest.raises(InputError, match=r"umqtt/simple.py is missing.*make setup"):
        unixport.path_for_nodes(tmp_path)


def test_data_package_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """None in sys.modules is how Python marks a module that cannot be had."""
    monkeypatch.setitem(sys.modules, "citylearn", None)
    with pytest.raises(InputError, match=r"citylearn 2\.1\.2 .*is not installed; run `make setup`"):
        find_dataset()
