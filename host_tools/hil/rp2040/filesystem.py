"""A littlefs image with given files, made and read by MicroPython's own littlefs on this computer."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from host_tools.errors import RunError
from host_tools.hil.unixport import micropython

RAM = """
import os, sys, vfs
BLOCK, COUNT, LIST, IMAGE = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
class Ram:
    def __init__(self, data):
        self.data = data
    def readblocks(self, n, buf, off=0):
        buf[:] = self.data[n * BLOCK + off : n * BLOCK + off + len(buf)]
    def writeblocks(self, n, buf, off=0):
        self.data[n * BLOCK + off : n * BLOCK + off + len(buf)] = buf
    def ioctl(self, op, arg):
        return COUNT if op == 4 else BLOCK if op == 5 else 0
"""
MAKE = """
ram = Ram(bytearray(b"\\xff" * (BLOCK * COUNT)))
vfs.VfsLfs2.mkfs(ram, progsize=256)
fs = vfs.VfsLfs2(ram, progsize=256)
with open(LIST) as names:
    for line in names:
        source, target = line.rstrip("\\n").split("\\t")
        parts = target.strip("/").split("/")[:-1]
        for k in range(len(parts)):
            try:
                fs.mkdir("/".join(parts[: k + 1]))
            except OSError:
                pass
        with open(source, "rb") as given, fs.open(target, "wb") as made:
            made.write(given.read())
with open(IMAGE, "wb") as image:
    image.write(ram.data)
"""
READ = """
with open(IMAGE, "rb") as image:
    fs = vfs.VfsLfs2(Ram(bytearray(image.read())), progsize=256)
number = 0
def walk(folder, names):
    global number
    for entry in fs.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] == 0x4000:
            walk(path, names)
            continue
        with fs.open(path, "rb") as given, open("%s_%d" % (LIST, number), "wb") as copy:
            copy.write(given.read())
        names.write(path + "\\n")
        number += 1
with open(LIST, "w") as names:
    walk("", names)
"""


def make_image(files: Mapping[str, bytes], folder: Path, block_bytes: int = 4096, blocks: int = 352) -> Path:
    """Write `files` (path on the board -> content) as a littlefs image into `folder`; return its path. RunError."""
    lines = []
    for number, (target, content) in enumerate(files.items()):
        source = folder / f"content_{number}"
        source.write_bytes(content)
        lines.append(f"{source}\t{target}\n")
    listing, image = folder / "listing", folder / "littlefs.img"
    listing.write_text("".join(lines), encoding="utf-8")
    _run(RAM + MAKE, [str(block_bytes), str(blocks), str(listing), str(image)], folder, "made")
    return image


def read_image(data: bytes, block_bytes: int = 4096) -> dict[str, bytes]:
    """Return the files of a littlefs image by their paths, "/folder/name"; RunError when it is none."""
    with TemporaryDirectory(prefix="islet-littlefs-") as name:
        folder = Path(name)
        listing, image = folder / "listing", folder / "littlefs.img"
        image.write_bytes(data)
        sizes = [str(block_bytes), str(len(data) // block_bytes)]
        _run(RAM + READ, [*sizes, str(listing), str(image)], folder, "read")
        paths = listing.read_text(encoding="utf-8").splitlines()
        return {path: Path(f"{listing}_{number}").read_bytes() for number, path in enumerate(paths)}


def _run(source: str, arguments: list[str], folder: Path, what: str) -> None:
    script = folder / "script.py"
    script.write_text(source, encoding="utf-8")
    command = [micropython(), "-X", "heapsize=8M", str(script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RunError(f"The littlefs image was not {what}: {(done.stderr or done.stdout).strip()}")
