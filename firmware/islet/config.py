"""Settings of one node: a flat JSON object, checked against one table, all errors told together."""

import json

from islet.base import bound

# name, default, lowest, highest: numbers with their unit in the name. None as default: must be given.
NUMBERS = (
    ("f0_hz", 50.0, 45.0, 65.0),
    ("v_nominal_v", 230.0, 90.0, 500.0),
    ("battery_rated_w", None, 0.0, 100_000.0),
    ("battery_wh", None, 0.0, 1_000_000.0),
    ("pv_rated_w", None, 0.0, 100_000.0),
    ("soc_min_pu", 0.05, 0.0, 1.0),
    ("soc_max_pu", 1.0, 0.0, 1.0),
    ("reserve_soc_pu", 0.30, 0.0, 1.0),
    ("storm_reserve_soc_pu", 0.90, 0.0, 1.0),
    ("autonomy_s", 7200.0, 0.0, 604_800.0),
    ("outage_lead_s", 300.0, 0.0, 3600.0),
    ("practice_s", 300.0, 60.0, 3600.0),
    ("practice_soc_pu", 0.60, 0.0, 1.0),
    ("genset_w", 0.0, 0.0, 500_000.0),
    ("genset_min_run_s", 600.0, 0.0, 86_400.0),
    ("genset_start_soc_pu", 0.15, 0.0, 1.0),
    ("genset_stop_soc_pu", 0.60, 0.0, 1.0),
    ("ev_discharge_w", 0.0, 0.0, 100_000.0),
    ("ev_soc_min_pu", 0.50, 0.0, 1.0),
    ("normal_share_pu", 0.40, 0.0, 1.0),
    ("deferrable_share_pu", 0.25, 0.0, 1.0),
    ("shed_min_off_s", 300.0, 0.0, 3600.0),
    ("shed_min_on_s", 60.0, 0.0, 3600.0),
    ("cold_load_pu", 1.5, 1.0, 5.0),
    ("cold_load_s", 900.0, 0.0, 7200.0),
    ("phase_rated_w", 0.0, 0.0, 100_000.0),
    ("main_fuse_a", 0.0, 0.0, 1000.0),
    ("import_rated_w", 13_800.0, 0.0, 500_000.0),
    ("export_rated_w", 10_000.0, 0.0, 500_000.0),
    ("default_import_w", 9_200.0, 0.0, 500_000.0),
    ("default_export_w", 3_000.0, 0.0, 500_000.0),
    ("plan_slot_s", 1800.0, 900.0, 3600.0),
    ("peak_weight", 0.3, 0.0, 100.0),
    ("wear_per_kwh", 0.03, 0.0, 10.0),
    ("reserve_per_kwh_h", 0.02, 0.0, 10.0),
    ("feed_in_per_kwh", 0.05, -10.0, 10.0),
    ("utc_offset_s", 0.0, -50_400.0, 50_400.0),
    ("v_min_pu", 0.88, 0.5, 1.0),
    ("v_max_pu", 1.10, 1.0, 1.3),
    ("hz_min", 49.0, 40.0, 65.0),
    ("hz_max", 51.0, 40.0, 70.0),
    ("fast_open_pu", 0.50, 0.0, 0.9),
    ("ride_s", 2.0, 0.0, 60.0),
    ("rocof_trip_hz_per_s", 0.0, 0.0, 20.0),
    ("rocof_trip_s", 0.5, 0.1, 5.0),
    ("enter_v_min_pu", 0.917, 0.8, 1.0),
    ("enter_v_max_pu", 1.05, 1.0, 1.2),
    ("enter_hz_min", 49.5, 40.0, 65.0),
    ("enter_hz_max", 50.1, 40.0, 65.0),
    ("enter_service_s", 300.0, 0.0, 3600.0),
    ("reconnect_rank", 0.0, 0.0, 100_000.0),
    ("reconnect_spacing_s", 5.0, 0.0, 600.0),
    ("soft_return_s", 300.0, 0.0, 3600.0),
    ("sync_hz", 0.05, 0.005, 0.3),
    ("sync_v_pu", 0.02, 0.005, 0.1),
    ("sync_rad", 0.05, 0.01, 0.349),
    ("sync_dwell_ms", 300.0, 0.0, 10_000.0),
    ("slip_hz", 0.2, 0.01, 0.3),
    ("sync_relay", 0.0, 0.0, 1.0),
    ("contactor_close_ms", 50.0, 0.0, 1000.0),
    ("contactor_open_ms", 20.0, 0.0, 1000.0),
    ("droop_pu", 0.01, 0.0, 0.1),
    ("v_droop_pu", 0.02, 0.0, 0.1),
    ("restore_gain", 0.14, 0.0, 2.0),
    ("restore_delay_samples", 2.0, 0.0, 50.0),
    ("form_timeout_s", 10.0, 1.0, 600.0),
    ("resync_timeout_s", 60.0, 5.0, 3600.0),
    ("report_s", 60.0, 1.0, 3600.0),
    ("step_max_ms", 0.0, 0.0, 60_000.0),
    ("mqtt_port", 1883.0, 1.0, 65_535.0),
)
NAMES = ("site", "node")  # parts of topics and commands
HOSTS = ("mqtt_host",)
# name, default, what it may be
CHOICES = (
    ("loss_profile", "fast_transfer", ("fast_transfer", "ride_through")),
    ("grid_code", "site", ("site", "ieee1547_1", "ieee1547_2", "ieee1547_3", "en50549", "vde4105")),
    ("transfer_owner", "board", ("board", "inverter", "ats")),
    ("remote_island", "outage", ("off", "outage", "all")),
    ("neutral_bond", "none", ("none", "board", "inverter")),
    ("island_network", "inductive", ("inductive", "resistive")),
    ("volt_var", "off", ("off", "a", "b")),
    ("volt_watt", "off", ("off", "on")),
)
NAME_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
HOST_LETTERS = NAME_LETTERS + ".:"
MAX_NAME = 32
MAX_HOST = 64
DAY_S = 86_400
MAX_BYTES = 8192
PRICES = 24


def _is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number(raw: dict, row: tuple, errors: list, where: str = "", whole: bool = False):
    """Return the number of a row (name, default, lowest, highest); errors gets what is wrong, after `where`."""
    name, default, low, high = row
    value = raw.get(name, default)
    if value is None:
        errors.append("%s%s is missing" % (where, name))
    elif not _is_number(value) or (whole and not isinstance(value, int)) or not low <= value <= high:
        kind = "a whole number" if whole else "a number"
        errors.append("%s%s is %r, must be %s from %s to %s" % (where, name, value, kind, low, high))
    return value


def word(raw: dict, name: str, longest: int, letters: str, errors: list, where: str = ""):
    """Return the word of that name, of 1 to `longest` of these letters; errors as in number."""
    value = raw.get(name)
    text = value if isinstance(value, str) else ""
    if not 0 < len(text) <= longest or not all(letter in letters for letter in text):
        kinds = "letters, digits, " + " ".join(letters[62:])
        errors.append("%s%s is %r, must be a word of 1 to %d %s" % (where, name, value, longest, kinds))
    return value


def _choice(raw: dict, row: tuple, errors: list):
    name, default, words = row
    value = raw.get(name, default)
    if value not in words:
        errors.append("%s is %r, must be one of %s" % (name, value, ", ".join(words)))
    return value


def _prices(raw: dict, errors: list):
    prices = raw.get("price_per_kwh")
    if not isinstance(prices, list) or len(prices) != PRICES or not all(_is_price(p) for p in prices):
        errors.append("price_per_kwh must be a list of %d numbers from -10 to 10, one a local hour" % PRICES)
    return prices


def _is_price(value) -> bool:
    return _is_number(value) and -10 <= value <= 10


class Settings:
    """Plain attributes named as in the tables; raises ValueError that lists every wrong or unknown setting."""

    def __init__(self, raw: dict) -> None:
        errors: list = []
        for row in NUMBERS:
            setattr(self, row[0], number(raw, row, errors))
        for name in NAMES:
            setattr(self, name, word(raw, name, MAX_NAME, NAME_LETTERS, errors))
        for name in HOSTS:
            setattr(self, name, word(raw, name, MAX_HOST, HOST_LETTERS, errors))
        for choice in CHOICES:
            setattr(self, choice[0], _choice(raw, choice, errors))
        self.price_per_kwh = _prices(raw, errors)
        known = [row[0] for row in NUMBERS + CHOICES] + list(NAMES + HOSTS) + ["price_per_kwh"]
        errors += ["%s is not a setting" % name for name in raw if name not in known]
        if not errors:
            errors += self._crossed()
        if errors:
            raise ValueError("settings: " + "; ".join(errors))

    def _crossed(self) -> list:
        pairs = (
            ("soc_min_pu", "soc_max_pu"),
            ("soc_min_pu", "reserve_soc_pu"),
            ("enter_hz_min", "enter_hz_max"),
            ("hz_min", "hz_max"),
            ("genset_start_soc_pu", "genset_stop_soc_pu"),
        )
        wrong = ["%s must not be above %s" % p for p in pairs if getattr(self, p[0]) > getattr(self, p[1])]
        slot_s = getattr(self, "plan_slot_s")  # noqa: B009
        if slot_s % 60 or DAY_S % slot_s:
            wrong.append("plan_slot_s is %s, must be whole minutes that divide a day" % slot_s)
        return wrong + bound.check(self)


def load(data: bytes):
    """Return the settings held in JSON bytes; raises ValueError on any wrong content."""
    if len(data) > MAX_BYTES:
        raise ValueError("settings: %d bytes, at most %d" % (len(data), MAX_BYTES))
    raw = json.loads(data)
    if not isinstance(raw, dict):
        raise ValueError("settings: must be a JSON object")
    return Settings(raw)


def misfits(s, told: bool, both_sides: bool, board: str = "this board", file: str = "devices.json") -> list:
    """Return what Settings do not fit a building, as sentences that name the board and the devices' file.

    told: a battery may be told something; both_sides: the board sees either side of the contactor.
    """
    wrong = []
    if s.battery_rated_w > 0 and not told:
        wrong.append(
            "settings: battery_rated_w is %s, but no battery of %s may be told anything; "
            "set its control to true, or battery_rated_w and battery_wh to 0" % (s.battery_rated_w, file)
        )
    if s.transfer_owner == "board" and not both_sides:
        wrong.append(
            "settings: transfer_owner is board, but %s sees one side of the contactor only; "
            "set it to inverter or ats" % board
        )
    return wrong
