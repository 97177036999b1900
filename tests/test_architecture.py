"""The house rules, enforced by reading the source: who imports what, how long, how named, how documented."""

from pathlib import Path

import pytest
from house_rules import (
    LONG_LINES,
    LONG_SHARE,
    UNFINISHED,
    Rule,
    broad_handlers,
    functions,
    missing_docstrings,
    module_state,
    relative,
    sources,
    wrong_imports,
    wrong_names,
    wrong_sizes,
)

RULES: dict[Rule, list[Path]] = {
    wrong_imports: sources("firmware", "boards", "host_tools"),
    wrong_sizes: sources("firmware", "boards", "host_tools"),
    missing_docstrings: sources("firmware", "boards", "host_tools"),
    wrong_names: sources("firmware"),
    broad_handlers: [path for path in sources("firmware") if path.name != "app.py"],
    module_state: sources("firmware/islet"),
}
CASES = [(rule, path) for rule, paths in RULES.items() for path in paths]


@pytest.mark.parametrize(
    ("rule", "path"), CASES, ids=[f"{rule.__name__}-{relative(path)}" for rule, path in CASES]
)
def test_file_keeps_the_rule(rule: Rule, path: Path) -> None:
    """Every file of the project, rule by rule; the message lists the places."""
    broken = rule(relative(path), path.read_text(encoding="utf-8"))
    assert not broken, "\n".join(broken)


def test_long_functions_stay_rare() -> None:
    """Functions over 25 lines are a small share of all."""
    texts = [path.read_text(encoding="utf-8") for path in sources("firmware", "boards", "host_tools")]
    sizes = [size for text in texts for _, _, size in functions(text)]
    assert sum(size > LONG_LINES for size in sizes) <= LONG_SHARE * len(sizes)


def test_nothing_is_left_unfinished() -> None:
    """No marker of work to come in any source."""
    left = [
        f"{relative(path)}:{number}"
        for path in sources("firmware", "boards", "host_tools")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not left


@pytest.mark.parametrize(
    ("rule", "place", "source"),
    [
        (wrong_imports, "firmware/islet/names.py", "import math"),
        (wrong_imports, "firmware/islet/base/ramp.py", "from islet.state.image import Image"),
        (wrong_imports, "firmware/islet/control/droop.py", "from islet.state import image"),
        (wrong_imports, "firmware/islet/control/droop.py", "from ..state import image"),
        (wrong_imports, "firmware/islet/plan/planner.py", "def f():\n    import time"),
        (wrong_imports, "firmware/islet/sync/link.py", "import asyncio"),
        (wrong_imports, "firmware/islet/node.py", "from islet.app import run"),
        (wrong_imports, "firmware/islet/app.py", "from islet.control.droop import Droop"),
        (wrong_imports, "firmware/islet/drivers/bus.py", "import islet.drivers_extra"),
        (wrong_imports, "firmware/islet/stray.py", "import math"),
        (wrong_imports, "firmware/main.py", "import machine"),
        (wrong_imports, "boards/hal/rp2.py", "from islet.measure.meter import Meter"),
        (wrong_imports, "boards/sim/board.py", "import machine"),
        (wrong_imports, "host_tools/city/x.py", "import requests"),
        (wrong_imports, "host_tools/city/x.py", "from tests.host import thing"),
        (wrong_sizes, "firmware/islet/node.py", "x = 1\n" * 251),
        (wrong_sizes, "firmware/islet/node.py", "def f():\n" + "    x = 1\n" * 40),
        (missing_docstrings, "firmware/islet/node.py", "x = 1"),
        (missing_docstrings, "firmware/islet/node.py", '"""M."""\ndef f(): pass'),
        (
            missing_docstrings,
            "firmware/islet/node.py",
            '"""M."""\nclass A:\n    """A."""\n    async def f(self): pass',
        ),
        (wrong_names, "firmware/islet/node.py", "def f(load_mw): pass"),
        (wrong_names, "firmware/islet/node.py", "self.grid_kW = 1"),
        (wrong_names, "firmware/islet/node.py", "now = time.time()"),
        (wrong_names, "firmware/islet/node.py", "if sys.implementation.name == 'micropython': pass"),
        (wrong_names, "firmware/islet/node.py", "machine.Pin(1)"),
        (broad_handlers, "firmware/islet/node.py", "try:\n    f()\nexcept:\n    pass"),
        (broad_handlers, "firmware/islet/node.py", "try:\n    f()\nexcept (OSError, Exception):\n    pass"),
        (module_state, "firmware/islet/node.py", "CACHE = []"),
        (module_state, "firmware/islet/node.py", "TABLE = (1, [2])"),
        (module_state, "firmware/islet/node.py", "METER = Meter()"),
        (module_state, "firmware/islet/node.py", "start()"),
        (module_state, "firmware/islet/node.py", "if True:\n    x = 1"),
        (module_state, "firmware/islet/node.py", "class A:\n    shared = {}"),
        (module_state, "firmware/islet/node.py", "def f():\n    global x\n    x = 1"),
    ],
)
def test_rule_catches(rule: Rule, place: str, source: str) -> None:
    """Each rule can fail: one broken line is found once."""
    assert len(rule(place, source)) == 1


@pytest.mark.parametrize(
    ("rule", "place", "source"),
    [
        (
            wrong_imports,
            "firmware/islet/control/droop.py",
            "from islet.control.band import Band\nimport math",
        ),
        (wrong_imports, "firmware/islet/control/droop.py", "from islet import names\nfrom . import band"),
        (wrong_imports, "firmware/islet/node.py", "from islet.plan.planner import Planner"),
        (wrong_imports, "boards/sim/board.py", "from hal import sim"),
        (
            wrong_imports,
            "host_tools/city/x.py",
            "import numpy as np\nfrom sunspec2 import mb\nimport islet.names",
        ),
        (wrong_names, "firmware/islet/node.py", "price_per_kwh = comma = gamma = load_w = step_ms = 1"),
        (
            missing_docstrings,
            "boards/x.py",
            '"""M."""\ndef _f(): pass\nclass A:\n    """A."""\n    def __init__(self): pass',
        ),
        (broad_handlers, "firmware/islet/node.py", "try:\n    f()\nexcept (OSError, ValueError):\n    pass"),
        (
            module_state,
            "firmware/islet/node.py",
            "from micropython import const\nA = const(1)\nB = -A * 2\nC = ('a', math.sqrt(B))",
        ),
    ],
)
def test_rule_permits(rule: Rule, place: str, source: str) -> None:
    """What the house does every day is not flagged."""
    assert rule(place, source) == []
