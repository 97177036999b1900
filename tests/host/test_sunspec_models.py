"""The board's tables against pysunspec2's definitions, and the committed file against the tool that makes it."""

import ast
from collections.abc import Iterator
from typing import Any

import pytest

from host_tools.plant.register_map import definition
from host_tools.sunspec import tables
from islet.drivers import points, sunspec_curves, sunspec_tables, sunspec_types

COUNTS = {"NPt": 4, "NCrv": 3, "NCrvSet": 2, "NCtl": 5, "NPrt": 3, "NStr": 2, "NMod": 6}
MODULES = 3  # of model 160, which counts them by its length


def _defined(group: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (name, point) in the order of the registers, the groups as COUNTS has them."""
    for point in group["points"]:
        yield prefix + point["name"], point
    for inner in group.get("groups", []):
        count = inner.get("count")
        if count is None:
            yield from _defined(inner, f"{prefix}{inner['name']}.")
            continue
        for i in range(COUNTS[count] if isinstance(count, str) else MODULES):
            yield from _defined(inner, f"{prefix}{inner['name']}[{i + 1}].")


@pytest.mark.parametrize("model_id", tables.MODELS)
def test_every_point_of_every_model(model_id: int) -> None:
    defined = list(_defined(definition(model_id)["group"]))
    length = sum(point["size"] for _, point in defined)
    offset, expected = 0, []
    for name, point in defined:
        kind = getattr(sunspec_types, point["type"].upper())
        unit, written = point.get("units", "").strip(), point.get("access") == "RW"
        expected.append((name, offset, kind, point["size"], point.get("sf", 0), unit, written))
        offset += point["size"]
    assert list(points.table(model_id, length, COUNTS)) == expected


def test_models_asked_for() -> None:
    asked = {1, *range(101, 104), *range(111, 114), *range(120, 125), 160, *range(201, 205), *range(211, 215)}
    asked |= {*range(701, 716), 802, 803, 804, 64900}
    assert {model_id for model_id in range(65536) if points.records_of(model_id)} == asked


@pytest.mark.parametrize("model_id", [m for m in tables.MODELS if m < 64000])
def test_static_scale_factors_as_the_definitions_mark_them(model_id: int) -> None:
    defined = definition(model_id)["group"]["points"]
    marks = {point.get("static") == "S" for point in defined if point["type"] == "sunssf"}
    assert marks == ({points.static_scale(model_id)} if marks else set())


def test_the_committed_file_is_what_the_tool_makes() -> None:
    assert tables.FILE.read_text() == tables.source()
    assert ast.literal_eval(ast.unparse(ast.parse(tables.source()).body[-1].value)) == sunspec_tables.TABLES  # type: ignore[attr-defined]


def test_the_size_is_what_it_says() -> None:
    found = sum(len(records) for _, records in sunspec_tables.TABLES) + sum(map(len, sunspec_tables.UNITS))
    assert found == tables.size_bytes()
    assert f"{found} bytes" in tables.FILE.read_text()


def test_a_group_is_left_out_without_its_count_and_ends_with_the_model() -> None:
    assert not any("[" in row[0] for row in points.table(705))
    names = [row[0] for row in points.table(705, 30, {"NCrv": 65535, "NPt": 65535})]
    assert len(names) <= 30
    assert names[-1].startswith("Crv[1].")


def test_an_unknown_point() -> None:
    for name in ("Nothing", "Crv[9].V", "Crv[1].ActPt"):
        with pytest.raises(KeyError):
            points.row(705, name)


def test_what_the_tool_refuses() -> None:
    encoder = tables.Encoder()
    for group in (
        {"points": [{"name": "A", "type": "uint16", "size": 2}]},
        {"points": [{"name": "A", "type": "uint16", "size": 1, "sf": 100}]},
        {"points": [], "groups": [{"name": "G", "count": 3, "points": []}]},
    ):
        with pytest.raises(ValueError, match=r"registers|place|count"):
            encoder._records(group, [])


def test_words_of_curves_as_the_definitions_have_them() -> None:
    for model_id in (705, 706, 711, 712):
        group = definition(model_id)["group"]
        symbols = {
            point["name"]: {symbol["name"]: symbol["value"] for symbol in point.get("symbols", [])}
            for point in [*group["points"], *group["groups"][0]["points"]]
        }
        result = symbols.get("AdptCrvRslt") or symbols["AdptCtlRslt"]
        assert result["IN_PROGRESS"] == sunspec_curves.IN_PROGRESS
        assert result["COMPLETED"] == sunspec_curves.COMPLETED
        assert symbols["ReadOnly"]["RW"] == sunspec_curves.WRITABLE
        assert symbols["Ena"]["ENABLED"] == sunspec_curves.ENABLED
