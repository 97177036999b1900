"""MicroPython's source tree: Debian's files fetched, checked and unpacked, or a checkout that is named."""

import hashlib
import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from host_tools.errors import InputError, RunError
from host_tools.provision.firmware import lock, tools
from host_tools.provision.firmware.steps import Steps

HELPER = (
    "/usr/lib/apt/apt-helper"  # apt's own downloader: mirrors and proxies as the machine has them, no root
)
DEBIAN = "http://deb.debian.org/debian"
TARBALLS = {"micropython": "", "mbedtls": "lib/mbedtls", "lwip": "lib/lwip"}
PACKED = {"pico-sdk-source": "pico-sdk", "tinyusb-source": "tinyusb"}  # below usr/src, to lib/
LOOKED_FOR = ("lib/pico-sdk/README.md", "lib/micropython-lib/README.md")  # by the port's cmake files


def mirror() -> str:
    """Return the Debian mirror: DEBIAN_MIRROR, the machine's own, or Debian's."""
    named = os.environ.get("DEBIAN_MIRROR")
    if named:
        return named.rstrip("/")
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT)", "Created-By: Packages"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    words = [line.split() for line in done.stdout.splitlines()]
    own = [uri.rstrip("/") for uri, *component in words if component == ["main"]]
    return next((uri for uri in own if uri.endswith("/debian")), DEBIAN)


def fetch(source: lock.Source, folder: Path, base: str) -> Path:
    """Return a source's file, downloaded unless it is there; InputError when it cannot be had or differs."""
    path = folder / source.name
    if path.exists() and sha256(path) == source.sha256:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    url = f"{base}/{source.path}".replace("~", "%7e")
    part = path.with_name(path.name + ".part")
    done = subprocess.run(
        [HELPER, "download-file", url, str(part)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or not part.exists():
        raise InputError(_not_there(source, base, done.stderr))
    found = sha256(part)
    if found != source.sha256:
        part.unlink()
        raise InputError(f"{url}: sha256 is {found}, but sources.lock says {source.sha256}; refusing it.")
    return part.replace(path)


def _not_there(source: lock.Source, base: str, said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["no answer"]
    if "404" not in said:
        return (
            f"{source.name} cannot be had from {base} ({lines[0]}); check the network, or set DEBIAN_MIRROR."
        )
    return (
        f"{base} has another version of {source.package} than {source.version} of sources.lock; run "
        "'islet firmware --renew-sources' and build again, or set DEBIAN_MIRROR to a snapshot that has it."
    )


def sha256(path: Path) -> str:
    """Return the file's sha256 in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def unpack(files: dict[str, Path], tree: Path) -> None:
    """Lay the sources' files, by package, into one tree as MicroPython's own checkout has them."""
    tools.need(tools.UNPACK)
    rough = tree.with_name(tree.name + ".part")
    shutil.rmtree(rough, ignore_errors=True)
    for package, place in TARBALLS.items():
        _untar(files[package], rough / place)
    for package, place in PACKED.items():
        target, packed = rough / "lib" / place, rough / "deb"
        subprocess.run(["dpkg-deb", "-x", str(files[package]), str(packed)], check=True)
        if target.is_dir():
            target.rmdir()  # Debian's tarball has an empty one
        (packed / "usr/src" / place).rename(target)
        shutil.rmtree(packed)
    for name in LOOKED_FOR:
        (rough / name).touch()
    rough.rename(tree)


def _untar(archive: Path, target: Path) -> None:
    """Unpack a tarball without its top folder."""
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)  # from Python 3.11.4 on
        for member in tar:
            _, _, member.name = member.name.partition("/")
            if member.islnk():
                _, _, member.linkname = member.linkname.partition("/")
            if member.name:
                tar.extract(member, target)


@dataclass(frozen=True)
class Tree:
    """MicroPython's source: where, its version for the image (empty: git knows), and what tells it from another."""

    path: Path
    tag: str
    identity: str

    def env(self) -> dict[str, str]:
        """Return the environment of its builds."""
        return {"MICROPY_GIT_TAG": self.tag} if self.tag else {}


def find(build: Path, steps: Steps) -> Tree:
    """Return MICROPYTHON_SRC's tree, else that of the locked sources, unpacked below `build`."""
    named = os.environ.get("MICROPYTHON_SRC")
    return _checkout(named) if named else _debian(build, steps)


def _debian(build: Path, steps: Steps) -> Tree:
    sources = lock.read()
    identity = "\n".join(source.line() for source in sources)
    tree = build / f"micropython-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"
    if not tree.exists():
        tools.need(tools.UNPACK)
        base = mirror()
        with steps.step(f"fetching {len(sources)} source files from {base}"):
            files = {source.package: fetch(source, build / "download", base) for source in sources}
        with steps.step(f"unpacking them to {tree}"):
            unpack(files, tree)
    version = next(source.version for source in sources if source.package == "micropython")
    return Tree(tree, "v" + version.split("+")[0], identity)


def _checkout(named: str) -> Tree:
    tree = Path(named).expanduser().resolve()
    if not (tree / "py" / "makeversionhdr.py").exists():
        raise InputError(
            f"MICROPYTHON_SRC={named} is no MicroPython source tree; name a checkout with its submodules."
        )
    describe = ["git", "-C", str(tree), "describe", "--always", "--dirty", "--tags", "--match", "v[1-9].*"]
    done = subprocess.run(describe, capture_output=True, text=True, check=False)
    return Tree(tree, "", done.stdout.strip() or str(tree))


def mpy_cross(tree: Tree, steps: Steps) -> Path:
    """Return the tree's own compiler for .mpy files, built unless it is there."""
    program = tree.path / "mpy-cross" / "build" / "mpy-cross"
    if not program.exists():
        with steps.step("building mpy-cross"):
            jobs = str(os.cpu_count() or 1)
            steps.run(["make", "-C", str(tree.path / "mpy-cross"), "-j", jobs], env=tree.env())
    if not program.exists():
        raise RunError(f"mpy-cross is not where it should be, {program}; see {steps.log}.")
    return program
