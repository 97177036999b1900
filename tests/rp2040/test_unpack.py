"""What a frame of the ADS131M04 costs on the emulated chip: bytecode and native, with equal codes."""

from pathlib import Path

import pytest
from rp2040_board import ROOT, Compile

from host_tools.hil.rp2040.rig import Rig

SCRIPT = """
import json
from array import array
from time import ticks_diff, ticks_us
from hal import ads131m04_viper
from islet.drivers.ads131m04_link import crc_table, unpack
table, codes = crc_table(), array("H", bytes(8))
frame, crc = bytearray(range(18)), 0xFFFF
for byte in frame[:15]:
    crc = ((crc << 8) & 0xFF00) ^ table[(crc >> 8) ^ byte]
frame[15], frame[16] = crc >> 8, crc & 0xFF
found = []
for work in (unpack, ads131m04_viper.unpack):
    since = ticks_us()
    for _ in range(50):
        work(frame, table, codes, 0)
    found.append([ticks_diff(ticks_us(), since) / 50, list(codes)])
print(json.dumps(found))
"""


def test_native_unpacking_is_faster(
    image: Path, compiled: Compile, capsys: pytest.CaptureFixture[str]
) -> None:
    """At 1000 sets a second there is 1 ms for a set, its transfer and all else."""
    firmware = ROOT / "firmware"
    names = ("islet/__init__", "islet/drivers/__init__", "islet/drivers/ads131m04_link")
    files = {f"{name}.mpy": compiled(firmware / f"{name}.py") for name in names}
    files |= {
        f"hal/{name}.mpy": compiled(ROOT / f"boards/hal/{name}.py")
        for name in ("__init__", "ads131m04_viper")
    }
    with Rig(image, files) as rig:
        (plain_us, plain), (native_us, native) = rig.json(SCRIPT)
    with capsys.disabled():
        print(
            f"\nus a frame of the ADS131M04 on the emulated RP2040: bytecode {plain_us:.0f}, native {native_us:.0f}"
        )
    assert plain == native
    assert native_us < 100
    assert plain_us > 5 * native_us
