"""Tables of frozen functions, classes and names: what rom.py puts after frozen_content.c, and when nothing."""

from pathlib import Path

import pytest

from host_tools.provision.firmware import rom, rom_text
from host_tools.provision.firmware.rom_bodies import Program
from host_tools.provision.firmware.rom_values import Word

TINY = Path(__file__).with_name("frozen_tiny.c").read_text()  # its module's source is in its first lines


def made(text: str = TINY) -> str:
    """Return the tables alone."""
    whole, _ = rom.extended(text, fewest=1)
    assert whole.startswith(text)
    return whole.removeprefix(text)


def row(table: str, key: str) -> str:
    """Return the value of a name in the tables."""
    start = f"    {{ MP_ROM_QSTR(MP_QSTR_{key}), "
    return next(line for line in table.splitlines() if line.startswith(start)).removeprefix(start)[:-3]


def without(line: str) -> str:
    """Return the file with the instruction that has this comment taken out."""
    lines = TINY.splitlines(keepends=True)
    left = [one for one in lines if not one.rstrip().endswith(f"// {line}")]
    assert len(left) == len(lines) - 1
    return "".join(left)


def test_how_much_is_in_flash_is_told() -> None:
    """Of the source: made, root and A's __init__, the one with a default; B's __init__ is in its class."""
    assert rom.extended(TINY, fewest=1)[1] == "in flash: 3 functions, 2 of 2 classes, names of 1 of 1 modules"


def test_functions_are_constants_of_their_code_and_module() -> None:
    found = made()
    assert "ROM_FUN(mp_type_gen_wrap, 0, NULL, fun_data_tiny_made)" in found  # it yields
    assert "ROM_FUN(mp_type_fun_bc, 0, NULL, fun_data_tiny_A_root)" in found
    assert (
        "ROM_DEF(rom_def_tiny_A___init__, 1, "
        "ROM_FUN(mp_type_fun_bc, 0, NULL, fun_data_tiny_A___init__), MP_ROM_INT(2))"
    ) in found
    assert "fun_data_tiny__lt_module_gt_)" not in found  # runs once, as class bodies do
    assert "fun_data_tiny_B)" not in found


def test_classes_have_their_names_bases_and_properties() -> None:
    """A has a property, so that B, which is derived from it, needs the slower way to attributes, too."""
    found = made()
    assert "ROM_TYPE(rom_type_tiny_A, MP_QSTR_A, rom_dict_tiny_A, 1)" in found
    assert "ROM_DERIVED(rom_type_tiny_B, MP_QSTR_B, rom_dict_tiny_B, 1, &rom_type_tiny_A)" in found
    assert row(found, "kind") == "MP_ROM_PTR(&rom_value_1)"
    assert "ROM_TUPLE(rom_value_1, 2, MP_ROM_INT(1), ROM_MINUS(const_obj_tiny_0_macro))" in found
    assert "ROM_PROPERTY(rom_value_3, MP_ROM_PTR(&rom_funs_tiny[1]), MP_ROM_NONE, MP_ROM_NONE)" in found
    assert "ROM_CELL(rom_value_4, rom_type_tiny_B)" in found  # what super() in B's __init__ looks at
    assert "ROM_CLOSURE(rom_value_6, MP_ROM_PTR(&rom_value_5), MP_ROM_PTR(&rom_value_4))" in found


def test_names_of_a_module_have_their_values() -> None:
    """LOW, HIGH = range(2); sqrt is MicroPython's own."""
    found = made()
    names = found[found.index("rom_names_tiny") :]
    assert (row(names, "LOW"), row(names, "HIGH")) == ("MP_ROM_INT(0)", "MP_ROM_INT(1)")
    assert row(names, "sqrt") == "MP_ROM_PTR(&rom_outside_rom_math_sqrt)"
    assert 'ROM_OUTSIDE(rom_outside_rom_math_sqrt, "rom_math_sqrt")' in found
    assert row(names, "made") == "MP_ROM_PTR(&rom_funs_tiny[0])"
    assert "ROM_FILE(MP_QSTR_tiny_dot_py)" in names
    assert (
        '{ 0, "tiny", rom_funs_tiny, 2, rom_defs_tiny, 1, rom_classes_tiny, 2, &rom_globals_tiny }' in names
    )


@pytest.mark.parametrize("key", ["STORE_GLOBAL", "IMPORT_STAR"])
def test_a_module_whose_names_change_stays_in_ram(key: str) -> None:
    """Even if a function of it does so only later; its functions and classes may be in flash all the same."""
    found = made(TINY.replace("// YIELD_VALUE", f"// {key}"))
    assert "rom_globals_tiny" not in found
    assert "rom_type_tiny_B, MP_QSTR_B" in found


def test_what_is_not_known_stays_in_ram() -> None:
    """A class attribute that a call gives: A is in RAM, with it B, and the names of the module."""
    found = made(TINY.replace("LOAD_NAME 'property'", "LOAD_NAME 'other'"))
    assert "ROM_TYPE" not in found
    assert "ROM_DERIVED" not in found
    assert "rom_globals_tiny" not in found
    assert "ROM_FUN(mp_type_fun_bc, 0, NULL, fun_data_tiny_A_root)" in found


def test_an_unknown_instruction_ends_what_is_known() -> None:
    """The class body stops there: the class is not in flash."""
    assert "ROM_DERIVED" not in made(TINY.replace("MAKE_CLOSURE 0", "MAKE_OTHER 0"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        TINY.replace("fun_data_", "data_"),
        TINY.replace("    MP_QSTR_made,", ""),
        without("LOAD_CONST_STRING 'sqrt'"),
    ],
)
def test_a_file_that_is_not_as_expected_is_left_as_it_is(text: str) -> None:
    """Nothing in it, other names, too few strings, an instruction without what it takes."""
    whole, said = rom.extended(text, fewest=3)
    assert said == rom.NOT_AS_EXPECTED
    assert whole == text + rom.NONE


def test_numbers_and_flags_in_bytecode() -> None:
    """0x81 0x02 is 1 * 128 + 2; flags are bit 6 of the prelude's second byte on (py/bc.h), 1 of a generator."""
    assert [rom_text.number(one) for one in ([0x05], [0x81, 0x02], [0x81, 0x80, 0x00], [0x05, 0x81])] == [
        5,
        130,
        16384,
        5,
    ]
    assert [rom_text.flags(one) for one in ([0x10, 0x40], [0x80, 0x40], [0x80, 0x80, 0x40])] == [0, 1, 2]


def test_imports_are_followed_from_module_to_module() -> None:
    """A second module that takes LOW from the first has its value."""
    second = TINY.replace("tiny", "other").replace("'math'", "'tiny'").replace("'sqrt'", "'LOW'")
    both = rom_text.read(TINY + second[second.index("// frozen module") :])
    assert [module.dotted for module in both.modules] == ["tiny", "other"]
    assert Program(both).module("other").values["LOW"] == Word("MP_ROM_INT(0)")
