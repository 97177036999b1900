"""Commission nodes: each gets a home folder (its flash) with settings, its key and three weeks of learning."""

import json
import shutil
from pathlib import Path

from host_tools.city.homes import UTC_OFFSET_S, Homes
from host_tools.city.network import Network
from host_tools.errors import InputError
from host_tools.provision import devices
from host_tools.provision.keys import NodeKey, create_key
from islet.forecast.load import LoadForecast
from islet.forecast.pv import PvForecast

SLOT_S = 1800
SLOTS_PER_HOUR = 3600 // SLOT_S
IMPORT_RATED_W = 13_800.0  # 60 A at 230 V
EXPORT_RATED_W = 10_000.0
DEFAULT_IMPORT_W = 9_200.0  # 40 A: what a home may take while no lease says otherwise
DEFAULT_EXPORT_W = 5_000.0
FEED_IN_PER_KWH = 0.05
RECONNECT_WINDOW_S = 90.0  # within which the homes of one feeder return
SPACING_MAX_S = 5.0
STEP_MAX_MS = 60_000
MARK = ".islet-nodes"  # says that a folder is ours to empty


def node_keys(network: Network) -> list[NodeKey]:
    """Return (site, node) of every building: site f1.. is its feeder, node b001.. its number."""
    return [(f"f{feeder + 1}", f"b{k + 1:03d}") for k, feeder in enumerate(network.feeder_of)]


def settings(
    homes: Homes, network: Network, k: int, key: NodeKey, mqtt: tuple[str, int]
) -> dict[str, object]:
    """Return the settings of building k; its place in the order of reconnection is its number on the feeder."""
    siblings = network.on_feeder(int(network.feeder_of[k])).tolist()
    return {
        "site": key[0],
        "node": key[1],
        "mqtt_host": mqtt[0],
        "mqtt_port": mqtt[1],
        "battery_rated_w": float(homes.battery_rated_w[k]),
        "battery_wh": float(homes.battery_wh[k]),
        "pv_rated_w": float(homes.pv_rated_w[k]),
        "import_rated_w": IMPORT_RATED_W,
        "export_rated_w": EXPORT_RATED_W,
        "default_import_w": DEFAULT_IMPORT_W,
        "default_export_w": DEFAULT_EXPORT_W,
        "plan_slot_s": SLOT_S,
        "price_per_kwh": homes.price_by_hour,
        "feed_in_per_kwh": FEED_IN_PER_KWH,
        "utc_offset_s": UTC_OFFSET_S,
        "reconnect_rank": siblings.index(k),
        "reconnect_spacing_s": min(SPACING_MAX_S, RECONNECT_WINDOW_S / len(siblings)),
        "step_max_ms": STEP_MAX_MS,
    }


def learn(homes: Homes, k: int) -> tuple[LoadForecast, PvForecast]:
    """Return forecasts of building k as its board would have them after the days of history."""
    load = LoadForecast(SLOT_S, UTC_OFFSET_S, IMPORT_RATED_W)
    pv = PvForecast(SLOT_S, float(homes.pv_rated_w[k]), UTC_OFFSET_S)
    for hour, (load_wh, pv_wh) in enumerate(
        zip(homes.history_load_wh[k], homes.history_pv_wh[k], strict=True)
    ):
        for part in range(SLOTS_PER_HOUR):
            begin_s = homes.history_epoch_s + 3600 * hour + SLOT_S * part
            load.learn(begin_s, float(load_wh))
            pv.learn(begin_s, float(pv_wh))
    return load, pv


def commission(
    folder: Path, homes: Homes, network: Network, bus_ports: list[int], mqtt: tuple[str, int]
) -> tuple[list[Path], dict[NodeKey, bytes]]:
    """Make every node's home anew below folder; return the homes and the device keys. InputError: not our folder."""
    _empty(folder)
    places: list[Path] = []
    secrets: dict[NodeKey, bytes] = {}
    for k, key in enumerate(node_keys(network)):
        home = folder / key[1]
        home.mkdir(mode=0o700)
        secrets[key] = create_key(folder / "keys", key)
        load, pv = learn(homes, k)
        (home / "settings.json").write_text(json.dumps(settings(homes, network, k, key, mqtt)))
        ratings = [float(rated[k]) for rated in (homes.pv_rated_w, homes.battery_rated_w, homes.battery_wh)]
        devices.store(home, devices.usual("127.0.0.1", bus_ports[k], *ratings))
        (home / "key").touch(mode=0o600)
        (home / "key").write_bytes(secrets[key])
        (home / "load_forecast").write_bytes(load.to_bytes())
        (home / "pv_forecast").write_bytes(pv.to_bytes())
        places.append(home)
    return places, secrets


def _empty(folder: Path) -> None:
    """Remove the nodes of an earlier run; a folder that no run has made is left alone."""
    if folder.exists() and not (folder / MARK).exists():
        raise InputError(
            f"{folder} was not made by Islet and would be emptied; choose another folder with --out."
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    (folder / MARK).touch()
