"""A new node's folder: a fresh key, and settings with comments that say what to fill in."""

import os
from pathlib import Path

from host_tools.errors import InputError
from host_tools.provision import keys

SETTINGS = """\
# Settings of the node {node}; docs/settings.md has all of them with their ranges. What is not here has its default.
site = "{site}"
node = "{node}"
mqtt_host = "192.168.1.10"   # the broker
f0_hz = 50
v_nominal_v = 230

battery_rated_w = 0          # of the battery inverter; 0: there is none, or it may only be read
battery_wh = 0
pv_rated_w = 4000

main_fuse_a = 35             # in each phase; 0: not watched
import_rated_w = 13800       # of the connection
export_rated_w = 10000

transfer_owner = "{owner}"   # who drives the contactor: board (it must see both sides of it), inverter, ats
grid_code = "site"           # what must be ridden through: site, ieee1547_1, ieee1547_2, ieee1547_3, en50549, vde4105
remote_island = "off"        # what signed commands may ask for: off, outage, all
utc_offset_s = 3600

# What a kWh costs, one price for each local hour from midnight on.
price_per_kwh = [
  0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.30, 0.30, 0.30, 0.30, 0.30, 0.30,
  0.30, 0.30, 0.30, 0.30, 0.30, 0.35, 0.35, 0.35, 0.35, 0.30, 0.25, 0.25,
]
"""
DEVICES = """\
# What hangs on the node's lines; docs/settings.md has the keys, 'islet profiles list' the drivers.
# 'islet scan' finds what answers on a line. With nothing here the node only meters.
lines = []
devices = []

# Remove the two lines above and fill in, for example:
# [[lines]]
# name = "wire"
# kind = "rtu"
# device = "uart1"           # the board's name of the line: boards/BOARD/README.md
# baud = 9600
# parity = "N"
#
# [[devices]]
# name = "roof"
# line = "wire"
# unit = 1
# role = "inverter"          # inverter, battery, meter, charger, genset, switch
# driver = "sunspec"         # or a profile
# rated_w = 4000
"""
NETWORK = """\
# The way to the broker. kind: wlan, lan, ppp (a computer on a serial line), none.
kind = "none"
# ssid = "name of the WLAN"
# key = "its passphrase"
# time_server = "192.168.1.1"
# static = ["192.168.1.20", "255.255.255.0", "192.168.1.1", "192.168.1.1"]
"""


def make(folder: Path, site: str, node: str, owner: str = "inverter") -> list[Path]:
    """Make the folder, readable by its owner only; InputError when it has something in it."""
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty; name a new folder, so that no key is replaced.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        keys.create_key(folder, (site, node))
    except ValueError as error:
        raise InputError(f"{error}.") from None
    texts = {
        "settings": SETTINGS.format(site=site, node=node, owner=owner),
        "devices": DEVICES,
        "network": NETWORK,
    }
    for name, text in texts.items():
        with os.fdopen(os.open(folder / f"{name}.toml", os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(text)
    return sorted(folder.iterdir())
