"""The figures that a case measures and may set limits to: all of the plant's truth but the states and reasons."""

from dataclasses import dataclass

NUMBER, TEXT, LIST = "a number", "a text", "a list of states"


@dataclass(frozen=True)
class Figure:
    """A figure's unit, kind of value and meaning."""

    unit: str
    meaning: str
    kind: str = NUMBER


FIGURES: dict[str, Figure] = {
    "detect_ms": Figure("ms", "from the first trouble of the grid to the fast path's suspicion"),
    "order_ms": Figure("ms", "... to the contactor's pin"),
    "open_ms": Figure("ms", "... to the contact's opening"),
    "open_to_stable_ms": Figure(
        "ms", "from the opening until voltage (10 %) and frequency (2 %) stay in band"
    ),
    "gap_ms": Figure("ms", "bus below half its voltage between the first trouble and the island"),
    "dark_s": Figure("s", "bus below half its voltage, in all"),
    "freq_nadir_hz": Figure("Hz", "lowest frequency while the building forms its own voltage"),
    "freq_peak_hz": Figure("Hz", "highest frequency while it does"),
    "freq_out_of_band_s": Figure("s", "frequency of the island off nominal by more than 2 % (EN 50160)"),
    "v_min_pu": Figure("pu", "lowest voltage of the formed island, a phase"),
    "v_max_pu": Figure("pu", "highest voltage of the formed island, a phase"),
    "v_out_of_band_s": Figure("s", "voltage of the formed island off nominal by more than 10 %"),
    "critical_wh_lost": Figure("Wh", "critical load not served, the transfer gap apart"),
    "critical_wh_gap": Figure("Wh", "critical load not served in the transfer gap"),
    "unserved_wh": Figure("Wh", "load of any tier not served"),
    "close_angle_deg": Figure("deg", "largest angle across the contact when it closed on two live sides"),
    "close_slip_hz": Figure("Hz", "largest difference of frequency then"),
    "close_dv_pct": Figure("%", "largest difference of voltage then"),
    "resync_s": Figure("s", "from RESYNC to the contact's closing"),
    "return_s": Figure("s", "from the supply's return to the contact's closing"),
    "openings": Figure("", "times the contact opened"),
    "closings": Figure("", "times the contact closed"),
    "shed_level_max": Figure("", "most load groups dropped"),
    "shed_level_end": Figure("", "load groups dropped at the end"),
    "exchange_w": Figure("W", "power through the contact when it opened, whatever its direction"),
    "soc_min_pu": Figure("pu", "lowest charge"),
    "soc_end_pu": Figure("pu", "charge at the end"),
    "pv_curtailed_wh": Figure("Wh", "PV that was there and not taken"),
    "genset_run_s": Figure("s", "genset ordered to run"),
    "island_s": Figure("s", "building carried by its own sources"),
    "on_grid_end": Figure("", "1 when the contact is closed at the end"),
    "bond_wrong_s": Figure("s", "neutral tied to earth here while on the grid"),
    "states": Figure("", "states in their order, as the node tells them each cycle", LIST),
    "final_state": Figure("", "the last of them", TEXT),
    "reason": Figure("", "why it left the first state", TEXT),
    "final_reason": Figure("", "why it is in the last state", TEXT),
    "answers": Figure("", "answers to commands, separated by commas", TEXT),
}
