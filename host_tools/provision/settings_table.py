"""The table of docs/settings.md, made from the firmware's own table: `python -m host_tools.provision.settings_table`.

With a file as argument, the table between its marks is replaced; without, it is printed.
"""

import sys
from pathlib import Path

from islet import config

BEGIN = "<!-- settings: begin -->"
END = "<!-- settings: end -->"
HEAD = "| setting | default | range | meaning |\n|---|---|---|---|"

WORD_MEANINGS = {
    "site": "site of the node, the first level of its topics: in the demo the feeder, `f1`",
    "node": "name of the node, the second level of its topics; commands must carry it",
    "mqtt_host": "host of the broker",
}
CHOICE_MEANINGS = {
    "loss_profile": "`fast_transfer` opens at once under `fast_open_pu`; `ride_through` waits as `grid_code` says",
    "grid_code": "what must be ridden through, and what not: `site` is the limits above and `ride_s`",
    "transfer_owner": "who drives the contactor: this board, the inverter, or an automatic transfer switch",
    "remote_island": "what signed commands may ask for: nothing, announced outages, or any planned island",
    "neutral_bond": "who ties neutral to earth in an island",
    "island_network": "which droop law fits: `inductive` is P-f and Q-V, `resistive` P-V and Q-f",
    "volt_var": "reactive power by voltage: IEEE 1547 curve of category A or B",
    "volt_watt": "active power by voltage (IEEE 1547-2018, 5.4.2)",
}
PRICE_MEANING = "price of a bought kWh, a list of 24, one for each local hour from midnight on"
MEANINGS = {
    "f0_hz": "nominal frequency",
    "v_nominal_v": "nominal voltage, line to neutral",
    "battery_rated_w": "rating of the battery inverter, charging and discharging",
    "battery_wh": "capacity of the battery",
    "pv_rated_w": "rating of the PV inverter; a PV limit at the rating means free",
    "soc_min_pu": "charge below which the battery is not discharged",
    "soc_max_pu": "charge above which the battery is not charged",
    "reserve_soc_pu": "charge kept for an outage while on the grid",
    "storm_reserve_soc_pu": "charge kept before an announced outage",
    "outage_lead_s": "how long before an announced outage the building leaves the grid",
    "practice_s": "length of a practice island",
    "practice_soc_pu": "charge below which practice is refused",
    "genset_w": "rating of genset or cogeneration; 0: there is none",
    "genset_min_run_s": "shortest run of a genset",
    "genset_start_soc_pu": "charge at which an island starts its genset",
    "genset_stop_soc_pu": "charge at which it may stop",
    "ev_discharge_w": "what cars may give back in an island; 0: nothing",
    "ev_soc_min_pu": "charge of a car below which it gives nothing back",
    "normal_share_pu": "share of the load in the group `normal`, until it is learned",
    "deferrable_share_pu": "share of the load in the group `deferrable`, until it is learned",
    "shed_min_off_s": "how long a group that was shed stays off",
    "shed_min_on_s": "how long a group that was given back stays on, an overload excepted",
    "cold_load_pu": "what a group draws after a long time off, against its usual load",
    "cold_load_s": "time constant in which that fades",
    "phase_rated_w": "rating of the battery inverter in one phase; 0: an equal share of its rating",
    "main_fuse_a": "main fuse in each phase; 0: not watched",
    "autonomy_s": "how long an island must last; load groups are shed for it",
    "import_rated_w": "rating of the connection for imports; goes before the reserve",
    "export_rated_w": "rating of the connection for exports",
    "default_import_w": "import limit while no envelope's lease lives",
    "default_export_w": "export limit while no envelope's lease lives",
    "plan_slot_s": "length of a slot of forecast and plan; give a whole part of the day",
    "peak_weight": "cost of high imports, in currency per kWh and kW: each kW imported is dearer than the last",
    "wear_per_kwh": "cost of a kWh stored or taken",
    "reserve_per_kwh_h": "cost of an hour with a kWh missing from the reserve",
    "feed_in_per_kwh": "price of a sold kWh",
    "utc_offset_s": "local time minus UTC, the same all year",
    "v_min_pu": "grid voltage below which the grid is abnormal",
    "v_max_pu": "grid voltage above which the grid is abnormal",
    "hz_min": "grid frequency below which the grid is abnormal",
    "hz_max": "grid frequency above which the grid is abnormal",
    "fast_open_pu": "grid voltage below which the contactor opens at once",
    "ride_s": "how long an abnormal grid is ridden through before the contactor opens",
    "rocof_trip_hz_per_s": "rate of change of frequency above which the grid is lost; 0: never by that",
    "rocof_trip_s": "for how long it must last",
    "enter_v_min_pu": "lowest grid voltage to return to (IEEE 1547-2018, 4.10)",
    "enter_v_max_pu": "highest grid voltage to return to",
    "enter_hz_min": "lowest grid frequency to return to",
    "enter_hz_max": "highest grid frequency to return to",
    "enter_service_s": "how long the grid must have been fit before the building returns",
    "reconnect_rank": "place in the order in which buildings return",
    "reconnect_spacing_s": "added to `enter_service_s` once for each rank",
    "soft_return_s": "ramp of the import limit after the return",
    "sync_hz": "largest slip at which the contactor may be ordered to close",
    "sync_v_pu": "largest voltage difference at which it may",
    "sync_rad": "largest angle at which it may; the door has a fixed limit of 20 degrees beside it",
    "sync_dwell_ms": "how long slip, voltage and angle must have fitted without a break",
    "slip_hz": "largest slip aimed at while synchronising, far from zero angle",
    "sync_relay": "1: a synchronism-check relay is fitted, and its contact must permit closing too",
    "contactor_close_ms": "time from the order to the contacts meeting",
    "contactor_open_ms": "time from the order to the contacts parting",
    "droop_pu": "frequency fall of the forming inverter at rated discharge; must be the inverter's own",
    "v_droop_pu": "voltage fall of the forming inverter at rated reactive power; must be the inverter's own",
    "restore_gain": "share of a frequency or voltage error corrected a sample; held to what is stable with the delay",
    "restore_delay_samples": "samples from a reading to the effect of a set-point: bus, inverter, meter",
    "form_timeout_s": "how long forming may take before it counts as failed",
    "resync_timeout_s": "how long one attempt to synchronise may take",
    "report_s": "seconds between reports, on full multiples of UTC",
    "step_max_ms": "longest pause between two control steps: 0 on a board, 60000 in the lockstep simulation",
    "mqtt_port": "TCP port of the broker",
}


def plain(value: float) -> str:
    """Return a number without an exponent and without a needless fraction."""
    return f"{value:.10g}"


def rows() -> list[str]:
    """Return a Markdown row for each setting; KeyError names a setting that has no meaning here."""
    spans = dict.fromkeys(config.NAMES, f"word of 1 to {config.MAX_NAME} letters, digits, `_` `-`")
    spans |= dict.fromkeys(config.HOSTS, f"the same to {config.MAX_HOST}, and `.` `:`")
    found = [f"| `{name}` | must be given | {span} | {WORD_MEANINGS[name]} |" for name, span in spans.items()]
    for name, default, low, high in config.NUMBERS:
        shown = "must be given" if default is None else plain(default)
        found.append(f"| `{name}` | {shown} | {plain(low)} to {plain(high)} | {MEANINGS[name]} |")
    for name, chosen, words in config.CHOICES:
        shown = ", ".join(f"`{word}`" for word in words)
        found.append(f"| `{name}` | `{chosen}` | {shown} | {CHOICE_MEANINGS[name]} |")
    found.append(
        f"| `price_per_kwh` | must be given | {config.PRICES} numbers, -10 to 10 | {PRICE_MEANING} |"
    )
    return found


def table() -> str:
    """Return the whole table with its marks."""
    return "\n".join([BEGIN, HEAD, *rows(), END])


def replaced(text: str) -> str:
    """Return a document with its table made anew; ValueError without the marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no {BEGIN} ... {END} in the document")
    return before + table() + after


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_text(replaced(path.read_text(encoding="utf-8")), encoding="utf-8")
    if not sys.argv[1:]:
        print(table())
