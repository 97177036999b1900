"""The scripts that are sent to a board: they share one space of names there."""

import ast
from collections import Counter

from host_tools.board.line import ON_BOARD


def test_no_two_scripts_define_one_name() -> None:
    """What one defines another must not replace, imports of one and the same thing excepted."""
    defined: Counter[str] = Counter()
    imported: dict[str, set[str]] = {}
    for path in ON_BOARD.glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                defined[node.name] += 1
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                defined.update(
                    name.id for one in targets for name in ast.walk(one) if isinstance(name, ast.Name)
                )
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                place = getattr(node, "module", "")
                for one in node.names:
                    imported.setdefault(one.asname or one.name, set()).add(f"{place}.{one.name}")
    assert len(defined) > 40
    assert {name: count for name, count in defined.items() if count > 1} == {}
    assert set(defined) & set(imported) == set()
    assert {name: places for name, places in imported.items() if len(places) > 1} == {}
