"""An ESP32-S3-DevKitC-1 and an ADS131M04: both sides of the contactor, two currents, WLAN, all contacts."""

from hal import pins

PINS = pins.Pinout(
    contactor=4, feedback=5, bond=6, bond_feedback=7, genset=15, genset_live=16, sync_relay=9, override_open=10,
    override_close=11, off_grid=12, shed=(8, 17, 21),
)  # fmt: skip
CONVERTER = (1, 13, 14, 18, 47, 42)  # SPI, sck, mosi, miso, cs, drdy of the ADS131M04
LINES = (("uart1", 1, 40, 41, 39),)  # name, UART, tx, rx, direction
FRAM = (0, 1, 2)  # I2C, sda, scl
CLKIN_HZ, OVERSAMPLING = 8_192_000, 4096  # 1000 sets a second
VOLTS_PER_CODE = 1.2 / 32768 * (100_000 + 4700) / 4700 * 230 / 11.5  # divider and transformer: 534 V peak
AMPS_PER_CODE = 1.2 / 32768 / 12 * 2000  # burden of 12 ohm, transformer 100 A : 50 mA: 200 A peak
NOISE_CODES = 0.5


def safe() -> None:
    """Make the outputs safe, before anything else runs."""
    pins.safe(PINS)


def wiring(v_nominal_v: float, f0_hz: float, set_hz: float):
    """Return what is connected to the converter's inputs: grid_v, bus_v, grid_i, load_i."""
    from islet.measure.wiring import single_phase

    return single_phase(
        VOLTS_PER_CODE,
        AMPS_PER_CODE,
        NOISE_CODES,
        v_nominal_v=v_nominal_v,
        f0_hz=f0_hz,
        set_hz=set_hz,
        simultaneous=True,
    )


def converter(spi, cs, ticks_us, unpack):
    """Return the driver of the converter."""
    from islet.drivers.ads131m04 import Ads131m04
    from islet.drivers.ads131m04_setup import ChipSetup

    return Ads131m04(spi, cs, ticks_us, ChipSetup(CLKIN_HZ, OVERSAMPLING), unpack)


def network(config: dict):
    """Return the interface to the network; OSError when network.json lacks something."""
    from hal.wlan import Wlan

    return Wlan(config)


def open_hardware():
    """Return the hardware; a converter that does not answer resets the board."""
    from hal import esp32, fram

    hw = esp32.Hardware(PINS, wiring, esp32.Bus(*CONVERTER), converter, LINES, network)
    hw.store = fram.beside(hw.store, *FRAM)
    return hw
