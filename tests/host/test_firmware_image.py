"""`islet firmware`: what names an image, what it needs, and what it says when that is missing."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from host_tools.errors import InputError, RunError
from host_tools.provision.firmware import boardfile, build, esp32, frozen, lock, renew, rp2, sources, tools
from host_tools.provision.firmware.sources import Tree
from host_tools.provision.firmware.steps import Steps

GOOD = """
port = "rp2"
chip = "rp2040"
upstream = "RPI_PICO"
[flash]
bytes = 0x200000
filesystem_offset = 0x12C000
filesystem_bytes = 0xD4000
"""


def board(folder: Path, text: str, name: str = "x") -> boardfile.Board:
    """Load a board whose firmware.toml has this text."""
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "firmware.toml").write_text(text)
    return boardfile.load(name, folder)


def test_every_board_has_a_file_that_holds() -> None:
    found = {name: boardfile.load(name).firmware for name in boardfile.names()}
    assert set(found) >= {
        "rp2040_emulated",
        "pico",
        "pico_w",
        "pico2_w",
        "w5500_evb_pico",
        "esp32_devkit",
        "esp32_s3",
    }
    for name, firmware in found.items():
        assert (boardfile.BOARDS / name / "manifest.py").exists(), name
        assert firmware.flash.filesystem_offset >= 0x12C000, name  # what an image with everything needs


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("rp2040", "rp2041", "chip: String should match"),
        ('port = "rp2"', 'port = "esp32"', "port esp32 does not run on the chip rp2040"),
        ("0xD4000", "0xD3000", "the file system ends where the flash ends"),
        ("0xD4000", "0xD5000", "must end within the flash"),
        ("0x12C000", "0x12C001", "must be multiples of 4096"),
        ("[flash]", 'needs = ["wifi"]\n[flash]', "needs must be of cyw43-driver, wiznet5k, not wifi"),
        ("[flash]", 'colour = "red"\n[flash]', "colour: Extra inputs are not permitted"),
        ("port =", "port", "is not TOML"),
    ],
)
def test_what_is_wrong_in_a_boards_file_is_a_sentence(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert board(tmp_path, GOOD).suffix == ".uf2"
    with pytest.raises(InputError, match=r"boards/x/firmware\.toml") as caught:
        board(tmp_path, GOOD.replace(old, new, 1))
    assert words in str(caught.value)


def test_an_unknown_board_names_the_others(tmp_path: Path) -> None:
    board(tmp_path, GOOD, "known")
    with pytest.raises(InputError, match=r"'other'.*known"):
        boardfile.load("other", tmp_path)


def test_the_key_knows_names_and_contents_apart() -> None:
    parts: build.Parts = {"a": "xy", "b": b"z"}
    assert build.key(parts) == build.key(dict(reversed(parts.items())))
    others: list[build.Parts] = [
        {"a": "x", "b": "yz"},
        {"a": "xy", "c": "z"},
        {"a": "xy"},
        {"a": "xy", "b": "Z"},
    ]
    assert len({build.key(one) for one in [parts, *others]}) == 5


def test_an_image_for_tests_has_another_name() -> None:
    ways = [build.Ways(lines, names) for lines in (False, True) for names in (False, True)]
    assert [one.label("pico") for one in ways] == ["pico", "pico-names", "pico-lines", "pico-lines-names"]


def test_old_images_are_removed_and_new_ones_stay(tmp_path: Path) -> None:
    one = board(tmp_path, GOOD)
    names = [f"x-{number:012x}" for number in range(build.KEPT_IMAGES + 2)]
    for age, name in enumerate(names):
        for path in (tmp_path / f"{name}.uf2", tmp_path / f"{name}.elf"):
            path.touch()
            os.utime(path, (1e9 - age, 1e9 - age))
    others = [tmp_path / "x-names-000000000000.uf2", tmp_path / "x.uf2", tmp_path / "xy-000000000000.uf2"]
    for path in others:
        path.touch()
    build.prune(tmp_path, "x", one)
    assert all(path.exists() for path in others)
    assert [(tmp_path / f"{name}.uf2").exists() for name in names] == [True] * build.KEPT_IMAGES + [False] * 2
    assert [(tmp_path / f"{name}.elf").exists() for name in names] == [True] * build.KEPT_IMAGES + [False] * 2


def test_the_lock_is_read_and_written_back(tmp_path: Path) -> None:
    copy = tmp_path / "sources.lock"
    shutil.copy(lock.LOCK, copy)
    found = lock.read(copy)
    assert [source.package for source in found] == list(lock.PACKAGES)
    assert found[0].name.endswith(".orig.tar.xz")
    lock.write(found, copy)
    assert copy.read_text() == lock.LOCK.read_text()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("sha256:", "md5:", "line 3: expected"),
        ("micropython==", "micropython=", "line 3: expected"),
        ("lwip==", "lwap==", "one line for each of"),
    ],
)
def test_a_lock_that_is_wrong_is_a_sentence(tmp_path: Path, old: str, new: str, words: str) -> None:
    copy = tmp_path / "sources.lock"
    copy.write_text(
        lock.LOCK.read_text().replace(f"\n{old}" if "==" in old else old, f"\n{new}" if "==" in old else new)
    )
    text = copy.read_text().splitlines()
    copy.write_text("\n".join(line if not line.startswith("#") else "#" for line in text))
    with pytest.raises(InputError, match=words):
        lock.read(copy)


def test_what_apt_prints_becomes_a_lock() -> None:
    """Lines as `apt-get source --print-uris` and `apt-get download --print-uris` of apt 2.6 print them."""
    digest = "0" * 64

    def line(place: str, name: str) -> str:
        uri = f"http://deb.debian.org/debian/pool/main/{place}/{name.replace('+', '%2b')}"
        return f"'{uri}' {name} 9 SHA256:{digest}\n"

    said = ""
    for package in renew.FROM_SOURCE:
        for name in ("1+ds-1.dsc", "1+ds.orig.tar.xz", "1+ds-1.debian.tar.xz"):
            said += line(f"{package[0]}/{package}", f"{package}_{name}")
    said += line("p/pico-sdk", "pico-sdk-source_2-1_all.deb") + line(
        "t/tinyusb", "tinyusb-source_2-1_all.deb"
    )
    found = renew.parse(said)
    assert found[0] == lock.Source(
        "micropython", "1+ds-1", "pool/main/m/micropython/micropython_1+ds.orig.tar.xz", digest
    )
    assert (found[3].version, found[3].name) == ("2-1", "pico-sdk-source_2-1_all.deb")
    with pytest.raises(InputError, match="has no tinyusb-source"):
        renew.parse(said.replace("tinyusb-source", "other"))


def test_missing_programs_are_one_line_to_type() -> None:
    with pytest.raises(InputError, match=r"needs cmake, g\+\+; install with 'sudo apt install cmake g\+\+'"):
        tools.need(tools.ARM, lambda program: None if program in {"cmake", "g++"} else "/usr/bin/" + program)
    with pytest.raises(InputError, match="apt install libnewlib-arm-none-eabi"):
        tools.need_libraries(lambda header: header == "cstdlib")
    tools.need(tools.ARM, lambda program: "/usr/bin/" + program)
    tools.need_libraries(lambda header: True)


def test_an_esp32_names_what_no_package_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MICROPYTHON_SRC", raising=False)
    monkeypatch.setenv("IDF_PATH", "/opt/esp-idf")
    with pytest.raises(InputError, match="set MICROPYTHON_SRC;"):
        esp32.need(boardfile.load("esp32_devkit"))


def test_a_radio_needs_its_driver(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"pico_w needs cyw43-driver .*MICROPYTHON_SRC"):
        build.definition.need(boardfile.load("pico_w"), Tree(tmp_path, "v1", ""))


def test_a_checkout_that_is_none_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROPYTHON_SRC", str(tmp_path))
    with pytest.raises(InputError, match="is no MicroPython source tree"):
        sources.find(tmp_path, Steps(tmp_path / "log", print))


def test_a_file_that_was_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = tmp_path / "pool" / "main"
    pool.mkdir(parents=True)
    (pool / "a.tar").write_bytes(b"other")
    helper = tmp_path / "helper"  # apt's own takes file: too, but not everywhere
    helper.write_text(
        '#!/bin/sh\ncp "${2#file://}" "$3" 2>/dev/null || { echo "E: 404 Not Found" >&2; exit 100; }\n'
    )
    helper.chmod(0o755)
    monkeypatch.setattr(sources, "HELPER", str(helper))
    base = f"file://{tmp_path}"
    wrong = lock.Source("a", "1", "pool/main/a.tar", "0" * 64)
    with pytest.raises(InputError, match="refusing it"):
        sources.fetch(wrong, tmp_path / "download", base)
    right = lock.Source("a", "1", "pool/main/a.tar", sources.sha256(pool / "a.tar"))
    assert sources.fetch(right, tmp_path / "download", base).read_bytes() == b"other"
    gone = lock.Source("a", "2", "pool/main/b.tar", "0" * 64)
    with pytest.raises(InputError, match=r"another version of a than 2 .*--renew-sources"):
        sources.fetch(gone, tmp_path / "download", base)


def test_the_programs_words_are_quoted_when_it_fails(tmp_path: Path) -> None:
    said: list[str] = []
    steps = Steps(tmp_path / "log", said.append)
    with pytest.raises(RunError, match=r"sh failed \(exit code 3\); see .*log:\n(.*\n)*  no such board"):
        steps.run(["sh", "-c", "echo no such board; exit 3"])
    with steps.step("waiting"):
        pass
    assert said == ["[   0 s] waiting"]


def test_the_compiler_makes_named_modules_native(tmp_path: Path) -> None:
    echo = tmp_path / "echo.sh"
    echo.write_text('#!/bin/sh\necho "$@"\n')
    echo.chmod(0o755)
    script = tmp_path / "mpy-cross"
    script.write_text(frozen.compiler(echo, ["islet/a.py"], lines=True))
    script.chmod(0o755)

    def given(name: str) -> str:
        words = ["-s", name, "-o", "out", "-O3", "-march=armv6m", "in"]
        return subprocess.run([script, *words], capture_output=True, text=True, check=True).stdout

    assert given("islet/a.py") == "-X emit=native -s islet/a.py -o out -O2 -march=armv6m in\n"
    assert given("islet/b.py") == "-s islet/b.py -o out -O2 -march=armv6m in\n"


def test_an_image_never_reaches_into_the_file_system(tmp_path: Path) -> None:
    one = board(tmp_path, GOOD)
    (tmp_path / "firmware.bin").write_bytes(bytes(0x12C000 + 7))
    with pytest.raises(RunError, match="7 bytes too long: it would reach into the file system at 0x12c000"):
        rp2.pack(one, Tree(tmp_path, "", ""), tmp_path, tmp_path / "x.part", Steps(tmp_path / "log", print))


def test_a_tarball_is_laid_without_its_top_folder(tmp_path: Path) -> None:
    (tmp_path / "lwip-2.2.1" / "src").mkdir(parents=True)
    (tmp_path / "lwip-2.2.1" / "src" / "a.c").write_text("int a;\n")
    with tarfile.open(tmp_path / "lwip.tar.xz", "w:xz") as tar:
        tar.add(tmp_path / "lwip-2.2.1", "lwip-2.2.1")
    sources._untar(tmp_path / "lwip.tar.xz", tmp_path / "tree" / "lib" / "lwip")
    assert (tmp_path / "tree" / "lib" / "lwip" / "src" / "a.c").read_text() == "int a;\n"
