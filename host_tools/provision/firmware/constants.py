"""Constants of the firmware's modules: names that are given one value at import and never another."""

import ast
import math
import operator
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

NAME = re.compile(r"_?[A-Z][A-Z0-9_]*\Z")
PLAIN = (int, float, str, bytes, bool, type(None))
_BINARY: dict[type, Callable[..., object]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.LShift: operator.lshift,
    ast.RShift: operator.rshift, ast.BitOr: operator.or_, ast.BitAnd: operator.and_, ast.BitXor: operator.xor,
}  # fmt: skip
_UNARY: dict[type, Callable[..., object]] = {
    ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert
}  # fmt: skip
_MATH = {"pi": math.pi, "sqrt": math.sqrt}


class Unknown(Exception):
    """The value is not known before the board runs."""


@dataclass
class Module:
    """A module: its tree, how often each name is bound in it, what its imports name, and what may be a constant."""

    name: str
    tree: ast.Module
    bound: Counter[str]
    imported: dict[str, tuple[str, str]]  # local name: (module, name in it; "" for the module itself)
    assigned: dict[str, ast.Assign | ast.AnnAssign] = field(default_factory=dict)


def bindings(tree: ast.AST) -> Iterator[str]:
    """Yield each name that is bound anywhere, once for each time."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.split(".")[0]
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            yield from node.names
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name


def read(name: str, source: str, known: set[str]) -> Module:
    """Return a module's constants to be, and its imports; `known` are the names of all modules of the firmware."""
    tree = ast.parse(source)
    module = Module(name, tree, Counter(bindings(tree)), {})
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                place = (inner, "") if inner in known else (node.module, alias.name)
                module.imported[alias.asname or alias.name] = place
        elif isinstance(node, ast.Import):
            module.imported |= {alias.asname or alias.name: (alias.name, "") for alias in node.names}
    for statement in tree.body:
        name_of = target(statement)
        if name_of is not None and module.bound[name_of] == 1:
            assert isinstance(statement, (ast.Assign, ast.AnnAssign))
            module.assigned[name_of] = statement
    return module


def target(statement: ast.stmt) -> str | None:
    """Return the name that a statement gives its value to, when it may be a constant's."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        name = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        name = statement.target
    else:
        return None
    return name.id if isinstance(name, ast.Name) and NAME.match(name.id) else None


class Program:
    """All modules of a firmware, and the values of their constants."""

    def __init__(self, sources: dict[str, str]) -> None:
        """Read the sources, by dotted module name."""
        self.modules = {name: read(name, source, set(sources)) for name, source in sources.items()}
        self._values: dict[tuple[str, str], object] = {}

    def value(self, module: Module, node: ast.expr) -> object:
        """Return the value of an expression in a module; raises Unknown."""
        if isinstance(node, ast.Constant) and isinstance(node.value, PLAIN):
            return node.value
        if isinstance(node, ast.Name):
            return self._named(module, node.id)
        if isinstance(node, ast.Attribute):
            return self._attribute(module, node)
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            return self._computed(_BINARY[type(node.op)], module, node.left, node.right)
        if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
            return self._computed(_UNARY[type(node.op)], module, node.operand)
        if isinstance(node, ast.Call) and not node.keywords:
            if isinstance(node.func, ast.Name) and node.func.id == "const" and len(node.args) == 1:
                return self.value(module, node.args[0])
            function = self.value(module, node.func)
            if callable(function):
                return self._computed(function, module, *node.args)
        raise Unknown

    def _computed(self, function: Callable[..., object], module: Module, *nodes: ast.expr) -> object:
        values = [self.value(module, node) for node in nodes]
        if not all(isinstance(value, (int, float)) for value in values):
            raise Unknown
        try:
            return function(*values)
        except (ArithmeticError, ValueError, TypeError) as error:
            raise Unknown from error

    def _named(self, module: Module, name: str) -> object:
        if module.bound[name] != 1:
            raise Unknown
        if name in module.imported:
            return self._of(*module.imported[name])
        return self._of(module.name, name)

    def _attribute(self, module: Module, node: ast.Attribute) -> object:
        if not isinstance(node.value, ast.Name) or module.bound[node.value.id] != 1:
            raise Unknown
        place, inner = module.imported.get(node.value.id, ("", ""))
        if not place or inner:
            raise Unknown
        return self._of(place, node.attr)

    def _of(self, place: str, name: str) -> object:
        if place == "math" and name in _MATH:
            return _MATH[name]
        module = self.modules.get(place)
        if module is None or name not in module.assigned:
            raise Unknown
        if (place, name) not in self._values:
            value = module.assigned[name].value
            assert value is not None
            self._values[place, name] = self.value(module, value)
        return self._values[place, name]
