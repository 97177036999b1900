"""The W5500-EVB-Pico: both sides of the contactor, the grid's current, and Ethernet."""

from hal import pins

PINS = pins.Pinout(
    contactor=2, feedback=11, bond=3, bond_feedback=12, genset=4, genset_live=13, sync_relay=14,
    override_open=15, override_close=22, shed=(5, 6, 7), led=25,
)  # fmt: skip
ADC_INPUTS = (0, 1, 2)  # GPIO 26 to 28: grid_v, bus_v, grid_i
LINES = (("uart1", 1, 8, 9, 10),)  # name, UART, tx, rx, direction
FRAM = (0, 0, 1)  # I2C, sda, scl
VOLTS_PER_CODE = 3.3 / 65536 * (100_000 + 8200) / 8200 * 230 / 11.5  # divider and transformer: 435 V peak
AMPS_PER_CODE = 3.3 / 65536 / 22 * 2000  # burden of 22 ohm, transformer 100 A : 50 mA: 150 A peak
NOISE_CODES = 24.0  # 1.5 of the converter's 12 bits


def safe() -> None:
    """Make the outputs safe, before anything else runs."""
    pins.safe(PINS)


def wiring(v_nominal_v: float, f0_hz: float, set_hz: float):
    """Return what is connected to the converter's inputs."""
    from islet.measure.wiring import BUS_V, GRID_I, GRID_V, Channel, Wiring

    channels = (
        Channel("grid_v", GRID_V, 1, VOLTS_PER_CODE, 230.0, NOISE_CODES),
        Channel("bus_v", BUS_V, 1, VOLTS_PER_CODE, 230.0, NOISE_CODES),
        Channel("grid_i", GRID_I, 1, AMPS_PER_CODE, 60.0, NOISE_CODES),
    )
    return Wiring(channels, v_nominal_v=v_nominal_v, f0_hz=f0_hz, set_hz=set_hz)


def network(config: dict):
    """Return the interface to the network; OSError when its chip does not answer."""
    from hal.wiznet import wired

    return wired(config)


def open_hardware():
    """Return the hardware; OSError when its parts are taken."""
    from hal import fram, rp2
    from islet.measure.linearise import generic_table

    hw = rp2.Hardware(PINS, wiring, ADC_INPUTS, LINES, network, generic_table())
    hw.store = fram.beside(hw.store, *FRAM)
    return hw
