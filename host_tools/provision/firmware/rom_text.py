"""What MicroPython's tool writes into frozen_content.c, read back: modules, bytecode, strings and constants."""

import re
from dataclasses import dataclass, field

_SCOPE = re.compile(
    r"^// frozen bytecode for file (\S+), scope (\w+)\nstatic const byte fun_data_\2\[\d+\] = \{\n(.*?)^\};",
    re.M | re.S,
)
_CHILDREN = re.compile(r"^static const mp_raw_code_t \*const children_(\w+)\[\] = \{\n(.*?)^\};", re.M | re.S)
_MODULE = re.compile(
    r"^// frozen module (\w+)\n// - original source file: .*\n// - frozen file name: (\S+)$", re.M
)
_ENTRY = re.compile(
    r"^static const mp_frozen_module_t frozen_module_(\w+) = \{.*?\.proto_fun = &proto_fun_(\w+),",
    re.M | re.S,
)
_QSTRS = re.compile(
    r"^static const qstr_short_t const_qstr_table_data_(\w+)\[\d+\] = \{\n(.*?)^\};", re.M | re.S
)
_OBJECTS = re.compile(
    r"^static const mp_rom_obj_t const_obj_table_data_(\w+)\[\d+\] = \{\n(.*?)^\};", re.M | re.S
)
_TUPLE = re.compile(
    r"^static const mp_rom_obj_tuple_t (\w+) = \{\{&mp_type_tuple\}, \d+, \{\n(.*?)^\}\};", re.M | re.S
)
_LINE = re.compile(r"^ +((?:0x[0-9a-f]{2},)+) // (.*)$", re.M)
GENERATOR = 1  # py/runtime0.h, MP_SCOPE_FLAG_GENERATOR


@dataclass(frozen=True)
class Op:
    """An instruction: its name, what follows it in words, and the number in its bytes, mostly an index."""

    name: str
    words: str
    number: int
    last: int  # the last byte: how many cells a closure takes


@dataclass
class Scope:
    """A function, a class body or a module's top level, in bytecode."""

    name: str
    file: str
    generator: bool
    ops: list[Op]
    children: list[str]


@dataclass
class Module:
    """A frozen module: its place among all, its top level and its constants as C has them."""

    index: int
    symbol: str
    file: str
    top: str
    qstrs: list[str]
    objects: list[str]

    @property
    def dotted(self) -> str:
        """The name it is imported by."""
        return self.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@dataclass
class Frozen:
    """All that is frozen."""

    modules: list[Module]
    scopes: dict[str, Scope]
    tuples: dict[str, list[str]] = field(default_factory=dict)  # items of constant tuples, as C has them
    qstrs: set[str] = field(default_factory=set)


def read(text: str) -> Frozen:
    """Return what the file holds; what is not written as expected is left out."""
    children = {name: re.findall(r"&proto_fun_(\w+)", body) for name, body in _CHILDREN.findall(text)}
    scopes = {
        name: _scope(name, file, body, children.get(name, [])) for file, name, body in _SCOPE.findall(text)
    }
    files, tops = dict(_MODULE.findall(text)), dict(_ENTRY.findall(text))
    qstrs = {name: _items(body) for name, body in _QSTRS.findall(text)}
    objects = {name: _items(body) for name, body in _OBJECTS.findall(text)}
    kept = [symbol for symbol in files if tops.get(symbol) in scopes and symbol in qstrs]
    modules = [
        Module(n, symbol, files[symbol], tops[symbol], qstrs[symbol], objects.get(symbol, []))
        for n, symbol in enumerate(kept)
    ]
    tuples = {name: _items(body) for name, body in _TUPLE.findall(text)}
    pool = re.search(r"^enum \{\n(.*?)^\};", text, re.M | re.S)
    return Frozen(modules, scopes, tuples, set(re.findall(r"MP_QSTR_\w+", pool[1] if pool else "")))


def _items(body: str) -> list[str]:
    return [line.strip().removesuffix(",") for line in body.splitlines() if line.strip()]


def _scope(name: str, file: str, body: str, children: list[str]) -> Scope:
    lines = [([int(one, 16) for one in data.split(",") if one], words) for data, words in _LINE.findall(body)]
    ops = [Op(*_split(words), number(data[1:]), data[-1]) for data, words in lines if words[:1].isupper()]
    prelude = next((data for data, words in lines if words == "prelude"), [0])
    return Scope(name, file, bool(flags(prelude) & GENERATOR), ops, children)


def _split(words: str) -> tuple[str, str]:
    name, _, rest = words.partition(" ")
    return name, rest


def number(data: list[int]) -> int:
    """Return the number in an instruction's bytes: seven bits each, the first ones highest."""
    value = 0
    for byte in data:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            break
    return value


def flags(prelude: list[int]) -> int:
    """Return a scope's flags from its prelude (py/bc.h: xSSSSEAA, then xFSSKAED as long as the top bit is set)."""
    value = 0
    for n, byte in enumerate(prelude[1:]):
        if not prelude[n] & 0x80:
            break
        value |= (byte >> 6 & 1) << n
    return value
