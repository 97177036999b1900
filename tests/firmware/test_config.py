"""Settings of a node: every fault told at once, in words; expected bounds are those of docs/settings.md."""

import json

from valid_settings import raw

from islet import config

GOOD = raw()


def load(**changed):
    return config.load(json.dumps(raw(**changed)).encode())


def complaint(data=None, **changed):
    """Return the words of the ValueError that the settings raise."""
    try:
        if data is None:
            load(**changed)
        else:
            config.load(data)
    except ValueError as error:
        return str(error)
    raise AssertionError("accepted")


def test_defaults_and_given_values():
    s = load(reserve_soc_pu=0.25, mqtt_port=8883)
    assert (s.site, s.node, s.battery_wh) == ("f1", "b01", 6400)
    assert (s.reserve_soc_pu, s.mqtt_port) == (0.25, 8883)
    assert (s.f0_hz, s.v_nominal_v, s.enter_service_s) == (50.0, 230.0, 300.0)  # IEEE 1547-2018 4.10.3: 300 s
    assert s.price_per_kwh == [0.2] * 24


def test_every_default_lies_in_its_bounds():
    for name, default, low, high in config.NUMBERS:
        assert low < high, name
        assert default is None or low <= default <= high, name


def test_bounds_are_allowed_and_beyond_is_not():
    for value in (0.0, 1.0):
        assert load(soc_min_pu=0.0, reserve_soc_pu=value).reserve_soc_pu == value
    for value in (-0.001, 1.001):
        words = complaint(reserve_soc_pu=value)
        assert "reserve_soc_pu is %r, must be a number from 0.0 to 1.0" % value in words
    for name in ("battery_rated_w", "battery_wh", "pv_rated_w"):
        assert name in complaint(**{name: -1})


def test_no_number_is_told_as_such():
    for value in ("5000", True, [5000], {}):
        assert "battery_rated_w is" in complaint(battery_rated_w=value)
    assert "battery_rated_w is missing" in complaint(battery_rated_w=None)


def test_all_errors_are_told_together():
    raw = dict(GOOD)
    del raw["battery_wh"]
    raw.update(
        {"site": "f/1", "pv_rated_w": "many", "ride_s": 61, "colour": "red", "price_per_kwh": [0.2] * 23}
    )
    words = complaint(json.dumps(raw).encode())
    assert words.startswith("settings: ")
    for part in (
        "battery_wh is missing",
        "site is 'f/1'",
        "pv_rated_w is 'many'",
        "ride_s is 61",
        "colour is not a setting",
        "price_per_kwh must be a list of 24 numbers",
    ):
        assert part in words, (part, words)
    assert words.count(";") == 5


def test_unknown_settings_are_told():
    words = complaint(batery_wh=6400, Site="f1")
    assert "batery_wh is not a setting" in words
    assert "Site is not a setting" in words


def test_words_may_not_break_a_topic():
    for word in ("", "a/b", "a+b", "a#b", "a b", "x" * 33, "\u00e9", "a\nb", 7, None):
        assert "node is" in complaint(node=word)
    assert load(node="x" * 32).node == "x" * 32


def test_hosts_are_names_or_addresses():
    for host in ("broker.example.org", "10.0.0.7", "fe80::1", "x" * 64):
        assert load(mqtt_host=host).mqtt_host == host
    for host in ("", "x" * 65, "a b", "a/b", 7):
        assert "mqtt_host is" in complaint(mqtt_host=host)


def test_prices():
    for prices in ([0.2] * 25, [0.2] * 23 + ["0.2"], [0.2] * 23 + [11], 0.2, None, {}):
        assert "price_per_kwh must be" in complaint(price_per_kwh=prices)
    assert load(price_per_kwh=[-10] + [10] * 23).price_per_kwh[0] == -10


def test_pairs_that_cross():
    assert "soc_min_pu must not be above reserve_soc_pu" in complaint(soc_min_pu=0.4, reserve_soc_pu=0.3)
    assert "soc_min_pu must not be above soc_max_pu" in complaint(soc_min_pu=0.3, soc_max_pu=0.2)
    assert "hz_min must not be above hz_max" in complaint(hz_min=60, hz_max=50)
    assert "enter_hz_min must not be above enter_hz_max" in complaint(enter_hz_min=50.2)


def test_what_is_no_object():
    for data in (b"[]", b"7", b"null", b'"site"'):
        assert "must be a JSON object" in complaint(data)
    for data in (b"", b"{", b"{'site': 1}", b"\xff\xfe"):
        complaint(data)


def test_too_large_is_refused_before_it_is_read():
    data = json.dumps(GOOD).encode()
    assert config.load(data + b" " * (config.MAX_BYTES - len(data))).site == "f1"
    words = complaint(data + b" " * (config.MAX_BYTES + 1 - len(data)))
    assert words == "settings: 8193 bytes, at most 8192"
