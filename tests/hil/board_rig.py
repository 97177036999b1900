"""What the tests of the tools for boards share: the emulated board on a pty, and its boot loader."""

import json
import os
from pathlib import Path

from rp2040py.device.load_flash import load_uf2

from host_tools.hil import usual
from host_tools.hil.rp2040.rig import Rig
from host_tools.provision import keys

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "build" / "firmware" / "rp2040_emulated.uf2"
BOOT_MAGIC = 0xB007C0D3  # RP2040 datasheet 2.8.1.1: the boot ROM then jumps to SCRATCH7
ROM_END = 0x4000
INFO = "UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: RPI-RP2\n"  # what the boot ROM's volume shows
SITE, NODE = "f1", "b01"
SECRET = "correct horse battery"


def image() -> Path | None:
    """Return the emulated board's image, None when there is none."""
    path = Path(os.environ.get("ISLET_RP2040_APP_IMAGE", BUILT))
    return path if path.exists() else None


REASON = f"no image of the emulated board: ISLET_RP2040_APP_IMAGE names none and {BUILT.name} is not built"


class BootLoader:
    """Stands in for the boot ROM's USB volume: a folder that takes a whole .uf2, puts it in the flash and starts it.

    It is entered as on the chip: the firmware asks the watchdog to restart into the ROM (machine.bootloader()).
    """

    waiting = False

    def __init__(self, rig: Rig, folder: Path) -> None:
        self._rig, self._folder = rig, folder
        self.entered = self.loaded = 0
        self._before = rig.mcu.watchdog.on_watchdog_trigger
        rig.mcu.watchdog.on_watchdog_trigger = self._reset
        rig.engine.ports.append(self)
        self._active = False

    def files(self) -> list[int]:
        """As engine.Port."""
        return []

    def _reset(self) -> None:
        scratch = self._rig.mcu.watchdog.scratch_data
        if scratch[4] != BOOT_MAGIC or scratch[7] >= ROM_END:
            self._before()
            return
        self.entered += 1
        self._active = True
        self._rig.engine.on = False
        self._rig.engine.stop()
        self._rig.console.reset()
        (self._folder / "INFO_UF2.TXT").write_text(INFO)

    def poll(self) -> None:
        """Take the image as soon as all its blocks are there."""
        for path in self._folder.glob("*.uf2") if self._active else ():
            head = path.read_bytes()[:512]
            if len(head) == 512 and path.stat().st_size == 512 * int.from_bytes(head[24:28], "little"):
                load_uf2(path, self._rig.mcu)
                path.unlink()
                (self._folder / "INFO_UF2.TXT").unlink()
                self._active = False
                self.loaded += 1
                self._rig.boot()


def make_folder(folder: Path, **settings: object) -> Path:
    """Make the folder of a node that meters one serial line's inverter."""
    folder.mkdir(mode=0o700)
    found = usual.settings(battery_rated_w=0, battery_wh=0, **settings)
    (folder / "settings.json").write_text(json.dumps(found))
    (folder / "devices.toml").write_text(
        '[[lines]]\nname = "wire"\nkind = "rtu"\ndevice = "uart1"\nbaud = 19200\n'
        '[[devices]]\nname = "roof"\nline = "wire"\nunit = 1\nrole = "inverter"\ndriver = "sunspec"\n'
        '[[devices]]\nname = "ghost"\nline = "wire"\nunit = 9\nrole = "meter"\ndriver = "eastron_sdm630"\n'
    )
    (folder / "network.toml").write_text(f'kind = "wlan"\nssid = "house"\nkey = "{SECRET}"\n')
    os.chmod(folder / "network.toml", 0o600)
    keys.create_key(folder, (found["site"], found["node"]))
    return folder
