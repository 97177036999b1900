"""The programs a build needs, and what they are called in Debian and Ubuntu."""

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from host_tools.errors import InputError

HOST = {"make": "make", "gcc": "gcc libc6-dev"}
ARM = {
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "arm-none-eabi-g++": "gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib",
    "cmake": "cmake",
    "g++": "g++",
}
UNPACK = {"dpkg-deb": "dpkg", "/usr/lib/apt/apt-helper": "apt"}
ARM_HEADERS = {"newlib.h": "libnewlib-arm-none-eabi", "cstdlib": "libstdc++-arm-none-eabi-newlib"}
CPU = {"rp2040": "cortex-m0plus", "rp2350": "cortex-m33"}
LIBRARIES = ("libc.a", "libm.a", "libgcc.a")


def need(programs: dict[str, str], find: Callable[[str], object] = shutil.which) -> None:
    """Raise InputError with the line to type when a program of {program: packages} is missing."""
    missing = [program for program in programs if find(program) is None]
    if missing:
        packages = sorted({word for program in missing for word in programs[program].split()})
        _refuse(missing, packages)


def need_libraries(has: Callable[[str], bool] | None = None) -> None:
    """Raise InputError when the cross compiler has no C or C++ library."""
    has = has or _compiles
    missing = [header for header in ARM_HEADERS if not has(header)]
    if missing:
        _refuse(missing, [ARM_HEADERS[header] for header in missing])


def _refuse(missing: Iterable[str], packages: Iterable[str]) -> None:
    raise InputError(
        f"building an image needs {', '.join(missing)}; install with 'sudo apt install {' '.join(packages)}'."
    )


def _compiles(header: str) -> bool:
    language = "c++" if header == "cstdlib" else "c"
    command = ["arm-none-eabi-gcc", "-mcpu=cortex-m0plus", "-mthumb", "-x", language, "-fsyntax-only", "-"]
    return (
        subprocess.run(command, input=f"#include <{header}>\n", text=True, capture_output=True).returncode
        == 0
    )


@cache
def fingerprint(chip: str) -> str:
    """Return what tells one cross compiler with its libraries from another: versions and hashes of libraries."""
    words = [_ask("arm-none-eabi-gcc", "--version"), _ask("arm-none-eabi-ld", "--version")]
    for library in LIBRARIES:
        path = _ask("arm-none-eabi-gcc", f"-mcpu={CPU[chip]}", "-mthumb", f"-print-file-name={library}")
        words.append(hashlib.sha256(Path(path).read_bytes()).hexdigest())
    return "\n".join(words)


def _ask(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0].strip()
