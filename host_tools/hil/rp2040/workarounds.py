"""What rp2040py 0.3.6 does unlike the chip, mended for one device; each has a test that fails once it is needless."""

from rp2040py.device import MicroPythonDevice
from rp2040py.peripherals.adc import (
    CS,
    CS_AINSEL_MASK,
    CS_AINSEL_SHIFT,
    CS_ERR_STICKY,
    CS_START_MANY,
    RPADC,
)


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


def mend_adc(device: MicroPythonDevice) -> None:
    """Make the device's converter a MendedAdc."""
    device.mcu.adc.__class__ = MendedAdc


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
