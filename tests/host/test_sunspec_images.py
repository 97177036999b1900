"""Maps of real inverters and standard maps, decoded equal to pysunspec2's own scan of the same server."""

import pytest

from host_tools.sunspec import maps
from host_tools.sunspec.images import compare, compare_all

STANDARD = maps.standard()


@pytest.mark.parametrize("name", STANDARD)
async def test_standard_maps(name: str) -> None:
    points, wrong = await compare(STANDARD[name])
    assert not wrong
    assert points > 500


@pytest.mark.parametrize("name", ["fimer_pvs", "kaco_86tl3", "sma_sb36_day"])
async def test_images_of_real_devices(name: str) -> None:
    found = maps.images()
    if name not in found:
        pytest.skip(f"no image {name} of a real device beside the project")
    points, wrong = await compare(found[name])
    assert not wrong
    assert points > 300


@pytest.mark.needs("micropython")
async def test_all_of_them_on_micropython() -> None:
    found = await compare_all(micropython=True)
    assert found.wrong == []
    assert found.points == found.equal > 4000


async def test_a_difference_is_found() -> None:
    """The server gives the firmware other registers than pysunspec2: each point that changed is told."""
    registers = dict(STANDARD["values_0"])
    at = maps.BASE + 2 + 68 + 14  # W of model 101, after a model 1 of 66 registers
    reads = 0

    class Moving(dict):  # type: ignore[type-arg]
        def __getitem__(self, address: int) -> int:
            nonlocal reads
            reads += address == at
            return int(super().__getitem__(address)) ^ (reads > 1 and address == at)

    _, wrong = await compare(Moving(registers))
    assert [one.split()[0] for one in wrong] == ["101.W"]
