"""What the top levels of frozen modules and their class bodies will have made when they have run.

A guess that is wrong does no harm: the board compares what it has made with the table before it uses the table.
"""

from host_tools.provision.firmware.rom_text import Frozen, Module, Op, Scope
from host_tools.provision.firmware.rom_values import (
    OUTSIDE,
    WRAPPERS,
    Builtin,
    Cell,
    Class,
    Closure,
    Function,
    Import,
    Names,
    Several,
    Value,
    Word,
    Wrapped,
    outside,
)

BUILD_CLASS = Builtin("__build_class__")
NULL = Builtin("")
CONSTANTS = {"LOAD_CONST_NONE": "NONE", "LOAD_CONST_FALSE": "FALSE", "LOAD_CONST_TRUE": "TRUE"}
DROPPED = {  # how many values an instruction takes, and makes that are not known before it runs
    "POP_TOP": (1, 0),
    "BUILD_MAP": (0, 1),
    "STORE_MAP": (2, 0),
    "STORE_ATTR": (2, 0),
    "BINARY_OP": (2, 1),
    "LOAD_SUBSCR": (2, 1),
    "LOAD_METHOD": (1, 2),
}


def _c(value: Value) -> str:
    return value.c if isinstance(value, Word) else ""


class Program:
    """All frozen modules."""

    def __init__(self, frozen: Frozen) -> None:
        """Look through every top level and class body."""
        self.frozen = frozen
        self.by_name = {module.dotted: module for module in frozen.modules}
        self.modules: dict[str, Names] = {}
        self.classes: dict[str, Names] = {}  # by scope
        for module in frozen.modules:
            self.module(module.dotted)

    def module(self, name: str) -> Names:
        """Return what a module's top level binds; nothing yet when it is being looked through."""
        if name not in self.modules:
            names = self.modules[name] = Names()
            module = self.by_name[name]
            Body(self, module, self.frozen.scopes[module.top], names, names).run()
        return self.modules[name]

    def attribute(self, value: Value, name: str) -> Value:
        """Return an attribute of a module."""
        if not isinstance(value, Import):
            return None
        inner = f"{value.name}.{name}" if value.name else name
        if outside(value.name) in OUTSIDE:
            return Builtin(f"{outside(value.name)}.{name}")
        if value.name in self.by_name and name in self.module(value.name).values:
            return self.module(value.name).values[name]
        return Import(inner) if inner in self.by_name else None


class Body:
    """One run through a body's instructions."""

    def __init__(self, program: Program, module: Module, scope: Scope, names: Names, outer: Names) -> None:
        """Bind into `names`; what they lack is looked for in `outer`."""
        self.program, self.module, self.scope = program, module, scope
        self.names, self.outer = names, outer
        self.stack: list[Value] = []

    def run(self) -> None:
        """Follow the instructions to the end, or to the first that is not understood."""
        for op in self.scope.ops:
            if op.name == "RETURN_VALUE":
                self.names.whole = self.stack[-1:] in ([Word("MP_ROM_NONE")], [Cell(self.scope.name)])
                return
            if not self._constant(op) and not self._named(op) and not self._made(op):
                return

    def _take(self, count: int) -> tuple[Value, ...]:
        taken = tuple(self.stack[len(self.stack) - count :])
        del self.stack[len(self.stack) - count :]
        return taken

    def _constant(self, op: Op) -> bool:
        if op.name in CONSTANTS:
            self.stack.append(Word(f"MP_ROM_{CONSTANTS[op.name]}"))
        elif op.name == "LOAD_CONST_SMALL_INT":
            self.stack.append(Word(f"MP_ROM_INT({op.words})"))
        elif op.name == "LOAD_CONST_STRING":
            self.stack.append(Word(f"MP_ROM_QSTR({self.module.qstrs[op.number]})"))
        elif op.name == "LOAD_CONST_OBJ":
            self.stack.append(Word(self.module.objects[op.number]))
        elif op.name == "LOAD_NULL":
            self.stack.append(NULL)
        elif op.name == "LOAD_BUILD_CLASS":
            self.stack.append(BUILD_CLASS)
        elif op.name == "LOAD_FAST":  # a class body has no other
            self.stack.append(Cell(self.scope.name))
        else:
            return False
        return True

    def _named(self, op: Op) -> bool:
        name = op.words.strip("'")
        if op.name in ("LOAD_NAME", "LOAD_GLOBAL"):
            self.stack.append(self._lookup(name))
        elif op.name == "STORE_NAME":
            self.names.values.pop(name, None)
            self.names.values[name] = self._take(1)[0]
        elif op.name == "DELETE_NAME":
            self.names.values.pop(name, None)
        elif op.name == "IMPORT_NAME":
            level, wanted = self._take(2)
            known = level == Word("MP_ROM_INT(0)") and self._itself(name, wanted)
            self.stack.append(Import(name) if known else None)
        elif op.name == "IMPORT_FROM":
            self.stack.append(self.program.attribute(self.stack[-1], name))
        elif op.name == "LOAD_ATTR":
            self.stack.append(self.program.attribute(self._take(1)[0], name))
        else:
            return False
        return True

    @staticmethod
    def _is_float(value: Value) -> bool:
        return _c(value).startswith("const_obj_") and _c(value).endswith("_macro")

    @staticmethod
    def _itself(name: str, wanted: Value) -> bool:
        """Return whether an import gives the module of this name, and not the package it is in."""
        return wanted != Word("MP_ROM_NONE") or "." not in name

    def _lookup(self, name: str) -> Value:
        if name == "__name__":
            return Word(f"NAME {self.module.dotted}")
        for names in (self.names, self.outer):
            if name in names.values:
                return names.values[name]
        return Builtin(name)

    def _made(self, op: Op) -> bool:
        first = op.words.split(" ")[0]
        count = int(first) if first.isdigit() else 0
        if op.name in DROPPED:
            taken, made = DROPPED[op.name]
            self._take(taken)
            self.stack += [None] * made
        elif op.name == "DUP_TOP":
            self.stack.append(self.stack[-1])
        elif op.name == "ROT_TWO":
            self.stack[-2:] = self.stack[:-3:-1]
        elif op.name == "UNARY_OP":
            negative = op.words == "1 __neg__" and self._is_float(self.stack[-1])
            value = self._take(1)[0]
            self.stack.append(Word(f"ROM_MINUS({_c(value)})") if negative else None)
        else:
            return self._gathered(op, count) or self._function(op, count)
        return True

    def _gathered(self, op: Op, count: int) -> bool:
        if op.name == "BUILD_TUPLE":
            self.stack.append(Several(self._take(count)))
        elif op.name in ("BUILD_LIST", "BUILD_SET"):
            self._take(count)
            self.stack.append(None)
        elif op.name == "UNPACK_SEQUENCE":
            self.stack += reversed(self._items(self._take(1)[0]) or (None,) * count)
        elif op.name == "CALL_METHOD":
            self._take((count & 255) + 2 * (count >> 8) + 2)
            self.stack.append(None)
        elif op.name == "CALL_FUNCTION":
            self._call(count)
        else:
            return False
        return True

    def _function(self, op: Op, child: int) -> bool:
        if op.name == "MAKE_FUNCTION":
            self.stack.append(Function(self.scope.children[child]))
        elif op.name == "MAKE_FUNCTION_DEFARGS":
            self.stack.append(self._with_defaults(child, *self._take(2)))
        elif op.name in ("MAKE_CLOSURE", "MAKE_CLOSURE_DEFARGS"):
            cells = self._take(op.last)
            function: Value = Function(self.scope.children[child])
            if op.name.endswith("DEFARGS"):
                function = self._with_defaults(child, *self._take(2))
            closed = cells[0] if len(cells) == 1 else None
            if isinstance(function, Function) and isinstance(closed, Cell):
                self.stack.append(Closure(function, closed))
            else:
                self.stack.append(None)
        else:
            return False
        return True

    def _with_defaults(self, child: int, values: Value, keywords: Value) -> Value:
        defaults = self._items(values) if keywords == NULL else None
        return None if defaults is None else Function(self.scope.children[child], defaults)

    def _items(self, value: Value) -> tuple[Value, ...] | None:
        if isinstance(value, Several):
            return value.items
        if isinstance(value, Word):
            items = self.program.frozen.tuples.get(value.c.removeprefix("MP_ROM_PTR(&").removesuffix(")"))
            return None if items is None else tuple(Word(item) for item in items)
        return None

    def _call(self, count: int) -> None:
        arguments = self._take((count & 255) + 2 * (count >> 8))
        called = self._take(1)[0]
        result: Value = None
        if called == BUILD_CLASS and count < 256 and isinstance(arguments[0], Function):
            result = self._class(arguments[0].scope, arguments[1], arguments[2:])
        elif isinstance(called, Builtin) and called.name in WRAPPERS and count <= WRAPPERS[called.name]:
            result = Wrapped(called.name, arguments)
        elif called == Builtin("range") and all(_c(one).startswith("MP_ROM_INT(") for one in arguments):
            numbers = range(*(int(_c(one)[11:-1]) for one in arguments))
            result = Several(tuple(Word(f"MP_ROM_INT({n})") for n in numbers))
        elif called == Builtin("micropython.const") and count == 1:
            result = arguments[0]
        self.stack.append(result)

    def _class(self, scope: str, name: Value, bases: tuple[Value, ...]) -> Value:
        names = self.program.classes[scope] = Names()
        if scope not in self.program.frozen.scopes or not isinstance(name, Word):
            return None
        Body(self.program, self.module, self.program.frozen.scopes[scope], names, self.names).run()
        return Class(scope, name.c.removeprefix("MP_ROM_QSTR(").removesuffix(")"), bases)
