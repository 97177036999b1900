"""Values of frozen modules' names, as far as they are known before the modules have run."""

from dataclasses import dataclass, field

EXCEPTIONS = ("Exception", "OSError", "ValueError", "TypeError", "RuntimeError", "KeyError", "IndexError")
WRAPPERS = {"property": 3, "staticmethod": 1, "classmethod": 1}
_MATH = "acos atan atan2 ceil cos exp isnan log sin sqrt"  # modmath.c in boards/rp2_build shares these
_STRUCT = "calcsize pack pack_into unpack_from"
_TIME = "sleep_ms sleep_us ticks_add ticks_diff ticks_ms ticks_us"
_MODULES = (
    "array binascii errno gc hashlib io json machine math micropython network os random rp2 select struct time "
    "uctypes"
)
OUTSIDE = {  # what MicroPython's own modules hold: the name of it in C
    "array.array": "mp_type_array",
    "gc.collect": "gc_collect_obj",
    "machine.Pin": "machine_pin_type",
    "machine.mem32": "machine_mem32_obj",
    "micropython.const": "mp_identity_obj",
    "uctypes.addressof": "uctypes_struct_addressof_obj",
    "socket": "mp_module_lwip",
    **{f"math.{name}": f"rom_math_{name}" for name in _MATH.split()},
    **{f"struct.{name}": f"struct_{name}_obj" for name in _STRUCT.split()},
    **{f"time.{name}": f"mp_time_{name}_obj" for name in _TIME.split()},
    **{name: f"mp_module_{name}" for name in _MODULES.split()},
}


@dataclass(frozen=True)
class Word:
    """A value that C writes as one constant."""

    c: str


@dataclass(frozen=True)
class Function:
    """A function, with the values of its default arguments."""

    scope: str
    defaults: tuple["Value", ...] = ()


@dataclass(frozen=True)
class Wrapped:
    """A property, staticmethod or classmethod of functions."""

    kind: str
    inner: tuple["Value", ...]


@dataclass(frozen=True)
class Several:
    """A tuple made at run time."""

    items: tuple["Value", ...]


@dataclass(frozen=True)
class Class:
    """A class: its body's scope and its bases."""

    scope: str
    name: str
    bases: tuple["Value", ...]


@dataclass(frozen=True)
class Import:
    """A module, or a package without a file of its own, by dotted name."""

    name: str


@dataclass(frozen=True)
class Builtin:
    """A name that no module binds."""

    name: str


@dataclass(frozen=True)
class Cell:
    """Where methods find the class they are in, for super(); by the class body's scope."""

    scope: str


@dataclass(frozen=True)
class Closure:
    """A method that knows its class."""

    function: Function
    cell: Cell


Value = (
    Word | Function | Closure | Cell | Wrapped | Several | Class | Import | Builtin | None
)  # None: not known


def outside(name: str) -> str:
    """Return the name of one of MicroPython's own modules, which may have a u before it."""
    return name[1:] if name[:1] == "u" and name[1:] in OUTSIDE else name


@dataclass
class Names:
    """What a body binds, in order; `whole` when it was understood to its end."""

    values: dict[str, Value] = field(default_factory=dict)
    whole: bool = False
