"""MicroPython's name for binascii."""

from binascii import *  # noqa: F403
