"""Constants in place of their names: what a module means stays, what it costs goes."""

import math
from types import ModuleType

import pytest

from host_tools.provision.firmware import boardfile, frozen
from host_tools.provision.firmware.fold import fold

UNITS = "HOUR_S = 3600\nDAY_S = 24 * HOUR_S\nKIND = 'meter'\nLOW = -0.5\nPAIR = (1, 2)\n"


def run(text: str) -> dict[str, object]:
    """Return what a module of this text defines."""
    module = ModuleType("folded")
    exec(compile(text, "folded", "exec"), module.__dict__)
    return {name: value for name, value in vars(module).items() if not name.startswith("__")}


def folded(**sources: str) -> dict[str, str]:
    """Fold modules given by name; units is always among them."""
    return fold({"units": UNITS, **sources})


def test_own_and_imported_constants_stand_in_their_place() -> None:
    text = folded(
        a="from units import DAY_S, HOUR_S\n_HALF = 0.5\ndef f(n):\n    return _HALF * n * DAY_S\n"
    )["a"]
    assert "DAY_S" not in text
    assert "_HALF" not in text
    names = run(text)
    assert set(names) == {"f"}
    assert names["f"](2) == 86_400.0  # type: ignore[operator]  # 0.5 x 2 x 24 h x 3600 s


def test_a_constant_of_a_module_that_is_named_is_found() -> None:
    sources = {"base.units": UNITS, "a": "from base import units\ndef f():\n    return units.DAY_S\n"}
    assert fold(sources)["a"] == "pass\ndef f():\n    return (86400)\n"


def test_lines_stay_where_they_were() -> None:
    source = "from units import (\n    DAY_S,\n    PAIR,\n)\n\nWIDE = (\n    7\n)\n\n\n"
    source += "def f():\n    return WIDE, PAIR, DAY_S\n"
    text = folded(a=source)["a"]
    assert text.count("\n") == source.count("\n")
    assert text.splitlines()[11] == "    return (7), PAIR, (86400)"
    assert text.startswith("from units import PAIR\n")


@pytest.mark.parametrize(
    "source",
    [
        "N = 1\ndef f():\n    global N\n    N = 2\n",  # changed later
        "N = 1\nN = 2\ndef f():\n    return N\n",  # given twice
        "N = 1\ndef f(N):\n    return N\n",  # an argument of that name
        "N = 1\ndef f():\n    return [N for N in range(3)]\n",
        "N = [1]\ndef f():\n    return N\n",  # can change
        "N = max(1, 2)\ndef f():\n    return N\n",  # a function of the board's
        "N = -1.5\ndef f():\n    return N\n",  # the board would make a new object at each use
        "class A:\n    N = 1\ndef f():\n    return A.N\n",
        "import time\nN = time.NOW\ndef f():\n    return N\n",
    ],
)
def test_what_is_no_constant_stays(source: str) -> None:
    assert folded(a=source)["a"] == source


def test_a_value_that_is_needed_by_name_keeps_its_name() -> None:
    both = folded(a="import units\ndef f(m):\n    return m.HOUR_S\n")
    assert "HOUR_S = 3600" in both["units"]
    assert "KIND" not in both["units"]
    kept = fold({"units": UNITS}, kept=["units"])["units"]
    assert run(kept) == run(UNITS)


def test_a_name_that_is_passed_on_is_passed_on() -> None:
    sources = folded(
        a="from units import PAIR\nfrom units import DAY_S\n", b="from a import PAIR, DAY_S\nX = PAIR[0]\n"
    )
    assert "PAIR" in sources["a"]
    assert "PAIR" in sources["b"]


def test_a_minus_and_a_power_keep_their_meaning() -> None:
    text = folded(a="_STEP = -3\n_WIDE = 2\ndef f():\n    return _STEP ** 2, -_STEP, _WIDE.bit_length()\n")[
        "a"
    ]
    assert run(text)["f"]() == (9, 3, 2)  # type: ignore[operator]


def test_what_the_compiler_knows_as_const_is_known_here() -> None:
    text = folded(
        a="from micropython import const\nN = const(3)\n", b="from a import N\ndef f():\n    return N\n"
    )
    assert text["b"] == "pass\ndef f():\n    return (3)\n"
    assert "N" not in text["a"]


def test_pi_and_roots_are_computed_once() -> None:
    text = folded(
        a="from math import pi, sqrt\n_FACTOR = sqrt(2.0) / pi\ndef f(x):\n    return _FACTOR * sqrt(x)\n"
    )["a"]
    assert "_FACTOR" not in text
    assert run(text)["f"](4.0) == pytest.approx(2.0 * math.sqrt(2.0) / math.pi)  # type: ignore[operator]


def test_text_with_other_letters_is_cut_at_the_right_place() -> None:
    text = folded(a="_PART = 'ä'\n_N = 5\ndef f():\n    return 'größer', _PART, 'ß', _N\n")["a"]
    assert run(text)["f"]() == ("größer", "ä", "ß", 5)  # type: ignore[operator]


def test_the_firmware_itself_still_compiles_and_is_smaller() -> None:
    paths = sorted((boardfile.ROOT / "firmware" / "islet").rglob("*.py"))
    sources = {
        path.relative_to(boardfile.ROOT / "firmware")
        .with_suffix("")
        .as_posix()
        .replace("/", "."): path.read_text()
        for path in paths
    }
    result = fold(sources)
    before, after = (
        sum(len(compile(text, name, "exec").co_names) for name, text in texts.items())
        for texts in (sources, result)
    )
    assert after < 0.7 * before  # names at the modules' level
    assert frozen.Entry("islet/a/__init__.py", paths[0], 3).module == "islet.a"
