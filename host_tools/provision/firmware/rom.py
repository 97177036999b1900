"""Functions, classes and names of frozen modules as constants in flash: what is put after frozen_content.c."""

from collections.abc import Iterator

from host_tools.provision.firmware import rom_text
from host_tools.provision.firmware.rom_bodies import Program
from host_tools.provision.firmware.rom_text import Frozen, Module
from host_tools.provision.firmware.rom_words import Tables, function, name_of, word

FEWEST = 100  # functions, below which the file is not as it is expected
CHANGING = {"STORE_GLOBAL", "DELETE_GLOBAL", "IMPORT_STAR"}
RUN = {"_boot.py", "boot.py", "main.py"}  # not imported
NOT_AS_EXPECTED = (
    "frozen_content.c is not as expected: functions, classes and names will take their place in RAM"
)
HEAD = """
////////////////////////////////////////////////////////////////////////////////
// functions and classes in flash: host_tools/provision/firmware/rom.py
#include "rom.h"
"""
NONE = (
    HEAD
    + """
mp_module_context_t rom_contexts[1];
const rom_module_t rom_modules[1];
const size_t rom_modules_count = 0;
"""
)


def extended(text: str, fewest: int = FEWEST) -> tuple[str, str]:
    """Return frozen_content.c with tables for boards/rp2_build/rom.c after it, and a sentence: how much they hold."""
    try:
        frozen = rom_text.read(text)
        tables = Tables(frozen, Program(frozen))
        plain = {module.file: list(_plain(frozen, module)) for module in frozen.modules}
        if sum(map(len, plain.values())) < fewest:
            return text + NONE, NOT_AS_EXPECTED
        lines, modules = _tables(tables, plain)
    except (LookupError, ValueError):
        return text + NONE, NOT_AS_EXPECTED
    functions = sum(map(len, plain.values())) + sum(map(len, tables.later.values()))
    classes = sum(op.name == "LOAD_BUILD_CLASS" for scope in frozen.scopes.values() for op in scope.ops)
    said = (
        f"in flash: {functions} functions, {len(tables.types)} of {classes} classes, "
        f"names of {modules} of {len(frozen.modules)} modules"
    )
    return text + "\n".join([*lines, ""]), said


def _tables(tables: Tables, plain: dict[str, list[str]]) -> tuple[list[str], int]:
    """Return the tables as lines of C, and how many modules have all their names in flash."""
    modules = tables.frozen.modules
    for module in modules:
        places = [f"MP_ROM_PTR(&rom_funs_{module.symbol}[{n}])" for n in range(len(plain[module.file]))]
        tables.places |= dict(zip(plain[module.file], places, strict=True))
    for bound in (*tables.program.classes.values(), *tables.program.modules.values()):
        for value in bound.values.values():
            word(tables, value)
    functions = [line for module in modules for line in _functions(tables, module, plain[module.file])]
    names = {module.file: "\n".join(_globals(tables, module)) for module in modules}
    kept = {file for file, table in names.items() if table}
    lines = [HEAD, f"mp_module_context_t rom_contexts[{len(modules)}];"]
    lines += [f'ROM_OUTSIDE(rom_outside_{one}, "{one}");' for one in sorted(tables.outside)]
    lines += [
        f"static const mp_obj_type_t rom_type_{one};" for one in sorted(tables.cells | set(tables.types))
    ]
    lines += [
        *functions,
        *tables.values,
        *tables.types.values(),
        *names.values(),
        *_rows(tables, plain, kept),
    ]
    return lines, len(kept)


def _plain(frozen: Frozen, module: Module) -> Iterator[str]:
    """Yield the scopes of a module's functions without default arguments or closure."""
    seen = set()
    for scope in frozen.scopes.values():
        if scope.file == module.file:
            for before, op in zip([None, *scope.ops], scope.ops, strict=False):
                if op.name == "MAKE_FUNCTION" and not (before and before.name == "LOAD_BUILD_CLASS"):
                    child = scope.children[int(op.words)]
                    if child in frozen.scopes and child not in seen:
                        seen.add(child)
                        yield child


def _functions(tables: Tables, module: Module, plain: list[str]) -> list[str]:
    if not plain:
        return []
    rows = [f"    {function(tables, module, scope)}," for scope in plain]
    return [f"static const rom_fun_t rom_funs_{module.symbol}[] = {{", *rows, "};"]


def _globals(tables: Tables, module: Module) -> list[str]:
    """Return a module's names with their values; nothing when one changes or only RAM can hold it."""
    names = tables.program.modules[module.dotted]
    scopes = [scope for scope in tables.frozen.scopes.values() if scope.file == module.file]
    changes = any(op.name in CHANGING for scope in scopes for op in scope.ops)
    entries = {key: word(tables, one) for key, one in names.values.items()}
    unknown = not names.whole or None in entries.values()
    if unknown or changes or module.file in RUN or "__init__" in module.file:
        return []
    entries["__name__"] = name_of(tables, module.dotted)
    rows = [f"    {{ MP_ROM_QSTR(MP_QSTR_{key}), {one} }}," for key, one in entries.items()]
    return [
        f"static const mp_rom_map_elem_t rom_names_{module.symbol}[] = {{",
        *rows,
        f"    ROM_FILE({module.qstrs[0]})",
        "};",
        f"static MP_DEFINE_CONST_DICT(rom_globals_{module.symbol}, rom_names_{module.symbol});",
    ]


def _rows(tables: Tables, plain: dict[str, list[str]], kept: set[str]) -> Iterator[str]:
    """Yield the table of modules, and what each refers to."""
    rows = []
    for module in tables.frozen.modules:
        later = tables.later.get(module.file, [])
        classes = [name for name in tables.types if tables.frozen.scopes[name].file == module.file]
        if later:
            pointers = ", ".join(f"(const rom_def_t *)&{name}" for name in later)
            yield f"static const rom_def_t *const rom_defs_{module.symbol}[] = {{ {pointers} }};"
        if classes:
            pairs = ", ".join(f"{{ fun_data_{name}, &rom_type_{name} }}" for name in classes)
            yield f"static const rom_class_t rom_classes_{module.symbol}[] = {{ {pairs} }};"
        known = "MP_QSTR_" + module.dotted.replace(".", "_dot_")
        name = f"{known}, NULL" if known in tables.frozen.qstrs else f'0, "{module.dotted}"'
        counts = {"funs": len(plain[module.file]), "defs": len(later), "classes": len(classes)}
        parts = [f"rom_{what}_{module.symbol}, {n}" if n else "NULL, 0" for what, n in counts.items()]
        parts.append(f"&rom_globals_{module.symbol}" if module.file in kept else "NULL")
        rows.append(f"    {{ {name}, {', '.join(parts)} }},")
    yield from [
        "const rom_module_t rom_modules[] = {",
        *rows,
        "};",
        f"const size_t rom_modules_count = {len(rows)};",
    ]
