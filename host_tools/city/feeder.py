"""The IEEE European low-voltage test feeder as plain arrays: 907 nodes, 55 single-phase service points.

pandapower ships the feeder; importing it takes seconds, so the arrays are kept in a cache folder.
"""

import importlib
import importlib.metadata
import math
import os
import warnings
import zipfile
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.errors import InputError
from host_tools.plant.types import Bools, Floats, Ints

FORMAT = 1  # of the cached file
SEED = 19  # of the homes' order; of 60 tried, the one with the least spread of voltages for 17 homes
# kVA: load loss W at 75 degC, Regulation (EU) 548/2014, table I.1, liquid-filled, class Ck; 75 kVA in between
LOAD_LOSS_W = {25: 900, 50: 1100, 75: 1425, 100: 1750, 160: 2350, 250: 3250, 400: 4600, 630: 6500, 800: 8400}
KVA_PER_HOME = 2.5
UK_PU = 0.04
HV_V = 11_000.0
LV_V = 400.0  # 230 V to neutral; the test feeder's own 416 V transformer belongs to 240 V


@dataclass(frozen=True)
class Feeder:
    """Arrays in SI units; L lines, S service points; node 0 is the source, node 1 the low-voltage busbar."""

    nodes: int
    line_name: np.ndarray[Any, np.dtype[np.str_]]  # [L]
    line_from: Ints  # [L]
    line_to: Ints  # [L]
    line_r1_ohm: Floats  # [L] positive sequence
    line_x1_ohm: Floats  # [L]
    line_r0_ohm: Floats  # [L] zero sequence
    line_x0_ohm: Floats  # [L]
    line_rating_a: Floats  # [L] the test feeder gives every cable 421 A
    service_node: Ints  # [S] in the order in which homes take them
    service_phase: Ints  # [S] 0, 1, 2

    @cached_property
    def path(self) -> Bools:
        """Which lines feed which service point, [S, L]; the feeder is a tree."""
        line_into = {int(node): line for line, node in enumerate(self.line_to)}
        paths = np.zeros((len(self.service_node), len(self.line_to)), dtype=np.bool_)
        for service, node in enumerate(self.service_node):
            at = int(node)
            while at in line_into:
                line = line_into[at]
                paths[service, line] = True
                at = int(self.line_from[line])
        return paths


@dataclass(frozen=True)
class Transformer:
    """Delta-wye transformer 11/0.4 kV."""

    rated_va: float
    load_loss_w: float
    uk_pu: float = UK_PU

    @property
    def rated_a(self) -> float:
        """Rated current of a low-voltage winding."""
        return self.rated_va / (math.sqrt(3.0) * LV_V)


def transformer_for(homes: int, kva: float | None = None) -> Transformer:
    """Return the smallest standard transformer with 2.5 kVA a home, or one of `kva`; raises InputError."""
    sizes = np.array(list(LOAD_LOSS_W), dtype=np.float64)
    if kva is None:
        kva = float(next((size for size in sizes if size >= KVA_PER_HOME * homes), sizes[-1]))
    if not (np.isfinite(kva) and kva > 0.0):
        raise InputError(f"transformer of {kva} kVA: the rating must be positive; choose for example 50")
    losses = np.array(list(LOAD_LOSS_W.values()), dtype=np.float64)
    inside = float(np.clip(kva, sizes[0], sizes[-1]))
    loss = float(np.interp(inside, sizes, losses)) * kva / inside
    return Transformer(rated_va=1000.0 * kva, load_loss_w=loss)


def load_feeder(cache_dir: Path) -> Feeder:
    """Return the feeder, cached by pandapower's version; raises InputError when it cannot be made."""
    try:
        version = importlib.metadata.version("pandapower")
    except importlib.metadata.PackageNotFoundError:
        raise InputError("network: the package pandapower is not installed; run `make setup`") from None
    path = cache_dir / f"feeder-{FORMAT}-pandapower-{version}.npz"
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Feeder(nodes=int(arrays["nodes"]), **{name: arrays[name] for name in _array_names()})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):  # absent or damaged: make it again
        feeder = import_feeder()
        _save(path, feeder)
        return feeder


def import_feeder() -> Feeder:
    """Return the feeder converted from pandapower.networks.ieee_european_lv_asymmetric."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = importlib.import_module("pandapower.networks").ieee_european_lv_asymmetric()
    line, load = net.line, net.asymmetric_load
    length = line.length_km.to_numpy(np.float64)
    ohm = {name: line[f"{name}_ohm_per_km"].to_numpy(np.float64) * length for name in ("r", "x", "r0", "x0")}
    phase = np.argmax(load[["p_a_mw", "p_b_mw", "p_c_mw"]].to_numpy(np.float64) > 0.0, axis=1)
    order = _service_order(phase)
    return Feeder(
        nodes=len(net.bus),
        line_name=np.array([str(name) for name in line["name"]], dtype=np.str_),
        line_from=line.from_bus.to_numpy(np.int64),
        line_to=line.to_bus.to_numpy(np.int64),
        line_r1_ohm=ohm["r"],
        line_x1_ohm=ohm["x"],
        line_r0_ohm=ohm["r0"],
        line_x0_ohm=ohm["x0"],
        line_rating_a=line.max_i_ka.to_numpy(np.float64) * 1000.0,
        service_node=load.bus.to_numpy(np.int64)[order],
        service_phase=phase[order].astype(np.int64),
    )


def _service_order(phase: Ints) -> Ints:
    """Return the points in a fixed order that takes phases A, B, C, C, B, A ... while they last."""
    shuffled = np.random.default_rng(SEED).permutation(len(phase))
    turn = np.empty(len(phase), dtype=np.int64)
    for each in range(3):
        members = shuffled[phase[shuffled] == each]
        pair, second = np.divmod(np.arange(len(members)), 2)
        turn[members] = 6 * pair + np.where(second == 1, 5 - each, each)
    return np.argsort(turn).astype(np.int64)


def _array_names() -> list[str]:
    return [f.name for f in fields(Feeder) if f.name != "nodes"]


def _save(path: Path, feeder: Feeder) -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.savez(file, nodes=feeder.nodes, **{name: getattr(feeder, name) for name in _array_names()})
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error}); choose another folder") from None
