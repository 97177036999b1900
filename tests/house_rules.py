"""The house rules as functions from a file's place and source to what breaks them."""

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
Rule = Callable[[str, str], list[str]]

LAYERS = ("drivers", "measure", "state", "forecast", "plan", "control", "actuate", "sync")
STANDARD = {"array", "struct", "math", "json", "binascii", "hashlib", "errno", "micropython"}
CHIP = {
    "machine", "network", "rp2", "esp32", "asyncio", "time", "os", "vfs", "socket", "ssl", "tls", "select",
    "struct", "uctypes", "umqtt", "random",
}  # fmt: skip
FIRMWARE: dict[str, set[str]] = {
    "names": set(),
    "__init__": set(),
    "config": {"islet.names", "islet.base", *STANDARD},
    "devices": {"islet.config", "islet.drivers", *STANDARD},
    "hookup": {"islet.devices", "islet.drivers", "islet.state", "json"},
    "local": {"islet.drivers", "islet.names"},
    "base": {"islet.names", "islet.base", *STANDARD},
    "node": {"islet.names", "islet.base", "islet.config", *(f"islet.{layer}" for layer in LAYERS)},
    "site": {
        "islet.node",
        *(f"islet.{layer}" for layer in ("drivers", "measure", "sync")),
        "islet.config",
        "islet.devices",
        "islet.hookup",
        "islet.local",
        "islet.names",
        "islet.base",
        "json",
    },
    "app": {"islet.site", "islet.base", "asyncio", "gc"},
    **{layer: {"islet.names", "islet.base", f"islet.{layer}", *STANDARD} for layer in LAYERS},
}
OUTSIDE_ISLET = {"islet.app", "board", "gc", "sys"}  # main.py and boot.py
HAL = {"islet.base", "hal", "gc", *CHIP, *STANDARD}
BOARD = {"hal", "islet.base", "islet.drivers", "islet.measure"}
FILE_LINES, FUNCTION_LINES, LONG_LINES, LONG_SHARE = 250, 40, 25, 0.04
PREFIXED = re.compile(r"_(mw|kw|gw|mhz|khz|kva|mva|kvar|kv|mv|ma)$", re.IGNORECASE)
PURE = {"const", "micropython.const", "math.sqrt", "sqrt", "struct.calcsize", "range"}  # give constants
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")


def sources(*folders: str) -> list[Path]:
    """Return the Python files of the folders."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def relative(path: Path) -> str:
    """Return the path from the project's root, for messages and test names."""
    return path.relative_to(ROOT).as_posix()


def imports(tree: ast.AST, package: str = "") -> Iterator[tuple[str, int]]:
    """Yield (absolute module or module.name, line) of every import, those inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
            base = ".".join(filter(None, [parent if node.level else "", node.module or ""]))
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)


def permitted(place: str) -> set[str] | None:
    """Return what a file may import by the table of the design; None: CPython's rules."""
    parts = place.removesuffix(".py").split("/")
    if parts[0] == "firmware":
        return FIRMWARE.get(parts[2], set()) if parts[1] == "islet" else OUTSIDE_ISLET
    if place.startswith("host_tools/board/on_board/"):
        return {*HAL, "board", "islet", "sys"}
    if parts[0] == "boards" and parts[1] != "cpython" and "manifest" not in parts[-1]:
        return HAL if parts[1] == "hal" else BOARD
    return None


def declared() -> set[str]:
    """Return the modules host_tools may import: standard library, ours, dependencies, those to develop too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = project["dependencies"] + project["optional-dependencies"]["dev"]
    words = {re.split(r"[<>=~\[; ]", line)[0].lower().replace("-", "_") for line in listed}
    other = {"pyjwt": "jwt", "pyserial": "serial", "pysunspec2": "sunspec2"}
    renamed = {other.get(word, word) for word in words}
    return {*sys.stdlib_module_names, "islet", "hal", "boards", "board", "host_tools", *renamed}


def wrong_imports(place: str, source: str) -> list[str]:
    """Return the imports that the file's place does not permit."""
    package = ".".join(place.split("/")[1:-1]) if place.startswith("firmware/") else ""
    allowed, found = permitted(place), list(imports(ast.parse(source), package))
    if allowed is None:
        known = declared()
        return [f"{place}:{line} {name}" for name, line in found if name.split(".")[0] not in known]
    return [f"{place}:{line} {name}" for name, line in found if not _within(name, allowed)]


def _within(name: str, allowed: set[str]) -> bool:
    return any(name == one or name.startswith(one + ".") for one in allowed)


def wrong_sizes(place: str, source: str) -> list[str]:
    """Return the file if over FILE_LINES, and its functions over FUNCTION_LINES."""
    lines = len(source.splitlines())
    long_file = [f"{place}: {lines} lines"] if lines > FILE_LINES else []
    return long_file + [
        f"{place}:{line} {name} has {size} lines"
        for name, line, size in functions(source)
        if size > FUNCTION_LINES
    ]


def functions(source: str) -> list[tuple[str, int, int]]:
    """Return (name, line, lines) of every function."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]
    return [(node.name, node.lineno, (node.end_lineno or 0) - node.lineno + 1) for node in found]


def missing_docstrings(place: str, source: str) -> list[str]:
    """Return the module and its public classes, functions and methods that have no docstring."""
    tree = ast.parse(source)
    missing = [] if ast.get_docstring(tree) else [f"{place}: module"]
    scopes: list[ast.Module | ast.ClassDef] = [tree]
    while scopes:
        for node in scopes.pop().body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                if node.name.startswith("_"):
                    continue
                if not (ast.get_docstring(node) or _is_overload_of_property(node)):
                    missing.append(f"{place}:{node.lineno} {node.name}")
                if isinstance(node, ast.ClassDef):
                    scopes.append(node)
    return missing


def _is_overload_of_property(node: ast.AST) -> bool:
    marks = getattr(node, "decorator_list", [])
    return any(isinstance(mark, ast.Attribute) and mark.attr == "setter" for mark in marks)


def wrong_names(place: str, source: str) -> list[str]:
    """Return names with SI prefixes, chip modules named, the clock or the interpreter asked."""
    wrong = []
    for node in ast.walk(ast.parse(source)):
        name = next(
            (v for k in ("id", "attr", "arg", "name") if isinstance(v := getattr(node, k, None), str)), ""
        )
        whole = ast.unparse(node) if isinstance(node, ast.Attribute) else name
        if PREFIXED.search(name) or whole in {"machine", "network", "time.time", "sys.implementation"}:
            wrong.append(f"{place}:{getattr(node, 'lineno', 0)} {whole}")
    return wrong


def broad_handlers(place: str, source: str) -> list[str]:
    """Return handlers that catch everything; only app.py may."""
    handlers = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ExceptHandler)]
    return [f"{place}:{node.lineno} broad except" for node in handlers if _is_broad(node)]


def _is_broad(node: ast.ExceptHandler) -> bool:
    caught = re.findall(r"\w+", ast.unparse(node.type)) if node.type else ["BaseException"]
    return bool({"Exception", "BaseException"} & set(caught))


def module_state(place: str, source: str) -> list[str]:
    """Return statements at module or class level that do work or make what can change; and `global`."""
    tree = ast.parse(source)
    bodies = [tree.body, *(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
    wrong = [node for body in bodies for node in body if not _is_still(node)]
    wrong += [node for node in ast.walk(tree) if isinstance(node, ast.Global)]
    return [f"{place}:{node.lineno} {ast.unparse(node).splitlines()[0][:60]}" for node in wrong]


def _is_still(node: ast.stmt) -> bool:
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        return node.value is None or _is_constant(node.value)
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Pass)
    return isinstance(node, kinds)


def _is_constant(value: ast.expr) -> bool:
    moving = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)
    parts = list(ast.walk(value))
    calls = {ast.unparse(node.func) for node in parts if isinstance(node, ast.Call)}
    return calls <= PURE and not any(isinstance(node, moving) for node in parts)
