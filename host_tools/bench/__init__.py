"""Every number the README quotes, one file a number; each module has `measure(quick) -> dict`."""

import importlib
import json
import pkgutil


def names() -> list[str]:
    """Return the names of all benchmarks."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def run(name: str, quick: bool) -> None:
    """Run one benchmark and print its JSON line last."""
    module = importlib.import_module(f"{__name__}.{name}")
    print(json.dumps({"bench": name, **module.measure(quick)}), flush=True)
