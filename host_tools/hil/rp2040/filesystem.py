"""A littlefs image with given files, made by MicroPython's own littlefs on this computer."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from host_tools.errors import RunError
from host_tools.hil.unixport import micropython

BLOCK_BYTES, BLOCKS = 4096, 352  # of the stock board RPI_PICO, 1408 KiB
MAKE = """
import os, sys, vfs
BLOCK, COUNT, LIST, IMAGE = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
class Ram:
    data = bytearray(b"\\xff" * (BLOCK * COUNT))
    def readblocks(self, n, buf, off=0):
        buf[:] = self.data[n * BLOCK + off : n * BLOCK + off + len(buf)]
    def writeblocks(self, n, buf, off=0):
        self.data[n * BLOCK + off : n * BLOCK + off + len(buf)] = buf
    def ioctl(self, op, arg):
        return COUNT if op == 4 else BLOCK if op == 5 else 0
ram = Ram()
vfs.VfsLfs2.mkfs(ram, progsize=256)
fs = vfs.VfsLfs2(ram, progsize=256)
with open(LIST) as names:
    for line in names:
        source, target = line.rstrip("\\n").split("\\t")
        parts = target.split("/")[:-1]
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


def make_image(files: Mapping[str, bytes], folder: Path) -> Path:
    """Write `files` (path on the board -> content) as a littlefs image into `folder`; return its path. RunError."""
    lines = []
    for number, (target, content) in enumerate(files.items()):
        source = folder / f"content_{number}"
        source.write_bytes(content)
        lines.append(f"{source}\t{target}\n")
    listing, image = folder / "listing", folder / "littlefs.img"
    listing.write_text("".join(lines), encoding="utf-8")
    script = folder / "make_image.py"
    script.write_text(MAKE, encoding="utf-8")
    sizes = [str(BLOCK_BYTES), str(BLOCKS)]
    command = [micropython(), "-X", "heapsize=8M", str(script), *sizes, str(listing), str(image)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RunError(f"The littlefs image was not made: {(done.stderr or done.stdout).strip()}")
    return image
