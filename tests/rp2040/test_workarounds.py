"""Each work-around for the emulator is needed: the unmended emulator still does what it mends."""

import asyncio
from pathlib import Path

import pytest
from rp2040py.boards import BoardSpec
from rp2040py.device import MicroPythonDevice
from rp2040py.peripherals.adc import CS, CS_EN, CS_ERR_STICKY, CS_START_MANY, DIV, RPADC
from rp2040py.rp2040 import RP2040

from host_tools.hil.rp2040.workarounds import MendedAdc, quiet_usb

SET = 2  # atomic write: bits set
SAMPLE_NS = 10_000


def inputs_read(kind: type[RPADC], sticky_at: int | None = None) -> tuple[list[int], RPADC]:
    """Return the inputs read in 100 us at 100 kS/s over inputs 0..3; a write to CS clears the error before one."""
    mcu = RP2040()
    adc = mcu.adc
    adc.__class__ = kind
    seen: list[int] = []
    inner = adc.on_adc_read

    def read(channel: int) -> None:
        seen.append(channel)
        inner(channel)

    adc.on_adc_read = read
    adc.write_uint32_atomic(DIV, 479 << 8, 0)
    adc.write_uint32_atomic(CS, CS_EN | 15 << 16, 0)
    adc.write_uint32_atomic(CS, CS_START_MANY, SET)
    for number in range(10):
        if number == sticky_at:
            adc.cs |= CS_ERR_STICKY
            mcu.clock.tick(SAMPLE_NS / 2)
            adc.write_uint32_atomic(CS, CS_ERR_STICKY, SET)
            mcu.clock.tick(SAMPLE_NS / 2)
        else:
            mcu.clock.tick(SAMPLE_NS)
    return seen[:10], adc


def test_round_robin_needs_mending() -> None:
    """The datasheet: inputs 0, 1, 2, 3 in turn. The emulator stays at input 0."""
    assert inputs_read(MendedAdc)[0] == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    assert inputs_read(RPADC)[0] == [0] * 10


def test_clearing_an_error_needs_mending() -> None:
    """The datasheet: writing one clears ERR_STICKY. The emulator keeps it, and begins a conversion out of turn."""
    seen, adc = inputs_read(MendedAdc, sticky_at=4)
    assert seen == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    assert not adc.cs & CS_ERR_STICKY
    assert inputs_read(RPADC, sticky_at=4)[1].cs & CS_ERR_STICKY


async def empty_packets(image: Path, mended: bool) -> int:
    """Return how often the USB host answers the board with nothing while it sleeps for 20 ms."""
    device = MicroPythonDevice(board=BoardSpec(image=image))
    if mended:
        quiet_usb(device)
    done = device.mcu.usb_ctrl.endpoint_read_done
    empty = 0

    def count(endpoint: int, buffer: bytes | bytearray, *rest: object) -> None:
        nonlocal empty
        empty += not buffer
        done(endpoint, buffer, *rest)

    device.mcu.usb_ctrl.endpoint_read_done = count
    async with device:
        empty = 0
        await device.aexec("import time\ntime.sleep_ms(20)")
        return empty


@pytest.mark.parametrize(("mended", "many"), [(True, False), (False, True)])
def test_usb_host_needs_to_be_silent(image: Path, mended: bool, many: bool) -> None:
    """A host without data just does not answer; the emulator's answers each time, hundreds of times in 20 ms."""
    assert (asyncio.run(empty_packets(image, mended)) > 50) is many
