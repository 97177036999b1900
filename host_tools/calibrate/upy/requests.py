"""Requests of the service as they come over the line, and readings as they go; runs on MicroPython."""

import json

from islet.measure.reference import Mean

MAX_LINE = 1024  # bytes


def parse(line: bytes) -> dict[str, object]:
    """Return the object in a line; raises ValueError."""
    if line[-1:] != b"\n" and len(line) > MAX_LINE:
        raise ValueError("the request is longer than %d bytes" % MAX_LINE)
    try:
        request = json.loads(line)
    except ValueError:
        raise ValueError("the request is not JSON") from None
    if not isinstance(request, dict):
        raise ValueError("the request is not an object")
    return request


def number(request: dict[str, object], name: str, low: float, high: float) -> float:
    """Return a number of a request that lies within its bounds; raises ValueError."""
    value = request.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ValueError("%s is %r, must be a number from %s to %s" % (name, value, low, high))
    return value


def text(request: dict[str, object], name: str, longest: int) -> str:
    """Return text of a request; raises ValueError when it is too long."""
    value = request.get(name)
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError("%s must be text of at most %d letters" % (name, longest))
    return value


def told(mean: Mean) -> dict[str, float]:
    """Return readings as the wire carries them."""
    told = {"v": mean.v, "a": mean.a, "w": mean.w, "var": mean.var, "pf": mean.pf, "hz": mean.hz}
    told["parts"], told["clipped"] = mean.parts, mean.clipped
    return told
