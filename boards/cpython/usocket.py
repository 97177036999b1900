"""MicroPython's name for socket."""

from socket import *  # noqa: F403
