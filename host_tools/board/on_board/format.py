"""Makes the file system of an RP2 board anew."""

import rp2
import vfs


def format() -> None:
    """Lose all files."""
    device = rp2.Flash()
    vfs.umount("/")
    vfs.VfsLfs2.mkfs(device, progsize=256)
    vfs.mount(vfs.VfsLfs2(device, progsize=256), "/")  # type: ignore[abstract] # the stub takes it for a protocol
