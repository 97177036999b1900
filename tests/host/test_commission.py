"""Nodes are given settings their firmware accepts, keys nobody else can read, and what they would have learned."""

import json
import stat
from array import array
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from host_tools.city.commission import commission, node_keys
from host_tools.city.homes import Homes
from host_tools.city.network import Network
from host_tools.errors import InputError
from islet import config
from islet.forecast.load import LoadForecast

DAY = date(2016, 8, 16)
BROKER = ("127.0.0.1", 1883)
CACHE = Path(__file__).resolve().parents[2] / "build" / "cache"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Homes, list[Path], dict[tuple[str, str], bytes]]:
    homes, network = Homes(3, DAY), Network(3, CACHE)
    places, secrets = commission(tmp_path_factory.mktemp("out") / "nodes", homes, network, [1, 2, 3], BROKER)
    return homes, places, secrets


def test_firmware_accepts_the_settings(made: tuple[Homes, list[Path], dict[tuple[str, str], bytes]]) -> None:
    homes, places, _ = made
    for k, place in enumerate(places):
        s = config.load((place / "settings.json").read_bytes())
        assert s.node == f"b{k + 1:03d}"
        assert s.reconnect_rank == k
        assert s.price_per_kwh[18] == pytest.approx(0.54)  # the data set's summer evening price
        assert s.pv_rated_w == homes.pv_rated_w[k]


def test_keys_are_private_and_differ(made: tuple[Homes, list[Path], dict[tuple[str, str], bytes]]) -> None:
    _, places, secrets = made
    assert len(set(secrets.values())) == 3
    for place in places:
        assert stat.S_IMODE((place / "key").stat().st_mode) == 0o600
        assert len((place / "key").read_bytes()) == 32


def test_a_board_has_learned_its_weeks(made: tuple[Homes, list[Path], dict[tuple[str, str], bytes]]) -> None:
    homes, places, _ = made
    forecast = LoadForecast(1800, -28_800)
    forecast.from_bytes((places[0] / "load_forecast").read_bytes())
    day = array("f", [0.0] * 48)
    forecast.predict(homes.epoch_s, day)
    history = homes.history_load_wh[0].reshape(-1, 24)
    assert np.mean(day) == pytest.approx(history.mean(), rel=0.25)


def test_spacing_fits_the_feeder() -> None:
    network = Network(60, CACHE)
    keys = node_keys(network)
    assert keys[0] == ("f1", "b001")
    assert keys[59] == ("f2", "b060")


def test_a_strange_folder_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="--out"):
        commission(tmp_path / "nodes", Homes(1, DAY), Network(1, CACHE), [1], BROKER)
    assert (tmp_path / "nodes" / "thesis.txt").exists()


def test_an_earlier_run_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "nodes"
    homes, network = Homes(1, DAY), Network(1, CACHE)
    _, first = commission(folder, homes, network, [1], BROKER)
    (folder / "b001" / "outbox.1").write_bytes(b"old")
    _, second = commission(folder, homes, network, [1], BROKER)
    assert not (folder / "b001" / "outbox.1").exists()
    assert first != second
    assert json.loads((folder / "b001" / "settings.json").read_text())["node"] == "b001"
