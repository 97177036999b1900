"""MicroPython's compiler hints and heap control, which change nothing on CPython."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])


def const(value: T) -> T:
    """Return the value; MicroPython folds it at compile time."""
    return value


def native(function: F) -> F:
    """Return the function; MicroPython compiles it to machine code."""
    return function


def viper(function: F) -> F:
    """Return the function; MicroPython compiles it to machine code on machine words."""
    return function


def heap_lock() -> None:
    """Do nothing; MicroPython forbids allocation from here on."""


def heap_unlock() -> int:
    """Do nothing; return the depth of locks left."""
    return 0
