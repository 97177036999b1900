"""What rp2040py 0.3.6 does unlike the chip, mended for one device; each has a test that fails once it is needless."""

from collections.abc import Callable
from datetime import UTC, datetime

from rp2040py.device import MicroPythonDevice
from rp2040py.peripherals import watchdog
from rp2040py.peripherals.adc import (
    CS,
    CS_AINSEL_MASK,
    CS_AINSEL_SHIFT,
    CS_ERR_STICKY,
    CS_START_MANY,
    RPADC,
)
from rp2040py.peripherals.dma import RPDMA, TREQ
from rp2040py.peripherals.rtc import RP2040RTC
from rp2040py.rp2040 import RP2040


class MendedAdc(RPADC):
    """The converter with two registers' behaviour put right, datasheet 4.9.6.

    Round robin: `_active_channel` masks with CS_AINSEL_SHIFT where CS_AINSEL_MASK belongs: only input 0 is read.
    CS: any write begins another chain of conversions while START_MANY is set, and ERR_STICKY is never cleared.
    """

    @property
    def _active_channel(self) -> int:
        return (self.cs >> CS_AINSEL_SHIFT) & CS_AINSEL_MASK

    @_active_channel.setter
    def _active_channel(self, channel: int) -> None:
        self.cs &= ~(CS_AINSEL_MASK << CS_AINSEL_SHIFT)
        self.cs |= (channel & CS_AINSEL_MASK) << CS_AINSEL_SHIFT

    def write_uint32(self, offset: int, value: int) -> None:
        """Write a register; a running converter runs on, and a one clears ERR_STICKY."""
        if offset != CS:
            super().write_uint32(offset, value)
            return
        fcs, busy = self.fcs, self.busy
        held = busy or bool(self.cs & value & CS_START_MANY)
        self.busy = held
        super().write_uint32(offset, value)
        self.busy = busy if held else self.busy
        self.fcs = fcs
        self.cs &= ~(self.raw_write_value & CS_ERR_STICKY)


def mend_adc(mcu: RP2040) -> None:
    """Make the chip's converter a MendedAdc."""
    mcu.adc.__class__ = MendedAdc


class MendedDma(RPDMA):
    """A DMA timer moves X / Y words a clock (datasheet 2.5.3.4); the emulator's moves Y / X."""

    def get_timer(self, treq: int) -> float:
        """Return the us between two words of a paced channel, 0: never."""
        if treq == TREQ.PERMANENT or not TREQ.TIMER0 <= treq <= TREQ.TIMER3:
            return super().get_timer(treq)
        timer = (self._timer0, self._timer1, self._timer2, self._timer3)[treq - TREQ.TIMER0]
        x, y = timer >> 16, timer & 0xFFFF
        return 1e6 * y / x / self.rp2040.clk_sys if x else 0.0


def mend_dma(mcu: RP2040) -> None:
    """Make the chip's DMA a MendedDma."""
    mcu.dma.__class__ = MendedDma


def stop_watchdog(mcu: RP2040) -> None:
    """Stop the watchdog, as a power-on does (datasheet 4.7.6: ENABLE is 0); the emulator's runs on and bites."""
    mcu.watchdog.write_uint32(watchdog.CTRL, 0)


class KnownRtc(RP2040RTC):
    """A clock that knows the time: MicroPython loads 2021-01-01 at every start, and here another time is taken.

    Not a mistake of the emulator: a board without a battery learns the time from the network or from its host. A
    case without network begins with the time known. `epoch_s()` is UTC now.
    """

    epoch_s: Callable[[], float]

    def write_uint32(self, offset: int, value: int) -> None:
        """Write a register; in place of a start's time the known one is loaded."""
        before = self.baseline_nanos
        super().write_uint32(offset, value)
        if self.baseline_nanos != before and self.baseline == datetime(2021, 1, 1, tzinfo=UTC):
            self.baseline = datetime.fromtimestamp(self.epoch_s(), UTC)


def set_time(mcu: RP2040, epoch_s: float) -> None:
    """Let the chip's clock know at its starts that it is epoch_s now."""
    rtc, at_ns = mcu.rtc, mcu.clock.nanos
    rtc.__class__ = KnownRtc
    assert isinstance(rtc, KnownRtc)
    rtc.epoch_s = lambda: epoch_s + (mcu.clock.nanos - at_ns) * 1e-9


def quiet_usb(device: MicroPythonDevice) -> None:
    """Let the USB host be silent while it has nothing to say.

    rp2040py answers every armed OUT endpoint at once with an empty packet, the firmware arms it again, and so most
    of its cycles go into USB and it never sleeps. A real host just does not answer: hold the transfer back.
    """
    cdc = device.cdc
    read, send, reset = cdc.usb.on_endpoint_read, cdc.send_serial_byte, cdc.usb.on_reset
    assert read is not None
    assert reset is not None
    armed = 0

    def on_endpoint_read(endpoint: int, size: int) -> None:
        nonlocal armed
        if endpoint == cdc._out_endpoint and cdc.tx_fifo.empty:
            armed = size
            return
        armed = 0
        read(endpoint, size)

    def send_serial_byte(data: int) -> None:
        nonlocal armed
        send(data)
        if armed:
            size, armed = armed, 0
            read(cdc._out_endpoint, size)

    def on_reset() -> None:
        nonlocal armed
        armed = 0
        reset()

    cdc.usb.on_endpoint_read, cdc.usb.on_reset = on_endpoint_read, on_reset
    setattr(cdc, "send_serial_byte", send_serial_byte)  # noqa: B010 - a method replaced on one object
