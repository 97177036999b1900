"""Freezes what a board needs of this project: boot.py, main.py, its board.py, and all that these import.

    include("manifest_islet.py", board="pico", also=("islet.drivers.ads131m04",))

`also` names modules that are loaded some other way. A frozen boot.py or main.py runs, not one on the file system.
"""

import ast
import os

OPT = 3  # neither assertions nor line numbers
options.defaults(also=())
bases = ("../firmware", ".", options.board, "../build/lib")  # islet, hal, board, umqtt


def place(name):
    """Return (base, file) of a module of ours, or None."""
    path = name.replace(".", "/")
    for base in bases:
        for file in (path + ".py", path + "/__init__.py"):
            if os.path.exists(os.path.join(base, file)):
                return base, file
    return None


def imports(tree):
    """Return the names a module imports, those inside functions too."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module] + [node.module + "." + alias.name for alias in node.names]
    return names


def reached(names):
    """Return the sorted (base, file) of modules and all they import, but no package that is only a docstring."""
    found, seen, left = [], set(), list(names)
    while left:
        where = place(left.pop())
        if where is None or where in seen:
            continue
        seen.add(where)
        with open(os.path.join(*where), encoding="utf-8") as file:
            tree = ast.parse(file.read())
        left += imports(tree)
        if not (
            where[1].endswith("__init__.py") and len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr)
        ):
            found.append(where)
    return sorted(found)


for base, file in reached(("boot", "main", "board", *options.also)):
    freeze(base, file, opt=OPT)
