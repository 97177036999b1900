"""The Raspberry Pi Pico 2 W, an RP2350: one voltage and two currents, and WLAN. It does not transfer."""

from hal import pins

PINS = pins.Pinout(
    feedback=11, bond=3, bond_feedback=12, genset=4, genset_live=13, sync_relay=14,
    override_open=15, override_close=16, off_grid=17, shed=(5, 6, 7),
)  # fmt: skip
ADC_INPUTS = (0, 1, 2)  # GPIO 26 to 28: grid_v, grid_i, load_i
LINES = (("uart1", 1, 8, 9, 10),)  # name, UART, tx, rx, direction
FRAM = (0, 20, 21)  # I2C, sda, scl
VOLTS_PER_CODE = 3.3 / 65536 * (100_000 + 8200) / 8200 * 230 / 11.5  # divider and transformer: 435 V peak
AMPS_PER_CODE = 3.3 / 65536 / 22 * 2000  # burden of 22 ohm, transformer 100 A : 50 mA: 150 A peak
NOISE_CODES = 24.0  # 1.5 of the converter's 12 bits


def safe() -> None:
    """Make the outputs safe, before anything else runs."""
    pins.safe(PINS)


def wiring(v_nominal_v: float, f0_hz: float, set_hz: float):
    """Return what is connected to the converter's inputs."""
    from islet.measure.wiring import grid_side

    return grid_side(
        VOLTS_PER_CODE, AMPS_PER_CODE, NOISE_CODES, v_nominal_v=v_nominal_v, f0_hz=f0_hz, set_hz=set_hz
    )


def network(config: dict):
    """Return the interface to the network; OSError when network.json lacks something."""
    from hal.wlan import Wlan

    return Wlan(config)


def open_hardware():
    """Return the hardware; OSError when its parts are taken."""
    from hal import fram, rp2

    hw = rp2.Hardware(PINS, wiring, ADC_INPUTS, LINES, network)
    hw.store = fram.beside(hw.store, *FRAM)
    return hw
