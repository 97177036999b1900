"""The devices of a node, as the file in its store has them."""

import json
from pathlib import Path
from typing import Any

from islet import devices

PV_UNIT = 1
BATTERY_UNIT = 2


def usual(
    host: str, port: int, pv_rated_w: float, battery_rated_w: float, battery_wh: float
) -> dict[str, Any]:
    """Return a PV inverter at unit 1 and a battery at unit 2 of one SunSpec line over TCP."""
    line = {"name": "bus", "kind": "tcp", "host": host, "port": port}
    pv = {"name": "pv", "line": "bus", "unit": PV_UNIT, "role": "inverter", "driver": "sunspec"}
    battery = {"name": "battery", "line": "bus", "unit": BATTERY_UNIT, "role": "battery", "driver": "sunspec"}
    return {
        "lines": [line],
        "devices": [
            {**pv, "rated_w": pv_rated_w},
            {**battery, "rated_w": battery_rated_w, "capacity_wh": battery_wh},
        ],
    }


def store(home: Path, found: dict[str, Any]) -> None:
    """Write the devices into a node's home; ValueError when the node would not take them."""
    text = json.dumps(found).encode()
    devices.load(text)
    (home / devices.FILE).write_bytes(text)
