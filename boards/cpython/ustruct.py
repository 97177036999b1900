"""MicroPython's name for struct."""

from struct import *  # noqa: F403
