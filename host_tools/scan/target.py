"""What `islet scan` is asked to look at: the address as a URL, units as ranges, odd maps as base,unit."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlsplit

from host_tools.errors import InputError

PORTS = (502, 1502)  # Modbus (IANA), Kostal
UNITS_TCP = (1, 126, 71, 200, 2, 3)  # most makers, SMA, Kostal, a meter at Fronius, then the next ones
UNITS_RTU = tuple(range(1, 11))
UNIT_MAX = {"tcp": 255, "rtu": 247}  # over a line 248 to 255 are reserved
BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
_EXAMPLE = "write tcp://192.168.1.20:502 or rtu:///dev/ttyUSB0?baud=9600&parity=N&units=1-10"
_OPTIONS = ("baud", "parity", "stop", "units")


@dataclass(frozen=True)
class Target:
    """One TCP host with the ports to try, or one serial line; `units` in the order in which they are tried."""

    kind: str  # tcp or rtu
    place: str  # host, or path of the tty
    units: tuple[int, ...]
    ports: tuple[int, ...] = ()
    baud: int = 9600
    parity: str = "N"
    stop_bits: int = 1


@dataclass(frozen=True)
class At:
    """Where a map is said to begin."""

    base: int
    unit: int


def parse(url: str, units: str | None = None, usual: tuple[int, ...] = ()) -> Target:
    """Return the target of a URL; units given besides go before those in it, usual ones stand where none are.

    InputError says what is wrong.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InputError(f"{url!r} is not an address ({error}); {_EXAMPLE}.") from error
    if parts.scheme == "tcp":
        return _tcp(url, parts, port, units, usual or UNITS_TCP)
    if parts.scheme == "rtu":
        return _rtu(url, parts, units, usual or UNITS_RTU)
    raise InputError(f"{url!r} is not an address of a Modbus line; {_EXAMPLE}.")


def _tcp(url: str, parts: SplitResult, port: int | None, units: str | None, usual: tuple[int, ...]) -> Target:
    if not parts.hostname or parts.path not in ("", "/") or port == 0:
        raise InputError(f"{url!r} is not tcp://HOST[:PORT]; {_EXAMPLE}.")
    options = _options(url, parts.query, ("units",))
    chosen = parse_units(units or options.get("units"), "tcp", usual)
    return Target("tcp", parts.hostname, chosen, ports=(port,) if port else PORTS)


def _rtu(url: str, parts: SplitResult, units: str | None, usual: tuple[int, ...]) -> Target:
    if parts.netloc or len(parts.path) < 2:
        raise InputError(f"{url!r} has no path of a serial port after three slashes; {_EXAMPLE}.")
    options = _options(url, parts.query, _OPTIONS)
    baud, parity, stop = options.get("baud", "9600"), options.get("parity", "N"), options.get("stop", "1")
    if not baud.isdecimal() or int(baud) not in BAUDS:
        raise InputError(f"baud is {baud!r}, it must be one of {', '.join(map(str, BAUDS))}.")
    if parity not in ("N", "E", "O"):
        raise InputError(f"parity is {parity!r}, it must be N, E or O.")
    if stop not in ("1", "2"):
        raise InputError(f"stop is {stop!r}, it must be 1 or 2.")
    chosen = parse_units(units or options.get("units"), "rtu", usual)
    return Target("rtu", parts.path, chosen, baud=int(baud), parity=parity, stop_bits=int(stop))


def _options(url: str, query: str, known: tuple[str, ...]) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in known:
            raise InputError(f"{name!r} in {url!r} is not known; there {_are(known)}.")
    return options


def _are(known: tuple[str, ...]) -> str:
    return f"is {known[0]}" if len(known) == 1 else f"are {', '.join(known[:-1])} and {known[-1]}"


def parse_units(text: str | None, kind: str, usual: tuple[int, ...]) -> tuple[int, ...]:
    """Return the units of a text such as 1-20,126 in its order, each once; the usual ones for None."""
    if text is None:
        return usual
    units: dict[int, None] = {}
    for part in text.split(","):
        found = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", part.strip())
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        least = 0 if kind == "tcp" else 1
        if not least <= first <= last <= UNIT_MAX[kind]:
            raise InputError(
                f"{text!r} is not a range of units; write for example 1-20 or 1,126 "
                f"({least} to {UNIT_MAX[kind]} on {kind})."
            )
        units.update(dict.fromkeys(range(first, last + 1)))
    return tuple(units)


def parse_at(text: str) -> At:
    """Return where a map begins, from BASE,UNIT; InputError when it is something else."""
    found = re.fullmatch(r"(\d{1,5}),(\d{1,3})", text.replace(" ", ""))
    if not found or int(found[1]) > 65533 or int(found[2]) > 255:
        raise InputError(f"{text!r} is not BASE,UNIT; write for example 40000,1.")
    return At(int(found[1]), int(found[2]))
