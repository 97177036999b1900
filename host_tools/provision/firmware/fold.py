"""Put constants in place of their names in what is frozen.

A name costs flash, RAM in every module that imports it, and a search at each use. What a board runs is
other text than the source, with the same meaning: `scale * CODE` becomes `scale * (16)`.
Lines stay where they were.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from host_tools.provision.firmware.constants import Module, Program, Unknown

Span = tuple[int, int, int, int]  # first line, column, last line, column, in UTF-8 bytes, as ast counts


@dataclass(frozen=True)
class Edit:
    """A piece of source to be replaced."""

    span: Span
    text: str


def fold(sources: dict[str, str], kept: Iterable[str] = ()) -> dict[str, str]:
    """Return the sources, by dotted module name, with constants in place of their names.

    Public names of modules in `kept` stay importable.
    """
    program = Program(sources)
    used = {name: _uses(program, module) for name, module in program.modules.items()}
    anywhere = set().union(*(left for _, left in used.values()))
    shared = {inner for module in program.modules.values() for _, inner in module.imported.values()}
    kept_modules = set(kept)
    result = {}
    for name, module in program.modules.items():
        edits, here = used[name]
        needed = here | {word for word in anywhere if word[:1] != "_" or word in shared}
        closed = [one for one in module.assigned if one[0] == "_" or name not in kept_modules]
        edits = edits + _definitions(program, module, [one for one in closed if one not in needed])
        result[name] = apply(sources[name], edits + _imports(program, module, needed))
    return result


def literal(value: object) -> str | None:
    """Return a value as source; None when MicroPython would not take it as one constant."""
    if isinstance(value, float):  # a minus is carried out at each use, and makes a new object
        return f"({value!r})" if 0.0 <= value < float("inf") and str(value)[0] != "-" else None
    if isinstance(value, (int, str, bytes)) or value is None:
        return f"({value!r})"
    return None


def _uses(program: Program, module: Module) -> tuple[list[Edit], set[str]]:
    """Return edits that replace uses by values, and the names that something else still needs."""
    edits, left = [], set()
    quoted = {
        id(node)
        for part in ast.walk(module.tree)
        if isinstance(part, ast.JoinedStr)
        for node in ast.walk(part)
    }
    inside: set[int] = set()
    for node in ast.walk(module.tree):
        if (
            not isinstance(node, (ast.Name, ast.Attribute))
            or id(node) in inside
            or not isinstance(node.ctx, ast.Load)
        ):
            continue
        text = None if id(node) in quoted else _text(program, module, node)
        if text is not None:
            edits.append(Edit(_span(node), text))
            inside |= {id(child) for child in ast.walk(node)}
        elif isinstance(node, ast.Attribute):
            left.add(node.attr)
        else:
            left.add(node.id)
            left.add(module.imported.get(node.id, ("", node.id))[1])
    return edits, left


def _text(program: Program, module: Module, node: ast.expr) -> str | None:
    try:
        return literal(program.value(module, node))
    except Unknown:
        return None


def _definitions(program: Program, module: Module, names: list[str]) -> list[Edit]:
    """Return edits that drop definitions which nothing needs any more."""
    dropped = [module.assigned[name] for name in names]
    return [
        Edit(_span(one), "pass")
        for one in dropped
        if one.value and _text(program, module, one.value) is not None
    ]


def _imports(program: Program, module: Module, left: set[str]) -> list[Edit]:
    """Return edits that import no names whose values stand in their place."""
    edits = []
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ImportFrom) or not _is_ours(program, node):
            continue
        needed = [alias for alias in node.names if _needed(program, module, alias, left)]
        if len(needed) < len(node.names):
            words = [alias.name + (f" as {alias.asname}" if alias.asname else "") for alias in needed]
            edits.append(
                Edit(_span(node), f"from {node.module} import {', '.join(words)}" if words else "pass")
            )
    return edits


def _is_ours(program: Program, node: ast.ImportFrom) -> bool:
    inner = (f"{node.module}.{alias.name}" for alias in node.names)
    return node.module in program.modules or any(name in program.modules for name in inner)


def _needed(program: Program, module: Module, alias: ast.alias, left: set[str]) -> bool:
    """Return whether an imported name is still used; imports of modules for their own sake stay."""
    name = alias.asname or alias.name
    if name in left:
        return True
    if not module.imported[name][1]:  # a module: every use was of a constant in it
        return not any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(module.tree))
    return _text(program, module, ast.Name(name, ast.Load())) is None


def _span(node: ast.expr | ast.stmt) -> Span:
    return (node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or 0)


def apply(source: str, edits: list[Edit]) -> str:
    """Return the source with the edits done; one that lies within another is left out, and no line moves."""
    lines = source.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    pieces, at, text = [], 0, b"".join(lines)
    for edit in sorted(edits, key=lambda one: (one.span[:2], (-one.span[2], -one.span[3]))):
        first_line, first, last_line, after = edit.span
        begin, end = starts[first_line - 1] + first, starts[last_line - 1] + after
        if begin >= at:
            pieces += [text[at:begin], edit.text.encode(), b"\n" * (last_line - first_line)]
            at = end
    return b"".join([*pieces, text[at:]]).decode()
