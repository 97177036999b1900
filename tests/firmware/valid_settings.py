"""Settings that are valid: what must be given, with the ratings of a small home."""


def raw(**changed):
    """Return them as of settings.json, some of them changed or added."""
    settings = {
        "site": "f1",
        "node": "b01",
        "mqtt_host": "127.0.0.1",
        "battery_rated_w": 5000,
        "battery_wh": 6400,
        "pv_rated_w": 4000,
        "price_per_kwh": [0.2] * 24,
    }
    settings.update(changed)
    return settings
