"""Points and decoding against pysunspec2: its model definitions, and register maps of real inverters."""

import asyncio
import json
from pathlib import Path
from struct import pack
from typing import Any

import pytest
import sunspec2.device

from host_tools.plant.register_map import VENDOR_MODELS
from islet.drivers import points
from islet.drivers.modbus import ModbusError
from islet.drivers.sunspec import Points, SunSpecDevice
from islet.names import NOT_IMPLEMENTED, OK

CASES = Path(__file__).parents[1] / "cases" / "sunspec"
DEVICE_IMAGES = Path(__file__).parents[3] / "shared" / "devices"
MODELS = (1, 101, 102, 103, 120, 123, 701, 702, 704, 713, 64900)
FORMS = {
    "int16": ">h",
    "sunssf": ">h",
    "uint16": ">H",
    "enum16": ">H",
    "int32": ">i",
    "uint32": ">I",
    "string": "s",
}


class Image:
    """A Modbus client over a register map; an address that is not listed is refused with exception 2."""

    def __init__(self, registers: dict[int, int]) -> None:
        self.registers = registers

    async def read(self, unit: int, address: int, count: int) -> memoryview:
        if any(address + i not in self.registers for i in range(count)):
            raise ModbusError(2)
        return memoryview(pack(f">{count}H", *(self.registers[address + i] for i in range(count))))


def _load(path: Path) -> dict[int, int]:
    return {int(address): value for address, value in json.loads(path.read_text())["registers"].items()}


@pytest.fixture(autouse=True)
def vendor_models() -> Any:
    before = sunspec2.device.get_model_defs_path()
    sunspec2.device.set_model_defs_path([*before, str(VENDOR_MODELS)])
    yield
    sunspec2.device.set_model_defs_path(before)


@pytest.mark.parametrize("model_id", MODELS)
def test_tables_agree_with_the_definitions(model_id: int) -> None:
    offset, defined = 0, {}
    for point in sunspec2.device.get_model_def(model_id)["group"]["points"]:
        defined[point["name"]] = (offset, point)
        offset += point["size"]
    assert points.table(model_id)
    for name, at, form, scale in points.table(model_id):
        where, point = defined[name]
        assert at == where, name
        assert form.lstrip("0123456789") == FORMS[point["type"]], name
        assert point["type"] != "string" or form == f"{2 * point['size']}s"
        assert scale == (point.get("sf") or 0), name
        assert not isinstance(scale, str) or points.row(model_id, scale)


@pytest.mark.parametrize("model_id", [m for m in MODELS if m < 64000])
def test_static_scale_factors_as_the_definitions_mark_them(model_id: int) -> None:
    defined = sunspec2.device.get_model_def(model_id)["group"]["points"]
    marks = {point.get("static") == "S" for point in defined if point["type"] == "sunssf"}
    assert marks == ({points.static_scale(model_id)} if marks else set())


def test_every_known_table_is_compared() -> None:
    assert [m for m in range(65536) if points.table(m)] == list(MODELS)


def _ours(registers: dict[int, int], wanted: tuple[int, ...]) -> tuple[dict[int, Any], dict[int, Points]]:
    """Discover and read all points of the wanted models with the firmware's code."""

    async def read() -> tuple[dict[int, Any], dict[int, Points]]:
        device = SunSpecDevice(Image(registers), 1)
        models = await device.discover()
        found = {}
        for model_id in wanted:
            if model_id in models:
                names = tuple(row[0] for row in points.table(model_id))
                found[model_id] = Points(device, model_id, names)
                await found[model_id].read()
        return models, found

    return asyncio.run(read())


def _theirs(registers: dict[int, int], model_id: int, address: int, length: int) -> Any:
    """Decode one model with pysunspec2; registers that cannot be read are zero for it."""
    data = b"".join(pack(">H", registers.get(address + i, 0)) for i in range(length + 2))
    return sunspec2.device.Model(model_id, address, length, data=data)


def _compare(registers: dict[int, int]) -> int:
    models, found = _ours(registers, MODELS)
    compared = 0
    for model_id, ours in found.items():
        address, length = models[model_id]
        theirs = _theirs(registers, model_id, address, length)
        assert theirs.error_info == "" or theirs.error_info is None, theirs.error_info
        for name, at, form, _ in points.table(model_id):
            size = int(form[:-1]) // 2 if form.endswith("s") else (2 if form in (">i", ">I") else 1)
            readable = all(address + at + i in registers for i in range(size))
            value = theirs.points[name].cvalue if readable else None
            if value in (None, ""):
                assert ours.quality[name] == NOT_IMPLEMENTED, (model_id, name)
            elif isinstance(value, str):
                assert ours.value[name].decode() == value, (model_id, name)
            else:
                assert ours.quality[name] == OK, (model_id, name)
                assert ours.value[name] == pytest.approx(value, rel=1e-12), (model_id, name)
                compared += 1
    return compared


@pytest.mark.parametrize(
    ("file", "ids"),
    [
        ("fimer_pvs.json", [1, 103, 120, 123]),
        ("kaco_86tl3.json", [1, 103, 120, 123]),
        ("sma_sb36_day.json", [1, 101, 120, 123]),
    ],
)
def test_maps_of_real_devices(file: str, ids: list[int]) -> None:
    if not DEVICE_IMAGES.is_dir():
        pytest.skip(f"no register maps of real devices in {DEVICE_IMAGES}")
    registers = _load(DEVICE_IMAGES / file)
    models, found = _ours(registers, MODELS)
    assert list(found) == ids
    assert _walked_by_hand(registers) == models
    assert _compare(registers) >= 4


def _walked_by_hand(registers: dict[int, int]) -> dict[int, tuple[int, int]]:
    at, models = 40002, {}
    while registers.get(at, 0xFFFF) != 0xFFFF:
        models.setdefault(registers[at], (at, registers[at + 1]))
        at += 2 + registers[at + 1]
    return models


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir() if path.is_dir()))
def test_cases(case: str) -> None:
    registers = _load(CASES / case / "registers.json")
    expected = json.loads((CASES / case / "expected.json").read_text())
    models, found = _ours(registers, MODELS)
    assert sorted(models) == expected["models"]
    for key, wanted in expected["points"].items():
        model_id, name = key.split(".")
        ours = found[int(model_id)]
        if wanted is None:
            assert ours.quality[name] == NOT_IMPLEMENTED, key
        else:
            assert ours.value[name] == pytest.approx(wanted, rel=1e-9), key
    _compare(registers)
