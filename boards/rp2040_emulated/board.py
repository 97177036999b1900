"""The emulated RP2040: the chip's own instructions, pins and converter, and lwIP over PPP on a UART."""

from hal import pins

PINS = pins.Pinout(
    contactor=2, feedback=11, bond=3, bond_feedback=12, genset=4, genset_live=13, sync_relay=14,
    override_open=15, override_close=16, off_grid=17, shed=(5, 6, 7), led=25,
)  # fmt: skip
ADC_INPUTS = (0, 1, 2, 3)  # GPIO 26 to 29: grid_v, bus_v, grid_i, load_i
CODE = 16  # window codes in one of the 12 bits of the converter
VOLTS_PER_CODE = 0.2 / CODE  # full scale 409 V peak
AMPS_PER_CODE = 0.05 / CODE  # full scale 102 A peak
NOISE_CODES = 1.5 * CODE
PPP_LINE, PPP_BAUD = (0, 0, 1), 460_800  # UART, tx, rx
LINES = (("uart1", 1, 8, 9, 10),)  # name, UART, tx, rx, direction


def safe() -> None:
    """Make the outputs safe, before anything else runs."""
    pins.safe(PINS)


def wiring(v_nominal_v: float, f0_hz: float, set_hz: float):
    """Return what is connected to the converter's inputs."""
    from islet.measure.wiring import single_phase

    return single_phase(
        VOLTS_PER_CODE, AMPS_PER_CODE, NOISE_CODES, v_nominal_v=v_nominal_v, f0_hz=f0_hz, set_hz=set_hz
    )


def network(_config: dict):
    """Return the interface to the network."""
    from hal import lines, ppp

    return ppp.interface(lines.Line(*PPP_LINE), PPP_BAUD)


def open_hardware():
    """Return the hardware; OSError when its parts are taken."""
    from hal import rp2

    return rp2.Hardware(PINS, wiring, ADC_INPUTS, LINES, network)
