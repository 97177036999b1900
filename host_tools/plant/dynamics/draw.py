"""Random numbers that depend on seed, building and purpose alone, not on how many others there are."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from host_tools.plant.types import Floats, Ints

PHASE, TRAVEL, BOUNCE, GAIN, NOISE = range(5)  # purposes

_Words = NDArray[np.uint64]
_GOLDEN = np.array([0x9E3779B97F4A7C15], dtype=np.uint64)


def _words(values: ArrayLike) -> _Words:
    return np.atleast_1d(np.asarray(values, dtype=np.int64)).astype(np.uint64)


def _mixed(words: _Words) -> _Words:
    """Return words scrambled (the finaliser of splitmix64, Steele, Lea and Flood 2014)."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def uniform(seed: int, ids: Ints, purpose: int, count: Ints | int) -> Floats:
    """Return numbers in [0, 1) for each building [N]; count tells one draw from the next."""
    words = _mixed(_words(ids) + _GOLDEN * _words(seed + 1))
    words = _mixed(words + _GOLDEN * _words(purpose + 1))
    words = _mixed(words ^ (_GOLDEN * (_words(count) + _words(1))))
    return np.asarray((words >> np.uint64(11)).astype(np.float64) * 2.0**-53, dtype=np.float64)
