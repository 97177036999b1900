"""Settings that the tests of allocation share."""

from islet.config import Settings


def settings(**changed):
    """Return valid settings, some of them changed."""
    raw = {
        "site": "f1",
        "node": "b01",
        "mqtt_host": "127.0.0.1",
        "battery_rated_w": 5000,
        "battery_wh": 6400,
        "pv_rated_w": 4000,
        "price_per_kwh": [0.2] * 24,
    }
    raw.update(changed)
    return Settings(raw)
