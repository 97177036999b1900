"""The lock file of the sources: one Debian file a line, `package==version path sha256:<hex>`."""

import re
from dataclasses import dataclass
from pathlib import Path

from host_tools.errors import InputError

LOCK = Path(__file__).with_name("sources.lock")
PACKAGES = ("micropython", "mbedtls", "lwip", "pico-sdk-source", "tinyusb-source")
_LINE = re.compile(r"([a-z0-9.+-]+)==(\S+) (pool/\S+) sha256:([0-9a-f]{64})\Z")


@dataclass(frozen=True)
class Source:
    """One file of Debian's archive: package, version, path below the mirror, sha256 in hex."""

    package: str
    version: str
    path: str
    sha256: str

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.rsplit("/", 1)[-1]

    def line(self) -> str:
        """Return the line of the lock file."""
        return f"{self.package}=={self.version} {self.path} sha256:{self.sha256}"


def read(path: Path = LOCK) -> list[Source]:
    """Return the sources; InputError names the line that is wrong or the package that is missing."""
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None:
            raise InputError(
                f"{path.name} line {number}: expected 'package==version pool/path sha256:<hex>', got {line!r}."
            )
        found.append(Source(*match.groups()))
    wrong = set(PACKAGES).symmetric_difference(source.package for source in found)
    if wrong or len(found) != len(PACKAGES):
        raise InputError(
            f"{path.name} must have one line for each of {', '.join(PACKAGES)}; look for "
            f"{', '.join(sorted(wrong)) or 'lines that are there twice'}."
        )
    return found


def write(sources: list[Source], path: Path = LOCK) -> None:
    """Replace the lines of the lock file, keeping the comments at its head."""
    head = [line for line in path.read_text().splitlines() if line.startswith("#")]
    path.write_text("\n".join(head + [source.line() for source in sources]) + "\n")
