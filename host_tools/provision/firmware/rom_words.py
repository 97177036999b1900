"""Values of frozen modules as constants in C: what a table in flash holds, and what it refers to."""

from dataclasses import dataclass, field

from host_tools.provision.firmware.rom_bodies import Program
from host_tools.provision.firmware.rom_text import Frozen, Module, Scope
from host_tools.provision.firmware.rom_values import (
    EXCEPTIONS,
    OUTSIDE,
    Builtin,
    Cell,
    Class,
    Closure,
    Function,
    Import,
    Several,
    Value,
    Word,
    Wrapped,
    outside,
)

SPECIAL = {"__new__", "__get__", "__set__", "__delete__", "__setattr__", "__delattr__", "__class__"}


@dataclass
class Tables:
    """The tables of one image, as lines of C."""

    frozen: Frozen
    program: Program
    places: dict[str, str] = field(default_factory=dict)  # a function's scope: its constant
    values: list[str] = field(default_factory=list)
    known: dict[Value, str | None] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)  # a class body's scope: the class in C
    special: set[str] = field(default_factory=set)  # classes with properties, their own or a base's
    cells: set[str] = field(default_factory=set)  # classes that methods refer to
    outside: set[str] = field(default_factory=set)  # names in C of what MicroPython's own modules hold
    later: dict[str, list[str]] = field(default_factory=dict)  # functions with default arguments, by file


def word(tables: Tables, value: Value) -> str | None:
    """Return a value as C writes it in a constant; None when only RAM can hold it."""
    if value not in tables.known:
        tables.known[value] = None  # while it is made: what refers to itself is not for flash
        tables.known[value] = _word(tables, value)
    return tables.known[value]


def _word(tables: Tables, value: Value) -> str | None:
    if isinstance(value, Word):
        return name_of(tables, value.c.removeprefix("NAME ")) if value.c.startswith("NAME ") else value.c
    if isinstance(value, Function):
        return _later(tables, value) if value.defaults else tables.places.get(value.scope)
    if isinstance(value, Import):
        module = tables.program.by_name.get(value.name)
        return f"MP_ROM_PTR(&rom_contexts[{module.index}])" if module else _outside(tables, value.name)
    if isinstance(value, Builtin):
        known = value.name in EXCEPTIONS
        return f"MP_ROM_PTR(&mp_type_{value.name})" if known else _outside(tables, value.name)
    if isinstance(value, Closure):
        return _closure(tables, value)
    if isinstance(value, Class):
        return _class(tables, value)
    if isinstance(value, Cell):
        tables.cells.add(value.scope)
        return _value(tables, f"ROM_CELL({{id}}, rom_type_{value.scope})", [value.scope])
    return _gathered(tables, value)


def _gathered(tables: Tables, value: Value) -> str | None:
    if value == Several(()):
        return "MP_ROM_PTR(&mp_const_empty_tuple_obj)"
    if isinstance(value, Several):
        items = [word(tables, one) for one in value.items]
        return _value(tables, f"ROM_TUPLE({{id}}, {len(items)}, {', '.join(map(str, items))})", items)
    if isinstance(value, Wrapped):
        items = [word(tables, one) for one in value.inner]
        if value.kind == "property":
            items += ["MP_ROM_NONE"] * (3 - len(items))
        return _value(tables, f"ROM_{value.kind.upper()}({{id}}, {', '.join(map(str, items))})", items)
    return None


def _outside(tables: Tables, dotted: str) -> str | None:
    """Return what MicroPython's own modules hold, zero in an image without it."""
    module, _, attribute = outside(dotted).partition(".")
    if dotted == "math.pi":
        return "ROM_PI"
    if module == "errno" and attribute:
        return f"MP_ROM_INT(MP_{attribute})"
    symbol = OUTSIDE.get(outside(dotted))
    if symbol is not None:
        tables.outside.add(symbol)
    return None if symbol is None else f"MP_ROM_PTR(&rom_outside_{symbol})"


def _value(tables: Tables, line: str, items: list[str | None]) -> str | None:
    if None in items or not items:
        return None
    place = f"rom_value_{len(tables.values)}"
    tables.values.append(line.replace("{id}", place) + ";")
    return f"MP_ROM_PTR(&{place})"


def name_of(tables: Tables, dotted: str) -> str | None:
    """Return a module's name, an interned string if the image has it."""
    known = "MP_QSTR_" + dotted.replace(".", "_dot_")
    if known in tables.frozen.qstrs:
        return f"MP_ROM_QSTR({known})"
    return _value(tables, f'ROM_STRING({{id}}, {len(dotted)}, "{dotted}")', [dotted])


def _later(tables: Tables, value: Function) -> str | None:
    """Return a function with default arguments, whose values are all constants."""
    scope = tables.frozen.scopes.get(value.scope)
    items = [word(tables, one) for one in value.defaults]
    if scope is None or None in items:
        return None
    place = f"rom_def_{value.scope}"
    listed = tables.later.setdefault(scope.file, [])
    if place in listed:  # made twice, with other values
        return None
    listed.append(place)
    head = function(tables, _module(tables, scope), scope.name)
    tables.values.append(f"ROM_DEF({place}, {len(items)}, {head}, {', '.join(map(str, items))});")
    return f"MP_ROM_PTR(&{place})"


def _closure(tables: Tables, value: Closure) -> str | None:
    """Return a method that knows its class."""
    scope, cell = tables.frozen.scopes.get(value.function.scope), word(tables, value.cell)
    items = [word(tables, one) for one in value.function.defaults]
    if scope is None or None in items:
        return None
    head = function(tables, _module(tables, scope), scope.name)
    inner = _value(tables, f"ROM_DEF({{id}}, {len(items)}, {head}, {', '.join(map(str, items))})", [head])
    return _value(tables, f"ROM_CLOSURE({{id}}, {inner}, {cell})", [inner, cell])


def _module(tables: Tables, scope: Scope) -> Module:
    return next(one for one in tables.frozen.modules if one.file == scope.file)


def function(tables: Tables, module: Module, scope: str) -> str:
    """Return the initialiser of a function object."""
    found = tables.frozen.scopes[scope]
    children = f"children_{scope}" if found.children else "NULL"
    kind = "mp_type_gen_wrap" if found.generator else "mp_type_fun_bc"
    return f"ROM_FUN({kind}, {module.index}, {children}, fun_data_{scope})"


def _class(tables: Tables, value: Class) -> str | None:
    """Return a class whose names all have constant values, and whose base is such a class or MicroPython's own."""
    names = tables.program.classes[value.scope]
    entries = {key: word(tables, one) for key, one in names.values.items()}
    bases = [word(tables, base) for base in value.bases]
    left_out = None in entries.values() or None in bases or len(bases) > 1
    if left_out or not names.whole or SPECIAL & set(entries):
        return None
    special = any(isinstance(one, Wrapped) and one.kind == "property" for one in names.values.values())
    special |= any(isinstance(base, Class) and base.scope in tables.special for base in value.bases)
    if special:
        tables.special.add(value.scope)
    rows = [f"    {{ MP_ROM_QSTR(MP_QSTR_{key}), {one} }}," for key, one in entries.items()]
    parent = [base.removeprefix("MP_ROM_PTR(").removesuffix(")") for base in bases if base]
    kind = ", ".join(
        [f"rom_type_{value.scope}", value.name, f"rom_dict_{value.scope}", str(int(special)), *parent]
    )
    tables.types[value.scope] = "\n".join([
        f"static const mp_rom_map_elem_t rom_table_{value.scope}[] = {{", *rows, "};",
        f"static MP_DEFINE_CONST_DICT(rom_dict_{value.scope}, rom_table_{value.scope});",
        f"{'ROM_DERIVED' if parent else 'ROM_TYPE'}({kind});",
    ])  # fmt: skip
    return f"MP_ROM_PTR(&rom_type_{value.scope})"
