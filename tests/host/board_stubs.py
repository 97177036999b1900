"""A board's frozen files by its manifest, the names they use of the chip's modules, and the names its stub has."""

import ast
import os
from collections.abc import Iterator
from contextlib import chdir
from functools import cache
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
STUBS = ROOT / "build" / "typings-boards"
MODULES = ("machine", "network", "rp2", "esp32", "socket", "vfs", "uctypes")
PICO_W = "micropython_rp2_rpi_pico_w_stubs"
ESP32 = "micropython_esp32_esp32_generic_stubs"
STUB_OF = {
    "pico": "micropython_rp2_rpi_pico_stubs",
    "pico_w": PICO_W,
    "pico2_w": "micropython_rp2_rpi_pico2_w_stubs",
    "w5500_evb_pico": PICO_W,  # no stubs are made of its image
    "esp32_devkit": ESP32,
    "esp32_ethernet": ESP32,
    "esp32_atm90e32": ESP32,
    "esp32_s3": "micropython_esp32_esp32_generic_s3_stubs",
}
# Our image of the Pico has lwIP, as the Pico W's has it: these modules are as there, but for the radio.
BORROWED = {"pico": {"network": PICO_W, "socket": PICO_W}}
LACKING = {"pico": {"network.WLAN"}, "w5500_evb_pico": {"network.WLAN"}}
ADDED = {
    "w5500_evb_pico": {"network.WIZNET5K"}
}  # docs.micropython.org/en/v1.25.0/library/network.WIZNET5K.html
ARCH_OF = {"pico2_w": "armv7emsp", **dict.fromkeys(("pico", "pico_w", "w5500_evb_pico"), "armv6m")}
ESP32_ARCH = "xtensawin"


def arch(board: str) -> str:
    """Return what mpy-cross calls the board's instruction set."""
    return ARCH_OF.get(board, ESP32_ARCH)


class Manifest:
    """Evaluates a manifest as MicroPython's tools do, and keeps which of our files it freezes."""

    def __init__(self) -> None:
        self.files: list[Path] = []

    def run(self, path: Path, **options: object) -> None:
        """Evaluate one file, from its own folder."""
        given = SimpleNamespace(**options)
        given.defaults = lambda **kw: [setattr(given, k, v) for k, v in kw.items() if not hasattr(given, k)]
        known = {
            "options": given, "metadata": lambda **_: None, "include": self.include, "freeze": self.freeze,
            "package": self.package, "module": self.module, "require": lambda *_, **__: None,
        }  # fmt: skip
        with chdir(path.parent):
            exec(compile(path.read_text(), str(path), "exec"), known)

    def include(self, path: str, **options: object) -> None:
        """Evaluate another manifest; MicroPython's own are not looked at."""
        if not path.startswith("$("):
            place = Path(path).resolve()
            self.run(place / "manifest.py" if place.is_dir() else place, **options)

    def freeze(self, path: str, script: str | tuple[str, ...] = (), opt: int = 0) -> None:
        """Add files of a folder."""
        if not path.startswith("$("):
            self._add(Path(path), [script] if isinstance(script, str) else script)

    def package(self, name: str, files: tuple[str, ...] = (), base_path: str = ".", opt: int = 0) -> None:
        """Add files of a package, all when none is named."""
        folder = Path(base_path) / name
        named = files or [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.py"))]
        self._add(folder, named)

    def module(self, name: str, base_path: str = ".", opt: int = 0) -> None:
        """Add one file."""
        self._add(Path(base_path), [name])

    def _add(self, folder: Path, names: Iterator[str] | list[str] | tuple[str, ...]) -> None:
        for name in names:
            path = (folder / name).resolve()
            assert path.exists(), f"{os.getcwd()}: the manifest freezes {path}, which is not there"
            self.files.append(path)


@cache
def frozen(board: str) -> tuple[Path, ...]:
    """Return every file of ours that the board's manifest freezes."""
    manifest = Manifest()
    manifest.run(ROOT / "boards" / board / "manifest.py")
    return tuple(sorted(set(manifest.files)))


def modules_of(board: str) -> list[Path]:
    """Return board.py and the files of hal that it comes to import."""
    found: dict[Path, None] = {}
    waiting = [ROOT / "boards" / board / "board.py"]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found[path] = None
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "hal":
                names = [a.name for a in node.names] if node.module == "hal" else [node.module.split(".")[1]]
                waiting += [ROOT / "boards" / "hal" / f"{name}.py" for name in names]
    return sorted(found)


def used(source: str) -> set[tuple[str, int]]:
    """Return (module.name or module.Class.name, line) of what a source takes from the chip's modules."""
    tree = ast.parse(source)
    bound: dict[str, str] = {}
    found: set[tuple[str, int]] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            bound.update({a.asname or a.name: a.name for a in node.names if a.name in MODULES})
            found |= {(a.name, node.lineno) for a in node.names if a.name in MODULES}
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES and not node.level:
            bound.update({a.asname or a.name: f"{node.module}.{a.name}" for a in node.names})
            found |= {(f"{node.module}.{a.name}", node.lineno) for a in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            words = ast.unparse(node).split(".")
            if words[0] in bound and all(word.isidentifier() for word in words):
                found.add((".".join([bound[words[0]], *words[1:]]), node.lineno))
    return found


@cache
def _classes(stub: str, module: str) -> dict[str, set[str] | None] | None:
    """Return the names of a stub's module, with what is in them where they are classes; None: no such module."""
    place = STUBS / stub / f"{module}.pyi"
    place = place if place.exists() else STUBS / stub / module / "__init__.pyi"
    if not place.exists():
        return None
    names: dict[str, set[str] | None] = {}
    bases: dict[str, list[str]] = {}
    for node in ast.parse(place.read_text()).body:
        for name in _named(node):
            names[name] = set(names.get(name) or ()) if isinstance(node, ast.ClassDef) else None
        if isinstance(node, ast.ClassDef):
            names[node.name] = {name for inner in node.body for name in _named(inner)}
            bases[node.name] = [ast.unparse(base) for base in node.bases]
    for name, parents in bases.items():
        for parent in parents:
            names[name] = (names[name] or set()) | (names.get(parent) or set())
    return names


def _named(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.AnnAssign):
        return [ast.unparse(node.target)]
    if isinstance(node, ast.Assign):
        return [ast.unparse(target) for target in node.targets]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name for alias in node.names]
    return []


def has(board: str, name: str) -> bool:
    """Return whether the board's stub has module.name or module.Class.name."""
    module, *words = name.split(".")
    if any(name == lack or name.startswith(lack + ".") for lack in LACKING.get(board, ())):
        return False
    if name in ADDED.get(board, ()):
        return True
    names = _classes(BORROWED.get(board, {}).get(module, STUB_OF[board]), module)
    if names is None or not words:
        return names is not None
    if words[0] not in names:
        return False
    inside = names[words[0]]
    return inside is None or len(words) < 2 or words[1] in inside


def unknown(board: str, source: str, place: str) -> list[str]:
    """Return the names of a source that the board's stub has not."""
    return [f"{place}:{line} {name}" for name, line in sorted(used(source)) if not has(board, name)]
