"""An ESP32-DevKitC and an ATM90E32, as on CircuitSetup's split single phase meter: energy, and no transfer."""

from hal import pins

PINS = pins.Pinout(off_grid=13, shed=(32, 33, 26), led=2)
METER = (2, 18, 23, 19, 5)  # SPI, sck, mosi, miso, cs of the ATM90E32
LINES = (("uart2", 2, 17, 16, 4),)  # name, UART, tx, rx, direction
FRAM = (0, 21, 22)  # I2C, sda, scl
GRID, LOADS = (0,), (2,)  # the chip's phases: A has the connection's transformer, C that of the load feeder
F0_HZ = 50
PGA = 1
U_GAIN, I_GAIN = (
    7305,
    27_518,
)  # 9 V transformer; SCT-013-000, 100 A : 50 mA, burden of 12 ohm. Calibrate: 46103A 4.2
ONE_VOLTAGE = 0x0444  # register ChannelMapU: every phase is measured against input Ua


def safe() -> None:
    """Make the outputs safe, before anything else runs."""
    pins.safe(PINS)


def wiring(v_nominal_v: float, f0_hz: float, set_hz: float):
    """Return what is connected, by its names: the chip keeps its own scales."""
    from islet.measure.wiring import GRID_I, GRID_V, LOAD_I, Channel, Wiring

    channels = (Channel("grid_v", GRID_V), Channel("grid_i", GRID_I), Channel("load_i", LOAD_I))
    return Wiring(channels, v_nominal_v=v_nominal_v, f0_hz=f0_hz, set_hz=set_hz, simultaneous=True)


def meter(spi, cs, ticks_ms, log):
    """Return the chip in the meter's place."""
    from hal.energy_meter import EnergyMeter
    from islet.drivers.atm90e32 import Atm90e32
    from islet.drivers.atm90e32_setup import ChipSetup, PhaseSetup
    from islet.measure.energy import Energies

    used = GRID + LOADS
    phases = tuple([PhaseSetup(k in used, pga=PGA, u_gain=U_GAIN, i_gain=I_GAIN) for k in range(3)])
    driver = Atm90e32(spi, cs, ChipSetup(phases, F0_HZ, map_u=ONE_VOLTAGE))
    return EnergyMeter(driver, Energies(["grid", "load_i"]), GRID, LOADS, ticks_ms, log)


def network(config: dict):
    """Return the interface to the network; OSError when network.json lacks something."""
    from hal.wlan import Wlan

    return Wlan(config)


def open_hardware():
    """Return the hardware."""
    from hal import esp32, esp32_energy, fram

    hw = esp32_energy.Hardware(PINS, wiring, esp32.Bus(*METER), meter, LINES, network)
    hw.store = fram.beside(hw.store, *FRAM)
    return hw
