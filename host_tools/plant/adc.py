"""The RP2040's converter: how wide each of its codes is, by what was published of five boards.

Erratum RP2040-E11 of the RP2040 datasheet: the differential nonlinearity has spikes at 0x200, 0x600, 0xa00, 0xe00.
The numbers below are code histograms of the ramps of a 15-bit converter into five Picos, 12 readings a step, from
github.com/kitanokitsune/rp2040adc_correction (commit 61898dd5, actual_adc_data/data_rp2040). They agree with
M. Omo's sine histogram (pico-adc.markomo.me: DNL up to 8.9 LSB, INL 7.85 LSB, noise 0.97 LSB rms, 8.9 bits by sine
fit); the datasheet says 8.7 effective bits. The code that is wide lies just below the multiple of 512. Beside the
erratum, a code that ends in binary 111 is narrow, and one or two are missing at mid scale: a step at zero volts.
"""

import numpy as np

from host_tools.plant.meter_signal import Adc, Floats

CODES = 4096
NOISE_CODES = 1.0  # rms; M. Omo has 0.97 in the quiet mode of the Pico's supply, 1.36 in the other
WIDE_CODES = (511, 1535, 2559, 3583)
WIDE_LSB = (10.4, 9.31, 9.07, 10.08)  # mean of five boards
WIDE_SPREAD_LSB = (0.49, 0.27, 0.20, 0.62)  # between them
# Codes just below an odd multiple of 8, 16, 32, 64, 128, 256: mean width in LSB.
NARROW_LSB = (0.259, 0.464, 0.405, 0.323, 0.096, 0.523)
ORDINARY_LSB = 1.1
OTHER_SPREAD_LSB = 0.02
MIDDLE = (2045, 2046, 2047, 2048)
MIDDLE_LSB = (0.84, 0.09, 0.0, 1.38)
MIDDLE_SPREAD_LSB = (0.2, 0.09, 0.0, 0.06)


def e11_widths(seed: int) -> Floats:
    """Return the widths of a converter that has the four wide codes of the erratum and is even elsewhere, [4096]."""
    rng = np.random.default_rng([seed, 11])
    widths = np.ones(CODES)
    widths[list(WIDE_CODES)] = rng.normal(WIDE_LSB, WIDE_SPREAD_LSB)
    return _to_full_scale(widths)


def board_widths(seed: int) -> Floats:
    """Return the widths of a converter as the five boards have them: wide, narrow and missing codes, [4096]."""
    rng = np.random.default_rng([seed, 11])
    wide = rng.normal(WIDE_LSB, WIDE_SPREAD_LSB)  # drawn first: the same device as e11_widths(seed)
    widths = np.full(CODES, ORDINARY_LSB)
    for power, width in enumerate(NARROW_LSB, start=3):
        widths[2**power - 1 :: 2 ** (power + 1)] = width
    widths += rng.normal(0.0, OTHER_SPREAD_LSB, CODES)
    widths[list(MIDDLE)] = rng.normal(MIDDLE_LSB, MIDDLE_SPREAD_LSB)
    widths[list(WIDE_CODES)] = wide
    return _to_full_scale(np.maximum(widths, 0.0))


def _to_full_scale(widths: Floats) -> Floats:
    """Make all but the wide codes and the middle share what is left of the full scale."""
    free = np.ones(CODES, dtype=np.bool_)
    free[list(WIDE_CODES + MIDDLE)] = False
    widths[free] *= (CODES - widths[~free].sum()) / widths[free].sum()
    return widths


def rp2040(widths: Floats, noise_codes: float = NOISE_CODES) -> Adc:
    """Return the converter of these widths with the noise of a Pico."""
    return Adc(12, noise_codes, widths)


def centre_table(widths: Floats) -> Floats:
    """Return the window code at the centre of each raw code's span, [4096]: the best that a table can know."""
    edges = np.concatenate([[0.0], np.cumsum(widths)]) - 0.5
    table: Floats = 8.0 * (edges[:-1] + edges[1:])
    return table
