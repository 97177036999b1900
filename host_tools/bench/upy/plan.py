"""Plans days on MicroPython: settings on the first line, a day on each further one; prints a plan a line."""

import json
import sys
from array import array
from time import ticks_diff, ticks_us  # type: ignore[attr-defined]

from islet.plan.planner import Planner


class Settings:
    """Plain attributes, as islet.config makes them."""


def main() -> None:
    """Answer each day {load_w, pv_w, price, soc_pu} with {ms, grid_w, battery_w, soc_pu}."""
    s = Settings()
    first = json.loads(sys.stdin.readline())
    for name in first["settings"]:
        setattr(s, name, first["settings"][name])
    planner = Planner(s, peak_weight=first["peak_weight"], wear_per_kwh=first["wear_per_kwh"])
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        day = json.loads(line)
        load_w, pv_w = array("f", day["load_w"]), array("f", day["pv_w"])
        start = ticks_us()
        planner.solve(0, load_w, pv_w, day["price"], day["soc_pu"])
        spent_ms = ticks_diff(ticks_us(), start) / 1000
        plan = planner.plan
        answer = {"grid_w": list(plan.grid_w), "battery_w": list(plan.battery_w), "soc_pu": plan.soc_pu[-1]}
        answer["ms"] = spent_ms
        print(json.dumps(answer))


main()
