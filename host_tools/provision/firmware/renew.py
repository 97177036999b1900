"""Write the lock file of the sources anew: what Debian trixie has now, as its signed index says."""

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

from host_tools.errors import InputError
from host_tools.provision.firmware import lock, sources, tools

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SUITE = "trixie"
FROM_SOURCE = ("micropython", "mbedtls", "lwip")
_URI = re.compile(r"'(\S+)' (\S+) \d+ SHA256:([0-9a-f]{64})")


def renew(build: Path) -> list[str]:
    """Replace the lock file's lines; return what changed. InputError when the index cannot be had or trusted."""
    tools.need(tools.UNPACK)
    if not KEYRING.exists():
        raise InputError(f"{KEYRING} is missing; 'sudo apt install debian-archive-keyring' has it.")
    apt = _apt(build / "apt", sources.mirror())
    _ask([*apt, "update"])
    said = _ask([*apt, "source", "--print-uris", *FROM_SOURCE])
    packed = [name for name in lock.PACKAGES if name not in FROM_SOURCE]
    found = parse(said + _ask([*apt, "download", "--print-uris", *packed]))
    before = {source.package: source for source in lock.read()}
    lock.write(found)
    changed = [
        f"{new.package}: {before[new.package].version} -> {new.version}"
        for new in found
        if new != before[new.package]
    ]
    return changed or ["the lock file is as Debian's index has it."]


def _apt(folder: Path, base: str) -> list[str]:
    """Return apt-get with an index of its own, beside the machine's."""
    (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    listed = folder / f"{SUITE}.sources"
    listed.write_text(
        f"Types: deb deb-src\nURIs: {base}\nSuites: {SUITE}\nComponents: main\nSigned-By: {KEYRING}\n"
    )
    options = {
        "Dir::Etc::sourcelist": listed,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder,
        "APT::Sandbox::User": "root",
    }
    return [
        "apt-get",
        "-qq",
        *(word for name, value in options.items() for word in ("-o", f"{name}={value}")),
    ]


def _ask(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no answer"])[0]
        raise InputError(
            f"Debian's index of {SUITE} cannot be had ({reason}); check the network, or set DEBIAN_MIRROR."
        )
    return done.stdout


def parse(said: str) -> list[lock.Source]:
    """Return the sources of what apt-get --print-uris prints: .orig tarballs and .deb files, by package."""
    version: dict[str, str] = {}
    files: dict[str, tuple[str, str]] = {}
    for uri, name, sha256 in _URI.findall(said):
        package, _, rest = name.partition("_")
        if name.endswith(".dsc"):
            version[package] = rest.removesuffix(".dsc")
        elif ".orig.tar." in name or name.endswith(".deb"):
            version.setdefault(package, rest.rpartition("_")[0])
            files[package] = (unquote(uri[uri.index("pool/") :]), sha256)
    missing = [name for name in lock.PACKAGES if name not in files]
    if missing:
        raise InputError(f"Debian's index of {SUITE} has no {', '.join(missing)}.")
    return [lock.Source(name, version[name], *files[name]) for name in lock.PACKAGES]
