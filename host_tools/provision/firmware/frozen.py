"""What a board freezes, by MicroPython's own reading of its manifest, and how it is given to its compiler."""

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from host_tools.errors import InputError
from host_tools.provision.firmware.boardfile import ROOT, Board
from host_tools.provision.firmware.fold import fold

FOLDED = ("firmware", "boards")  # whose constants are put in place of their names


@dataclass(frozen=True)
class Entry:
    """A frozen file: its name on the board, where it is, the compiler's level of optimisation."""

    name: str
    path: Path
    opt: int

    @property
    def module(self) -> str:
        """The dotted name it is imported by."""
        return self.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def entries(board: Board, tree: Path) -> list[Entry]:
    """Return everything frozen, in the manifest's order; InputError says what is wrong in it."""
    if not board.manifest.exists():
        raise InputError(f"boards/{board.name} has no manifest.py; it lists what is frozen into the image.")
    reader = _reader(tree)
    places = {
        "MPY_DIR": str(tree),
        "MPY_LIB_DIR": str(tree / "lib" / "micropython-lib"),
        "PORT_DIR": str(tree / "ports" / board.firmware.port),
        "BOARD_DIR": str(board.folder),
    }
    manifest = reader.ManifestFile(reader.MODE_FREEZE, places)
    try:
        manifest.execute(str(board.manifest))
    except reader.ManifestFileError as error:
        raise InputError(f"boards/{board.name}/manifest.py: {error}.") from error
    found = [Entry(file.target_path, Path(file.full_path), file.opt or 0) for file in manifest.files()]
    missing = sorted(set(board.firmware.native) - {entry.name for entry in found})
    if missing:
        raise InputError(
            f"boards/{board.name}/firmware.toml: native names {missing[0]}, which is not frozen."
        )
    return found


def _reader(tree: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("manifestfile", tree / "tools" / "manifestfile.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # the tree stays as it was unpacked
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = kept
    return module


def lay_out(found: list[Entry], folder: Path, names: bool = False) -> Path:
    """Write what is compiled into `folder`, constants put in place; return a manifest of exactly this.

    With `names`, public constants can still be imported.
    """
    ours = [entry for entry in found if _is_ours(entry.path)]
    texts = {entry.module: entry.path.read_text(encoding="utf-8") for entry in ours}
    folded = fold(texts, kept=texts if names else ())
    lines = []
    for entry in found:
        base = str(entry.path).removesuffix(entry.name)
        if entry in ours:
            place = folder / entry.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(folded[entry.module], encoding="utf-8")
            base = str(folder)
        lines.append(f"freeze({base!r}, {entry.name!r}, opt={entry.opt})")
    manifest = folder.with_suffix(".manifest.py")
    manifest.write_text("\n".join([*lines, ""]))
    return manifest


def _is_ours(path: Path) -> bool:
    return any(path.is_relative_to(ROOT / folder) for folder in FOLDED)


def compiler(mpy_cross: Path, native: list[str], lines: bool) -> str:
    """Return a shell script that is mpy-cross for the build: these modules as machine code, line numbers or not."""
    script = ["#!/bin/sh", "# mpy-cross as this board has it"]
    if lines:  # -O3 leaves them out, and nothing else more than -O2
        script += ['for word; do shift; [ "$word" = -O3 ] && word=-O2; set -- "$@" "$word"; done']
    if native:
        script += [f'case "$2" in {"|".join(sorted(native))}) set -- -X emit=native "$@";; esac']
    script += [f'exec "{mpy_cross}" "$@"', ""]
    return "\n".join(script)
