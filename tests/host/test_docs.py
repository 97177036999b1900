"""The documents say what the code says: files and links exist, tables are up to date, examples are taken."""

import ast
import json
import re
from pathlib import Path

import jwt
import pytest
from click import Group

from host_tools import bench
from host_tools.__main__ import main
from host_tools.aggregator.messages import parse
from host_tools.hil import frames
from host_tools.provision import devices as provision
from host_tools.provision.settings_table import replaced
from islet import config, devices, names
from islet.control.island import RULES
from islet.drivers import roles
from islet.sync.command import Gate

ROOT = Path(__file__).resolve().parents[2]
DOCS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
CODE = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"(?:firmware|boards|host_tools|tests|docs)(?:/[\w.-]+)+/?\Z")
LINK = re.compile(r"\]\(([^)\s]+)\)")
EXAMPLE = re.compile(r"```json\n(.*?)\n```", re.DOTALL)
FOLDERS = ("firmware", "boards", "host_tools")
KINDS = ("report", "event", "ack", "birth", "quality", "device")  # in the order of docs/protocol.md


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_file_named_exists(path: Path) -> None:
    """Names in backticks that begin with a folder of the project."""
    named = [word for word in CODE.findall(path.read_text(encoding="utf-8")) if FILE.match(word)]
    assert [word for word in named if not (ROOT / word).exists()] == []


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_link_resolves(path: Path) -> None:
    """Files beside the document, and headings in them."""
    text, broken = path.read_text(encoding="utf-8"), []
    for link in LINK.findall(text):
        place, _, anchor = link.partition("#")
        target = path.parent / place if place else path
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    assert broken == []


def methods_of_classes() -> dict[str, set[str]]:
    """Return the methods by name of class, over all of the project's code; equal names are joined."""
    found: dict[str, set[str]] = {}
    for path in [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
                found.setdefault(node.name, set()).update(n.name for n in node.body if isinstance(n, kinds))
    return found


def test_overview_names_what_is_there() -> None:
    """Every `Class.method` of docs/overview.md and docs/units.md is in the code."""
    words = CODE.findall(text_of("docs/overview.md") + text_of("docs/units.md"))
    named = [word.split(".") for word in words if re.fullmatch(r"[A-Z]\w+\.[a-z_]+", word)]
    found = methods_of_classes()
    assert len(named) > 30
    assert [pair for pair in named if pair[1] not in found.get(pair[0], set())] == []


def test_table_of_settings_is_up_to_date() -> None:
    """Made anew from firmware/islet/config.py it is the same."""
    text = text_of("docs/settings.md")
    assert replaced(text) == text, "run: python -m host_tools.provision.settings_table docs/settings.md"


def test_settings_named_elsewhere_exist() -> None:
    """Words in backticks of docs/safety.md that end in a unit are settings or values of the wire."""
    known = {row[0] for row in config.NUMBERS} | {"residual_w", "load_w"}
    words = [
        word
        for word in CODE.findall(text_of("docs/safety.md"))
        if re.fullmatch(r"[a-z]+(_\w+)*_(pu|s|w|hz|rad)", word)
    ]
    assert len(words) > 10
    assert set(words) - known == set()


def test_examples_of_messages_are_taken() -> None:
    """The aggregator's own models read the messages of docs/protocol.md."""
    found = EXAMPLE.findall(text_of("docs/protocol.md"))
    for kind, text in zip(KINDS, found, strict=False):
        key, message = parse(f"islet/f1/b001/up/{kind}", text.encode())
        assert key == ("f1", "b001")
        assert type(message).__name__.lower() == kind


def test_example_of_a_command_is_taken() -> None:
    """Header and payload of docs/protocol.md, signed by PyJWT, pass the firmware's gate."""

    class Nothing:
        def load(self, name: str) -> bytes:
            raise OSError(2)

        def save(self, name: str, data: bytes) -> None:
            pass

    header, payload, order, outage = map(
        json.loads, EXAMPLE.findall(text_of("docs/protocol.md"))[len(KINDS) :]
    )
    token = jwt.encode(payload, bytes(32), algorithm="HS256", headers={"typ": None, **header})
    command = Gate(bytes(32), "b001", Nothing()).accept(token.encode(), payload["nbf"])
    assert command.value == payload["val"]
    payload = {**payload, "kind": "device", "val": order}
    token = jwt.encode(payload, bytes(32), algorithm="HS256", headers={"typ": None, **header})
    gate = Gate(bytes(32), "b001", Nothing(), lambda name, do: (name, do) == ("wallbox", "current_a"))
    assert gate.accept(token.encode(), payload["nbf"]).value == order
    payload = {**payload, "kind": "island", "val": outage}
    token = jwt.encode(payload, bytes(32), algorithm="HS256", headers={"typ": None, **header})
    assert Gate(bytes(32), "b001", Nothing()).accept(token.encode(), payload["nbf"]).value == outage


def test_answers_states_qualities_are_all_told() -> None:
    """Every word that may come over the wire is in the document that explains it."""
    for document, words in (
        ("docs/protocol.md", names.ANSWERS),
        ("docs/units.md", (*names.STATE_NAMES, *names.QUALITY_NAMES, *names.GROUP_NAMES)),
        ("docs/islanding.md", names.STATE_NAMES),
    ):
        told = set(CODE.findall(text_of(document)))
        assert set(words) - told == set(), document


def test_reasons_of_transitions_are_told() -> None:
    """Reasons that the island machine's rules give stand in docs/islanding.md."""
    assert len(RULES) == len(names.STATE_NAMES)
    rules = ("transitions", "islanded", "interlock", "planned", "sync_check")
    source = "".join(text_of(f"firmware/islet/control/{name}.py") for name in rules)
    given = {getattr(names, word) for word in re.findall(r"\bR_[A-Z_]+\b", source)} - {names.R_NONE}
    assert given - set(CODE.findall(text_of("docs/islanding.md"))) == set()


def test_frames_are_described_as_they_are() -> None:
    """Format and size of both simulator frames."""
    text = text_of("docs/protocol.md")
    for frame in (frames.HEAD, frames.TAIL):
        assert f"`{frame.format}`, {frame.size} bytes" in text


def test_options_and_benchmarks_of_the_readme_exist() -> None:
    """Each option named is one of the demo's, each benchmark is listed."""
    text = text_of("README.md")
    assert isinstance(main, Group)
    known = {name for option in main.commands["demo"].params for name in option.opts}
    section = text.partition("## Options of the demo")[2].partition("\n## ")[0]
    named = set(re.findall(r"--[a-z][a-z-]+", section)) - {"--help"}
    assert len(named) > 8
    assert named - known == set()
    assert set(bench.names()) - set(CODE.findall(text)) == set()


def test_example_of_the_devices_is_taken() -> None:
    """The firmware reads the devices of docs/settings.md, and every key that it knows is told there."""
    text = text_of("docs/settings.md")
    (example,) = EXAMPLE.findall(text)
    found = devices.load(example.encode())
    assert {line.kind for line in found.lines} == {devices.TCP, devices.RTU}
    told = set(CODE.findall(text))
    numbers = (*devices.TCP_NUMBERS, *devices.RTU_NUMBERS, *devices.DEVICE_NUMBERS)
    assert {row[0] for row in numbers} - told == set()
    assert set(roles.names()) - told == set()


def test_drivers_of_the_examples_exist(tmp_path: Path) -> None:
    """Every file of devices that the documents show passes `islet devices`."""
    examples = [*EXAMPLE.findall(text_of("docs/settings.md")), *EXAMPLE.findall(text_of("docs/devices.md"))]
    assert len(examples) == 2
    for text in examples:
        (tmp_path / "devices.json").write_text(text)
        assert len(provision.read(tmp_path / "devices.json").devices) == 4
