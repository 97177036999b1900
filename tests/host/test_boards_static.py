"""Boards whose chip no emulator runs: their code compiles for it, types fit, every name of the chip is in a stub."""

import configparser
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from board_rules import ALL
from board_stubs import ADDED, BORROWED, ROOT, STUB_OF, STUBS, arch, frozen, has, modules_of, unknown, used

RISC_V = "rv32imc"  # of the ESP32-C3: no board yet, the code is to be ready for it
ARCHS = sorted({arch(board) for board in ALL} | {RISC_V})
NATIVE = ("kernels_viper", "ads131m04_viper")
GROUPS = (  # boards with the same stubs
    ("pico",),
    ("pico_w", "w5500_evb_pico"),
    ("pico2_w",),
    ("esp32_devkit", "esp32_ethernet", "esp32_atm90e32"),
    ("esp32_s3",),
)
needs_stubs = pytest.mark.skipif(
    not STUBS.exists() and os.environ.get("CI") != "true", reason="no build/typings-boards: run `make setup`"
)


def files_for(machine: str) -> list[Path]:
    """Return all that is frozen into boards of that instruction set."""
    boards = [
        board for board in ALL if arch(board) == machine or (machine == RISC_V and board.startswith("esp32"))
    ]
    return sorted({path for board in boards for path in frozen(board)})


@pytest.mark.needs("mpy-cross")
@pytest.mark.parametrize("machine", ARCHS)
def test_what_is_frozen_compiles(machine: str, program: Callable[[str], str], tmp_path: Path) -> None:
    """Every file of every manifest, machine code of the kernels too, by the compiler that freezes it."""
    broken = []
    for path in files_for(machine):
        target = tmp_path / "module.mpy"
        command = [program("mpy-cross"), "-march=" + machine, "-O3", "-o", str(target), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or target.read_bytes()[:1] != b"M":
            broken.append(f"{path}: {done.stderr}")
    assert not broken, "\n".join(broken)


@pytest.mark.needs("mpy-cross")
@pytest.mark.parametrize("machine", ARCHS)
def test_kernels_become_machine_code(machine: str, program: Callable[[str], str], tmp_path: Path) -> None:
    """The header of an .mpy says which machine its code is for (bits 2 to 5 of byte 2); bytecode says none."""
    for name in NATIVE:
        target = tmp_path / f"{name}.mpy"
        source = ROOT / "boards" / "hal" / f"{name}.py"
        subprocess.run(
            [program("mpy-cross"), "-march=" + machine, "-o", str(target), str(source)], check=True
        )
        assert target.read_bytes()[2] >> 2 & 0xF, name


@pytest.mark.needs("mpy-cross")
def test_what_does_not_compile_is_found(program: Callable[[str], str], tmp_path: Path) -> None:
    """mpy-cross refuses viper code that its machine cannot do."""
    source = tmp_path / "x.py"
    source.write_text("@micropython.viper\ndef f(x: float) -> int:\n    return x\n")
    command = [program("mpy-cross"), "-march=armv6m", "-o", str(tmp_path / "x.mpy"), str(source)]
    assert subprocess.run(command, capture_output=True, check=False).returncode


@pytest.mark.parametrize("board", ALL)
def test_manifest_freezes_all_that_the_board_imports(board: str) -> None:
    """Nothing is missing at run time, nothing of another chip is in the image."""
    files = frozen(board)
    assert set(modules_of(board)) <= set(files)
    names = {path.stem for path in files}
    assert {"boot", "main", "board", "app", "node", "simple"} <= names
    other = "esp32" if arch(board).startswith("arm") else "rp2"
    assert not [name for name in names if name.startswith((other, "sim_")) or name == "sim"]


def test_a_manifest_that_names_a_missing_file_fails(tmp_path: Path) -> None:
    """As MicroPython's own tool does."""
    from board_stubs import Manifest

    (tmp_path / "manifest.py").write_text('module("nothing.py")\n')
    with pytest.raises(AssertionError, match=r"nothing\.py"):
        Manifest().run(tmp_path / "manifest.py")


@needs_stubs
@pytest.mark.parametrize("board", ALL)
def test_names_of_the_chip_exist(board: str) -> None:
    """What board.py and its part of hal take from machine, network, rp2, esp32 and so on is in the board's stub."""
    wrong = []
    for path in modules_of(board):
        wrong += unknown(board, path.read_text(), path.relative_to(ROOT).as_posix())
    assert not wrong, "\n".join(wrong)


@needs_stubs
@pytest.mark.parametrize(
    ("board", "source", "found"),
    [
        ("pico_w", "from machine import Pin, Warp\nPin(1)", ["machine.Warp"]),
        ("pico_w", "import machine as m\nm.Pin.IN\nm.Pin.SIDEWAYS", ["machine.Pin.SIDEWAYS"]),
        ("pico_w", "def f():\n    import network\n    return network.LORA(1)", ["network.LORA"]),
        ("pico_w", "import esp32", ["esp32"]),
        ("esp32_devkit", "import rp2\nrp2.DMA()", ["rp2", "rp2.DMA"]),
        ("esp32_devkit", "from machine import mem32, ADCBlock\nfrom esp32 import NVS, Nvs", ["esp32.Nvs"]),
        ("pico", "from network import PPP, WLAN\nWLAN.IF_STA", ["network.WLAN", "network.WLAN.IF_STA"]),
        ("w5500_evb_pico", "from network import WIZNET5K, WIZNET6K", ["network.WIZNET6K"]),
        ("pico2_w", "from rp2 import DMA, StateMachine, Dma", ["rp2.Dma"]),
        ("pico_w", "from machine import WDT\nWDT(timeout=1).feed()", []),
    ],
)
def test_a_made_up_name_is_found(board: str, source: str, found: list[str]) -> None:
    """One name that the chip has not, whatever way it is written."""
    assert [line.split()[1] for line in unknown(board, source, "x.py")] == found


@needs_stubs
def test_what_is_added_to_a_stub_is_still_missing_from_it() -> None:
    """An addition goes when the stub has it; a borrowed module too."""
    for board, names in ADDED.items():
        for name in names:
            stub = (STUBS / STUB_OF[board] / f"{name.split('.')[0]}.pyi").read_text()
            assert f"class {name.split('.')[1]}" not in stub
    for board, modules in BORROWED.items():
        assert not [name for name in modules if (STUBS / STUB_OF[board] / f"{name}.pyi").exists()]
        text = "".join(path.read_text() for path in (ROOT / "boards" / "rp2_build").glob("ppp.*"))
        assert "MICROPY_PY_LWIP" in text  # the image of the plain Pico has them all the same
        assert "MICROPY_PY_NETWORK_PPP_LWIP" in text


def test_the_walk_sees_what_is_used() -> None:
    """Names by module, class and alias, with their lines."""
    source = "import machine\nfrom network import WLAN as W\nW(W.IF_STA)\nmachine.Pin(1).value()\n"
    assert used(source) == {
        ("machine", 1),
        ("network.WLAN", 2),
        ("network.WLAN.IF_STA", 3),
        ("machine.Pin", 4),
    }


def mypy(board: str, files: list[Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """Check files against one board's stubs alone."""
    typings = ROOT / "build" / "typings"
    common = folder / "common"  # of the general stubs, only what the boards' refer to
    common.mkdir()
    borrowed = {
        f"{name}.pyi": STUBS / other / f"{name}.pyi" for name, other in BORROWED.get(board, {}).items()
    }
    for name, place in {"_mpy_shed": typings / "_mpy_shed", **borrowed}.items():
        (common / name).symlink_to(place)
    config = configparser.ConfigParser()
    config.read(ROOT / "firmware.mypy.ini")
    paths = [STUBS / STUB_OF[board], common, ROOT / "firmware", ROOT / "boards"]
    config["mypy"]["mypy_path"] = ":".join(map(str, paths))
    config["mypy"]["custom_typeshed_dir"] = str(typings)
    config["mypy"].pop("files")
    config["mypy-board"] = {"ignore_missing_imports": "true"}
    for name in ("mypy-umqtt", "mypy-umqtt.*"):  # ours is frozen, not the image's
        config[name] = {
            "follow_imports": "skip",
            "follow_imports_for_stubs": "true",
            "ignore_missing_imports": "true",
        }
    config["mypy-network"] = {"ignore_errors": "true"}  # the stubs repeat themselves
    with (folder / "mypy.ini").open("w") as file:
        config.write(file)
    cache = ROOT / "build" / "mypy-boards" / board
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(folder / "mypy.ini"),
        "--cache-dir",
        str(cache),
    ]
    return subprocess.run([*command, *map(str, files)], cwd=ROOT, capture_output=True, text=True, check=False)


@needs_stubs
@pytest.mark.parametrize("boards", GROUPS, ids="-".join)
def test_types_fit_the_boards_own_stubs(boards: tuple[str, ...], tmp_path: Path) -> None:
    """mypy over board.py and its part of hal, with the stubs of that board's image alone."""
    assert len({STUB_OF[board] for board in boards}) == 1
    files = sorted({path for board in boards for path in modules_of(board)})
    done = mypy(boards[0], files, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_stubs
def test_a_wrong_type_is_found(tmp_path: Path) -> None:
    """A call that the stub does not permit."""
    file = tmp_path / "x.py"
    file.write_text("from machine import WDT\n\n\ndef f() -> None:\n    WDT(seconds=8)\n")
    done = mypy("pico_w", [file], tmp_path)
    assert done.returncode == 1
    assert "No overload variant" in done.stdout or "Unexpected keyword" in done.stdout


@needs_stubs
def test_stubs_are_those_of_the_lock() -> None:
    """What is checked against is what requirements-boards.lock pins."""
    lock = (ROOT / "requirements-boards.lock").read_text()
    for stub in set(STUB_OF.values()):
        found = [path.name.split("-")[1].removesuffix(".dist") for path in (STUBS / stub).glob("*.dist-info")]
        assert len(found) == 1
        assert f"{stub.replace('_', '-')}=={found[0]} " in lock
        assert has(next(board for board in ALL if STUB_OF[board] == stub), "machine.Pin")


@needs_stubs
@pytest.mark.parametrize("board", ["pico_w", "esp32_devkit"])
def test_what_the_tools_send_fits_the_boards_stubs(board: str, tmp_path: Path) -> None:
    """host_tools/board/on_board; format.py is for RP2 chips alone."""
    files = sorted((ROOT / "host_tools/board/on_board").glob("*.py"))
    done = mypy(board, [f for f in files if board == "pico_w" or f.name != "format.py"], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
