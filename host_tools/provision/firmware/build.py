"""Build a board's image once for each content: the hash of all that goes into it names the file."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from host_tools.provision.firmware import boardfile, definition, esp32, frozen, rp2, sources, tools
from host_tools.provision.firmware.boardfile import Board
from host_tools.provision.firmware.sources import Tree
from host_tools.provision.firmware.steps import Steps

BUILD = boardfile.ROOT / "build" / "firmware"
RECIPE = (
    "build.py",
    "definition.py",
    "esp32.py",
    "frozen.py",
    "rp2.py",
    "fold.py",
    "constants.py",
    "rom.py",
    "rom_bodies.py",
    "rom_text.py",
    "rom_values.py",
    "rom_words.py",
)  # what changes the image when it changes
KEY_DIGITS = 12  # hexadecimal
KEPT_IMAGES, KEPT_WORK = 6, 2  # of one name; older ones are removed
FROZEN = "frozen"  # folder in the work folder
Parts = dict[str, bytes | str]


@dataclass(frozen=True)
class Image:
    """A board's image: its file, the ELF file beside it, and whether it was built just now."""

    board: Board
    path: Path
    elf: Path
    built: bool


@dataclass(frozen=True)
class Ways:
    """How an image differs from the one for use: with line numbers, with the names of public constants."""

    lines: bool = False
    names: bool = False

    def label(self, name: str) -> str:
        """Return the image's name, so that no image for tests stands where the one for use is looked for."""
        return name + ("-lines" if self.lines else "") + ("-names" if self.names else "")


def key(parts: Parts) -> str:
    """Return the digits that name this content, in whatever order it is given."""
    digest = hashlib.sha256()
    for name in sorted(parts):
        part = parts[name]
        content = part.encode() if isinstance(part, str) else part
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:KEY_DIGITS]


def build(name: str, folder: Path, say: Callable[[str], None], ways: Ways | None = None) -> Image:
    """Return a board's image in `folder`, built unless one of the same content is there."""
    board, ways = boardfile.load(name), ways or Ways()
    steps = Steps(folder / f"{name}.log", say)
    with exclusive(folder / "lock"):
        _need(board)
        tree = sources.find(folder, steps)
        definition.need(board, tree)
        machine = _machine_parts(board, tree)
        files = frozen.entries(board, tree.path)
        whole = machine | {f"frozen/{file.name}": file.path.read_bytes() for file in files}
        label = ways.label(name)
        stem = folder / f"{label}-{key({**whole, 'label': label})}"
        path, elf = stem.with_suffix(board.suffix), stem.with_suffix(".elf")
        built = not (path.exists() and elf.exists())
        if built:
            work = folder / "work" / f"{name}-{key(machine)}"
            _prepare(board, tree, work, files, ways, steps)
            _make(board, tree, work, stem, steps)
        _point(folder / f"{label}{board.suffix}", path)
        _point(folder / f"{label}.elf", elf)
        prune(folder, label, board)
    return Image(board, path, elf, built)


def _need(board: Board) -> None:
    """Raise InputError with what to install when something to build with is missing."""
    tools.need(tools.HOST)
    if board.firmware.port == "esp32":
        esp32.need(board)
    else:
        tools.need(tools.ARM)
        tools.need_libraries()


def _machine_parts(board: Board, tree: Tree) -> Parts:
    """Return what the compiled part of the image depends on."""
    here = Path(__file__).parent
    parts: Parts = {f"recipe/{name}": (here / name).read_bytes() for name in RECIPE}
    parts |= {
        f"board/{path.relative_to(boardfile.BOARDS)}": path.read_bytes() for path in definition.inputs()
    }
    return parts | {
        "toml": (board.folder / boardfile.FILE).read_bytes(),
        "tree": tree.identity,
        "date": definition.env(tree, tree.path)["SOURCE_DATE_EPOCH"],
        "tools": tools.fingerprint(board.firmware.chip) if board.firmware.port == "rp2" else esp32.identity(),
    }


def _prepare(
    board: Board, tree: Tree, work: Path, files: list[frozen.Entry], ways: Ways, steps: Steps
) -> None:
    """Lay out in `work` what is frozen and the compiler for it."""
    steps.say(f"building {board.name}; all that is printed goes to {steps.log}")
    wrapper = work / "mpy-cross"
    shutil.rmtree(work / FROZEN, ignore_errors=True)
    (work / FROZEN).mkdir(parents=True)
    wrapper.write_text(frozen.compiler(sources.mpy_cross(tree, steps), board.firmware.native, ways.lines))
    wrapper.chmod(0o755)
    with steps.step(f"putting constants in place in {len(files)} modules"):
        frozen.lay_out(files, work / FROZEN, ways.names)


def _make(board: Board, tree: Tree, work: Path, stem: Path, steps: Steps) -> None:
    """Run the port's build in `work`, which keeps what was compiled, and put the image in its place."""
    out, part = work / "out", stem.with_suffix(".part")
    env = {**definition.env(tree, work), "MICROPY_MPYCROSS": str(work / "mpy-cross")}
    manifest = work / f"{FROZEN}.manifest.py"
    rp2.forget_frozen(out)
    if board.firmware.port == "esp32":
        with steps.step("compiling with ESP-IDF; five to fifteen minutes the first time"):
            steps.run(esp32.command(board, tree, manifest, out), env=env)
        shutil.copyfile(out / "firmware.bin", part)
    else:
        rp2.configure(board, tree, work, manifest, env, steps)
        with steps.step("compiling; one to five minutes the first time, seconds after that"):
            rp2.keep_in_flash(out, env, steps)
            steps.run(["make", "-C", str(out), "-j", str(os.cpu_count() or 1)], env=env)
        rp2.pack(board, tree, out, part, steps)
    shutil.copyfile(
        out / (esp32.ELF if board.firmware.port == "esp32" else rp2.ELF), stem.with_suffix(".elf")
    )
    part.replace(stem.with_suffix(board.suffix))


def _point(link: Path, target: Path) -> None:
    """Make a link to a file beside it."""
    if not (link.is_symlink() and link.readlink() == Path(target.name)):
        link.unlink(missing_ok=True)
        link.symlink_to(target.name)


def prune(folder: Path, label: str, board: Board) -> None:
    """Remove all but the newest images of a name, and of a board's folders of compiled files."""
    digits = "[0-9a-f]" * KEY_DIGITS
    for suffix in (board.suffix, ".elf"):
        for old in _newest(folder.glob(f"{label}-{digits}{suffix}"))[KEPT_IMAGES:]:
            old.unlink()
    for old in _newest((folder / "work").glob(f"{board.name}-{digits}"))[KEPT_WORK:]:
        shutil.rmtree(old, ignore_errors=True)


def _newest(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait until no other build uses the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
