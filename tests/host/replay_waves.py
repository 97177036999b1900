"""Recordings for the tests of replay: codes from a formula, and what numpy makes of recorded codes in float64."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def codes_of(parameters: dict[str, Any]) -> tuple[Ints, Ints]:
    """Return raw codes [n, channels] of a case's formula, and the number of each set.

    A channel is the sum of sqrt(2) * rms * cos(2 pi order f t + deg) over its waves [order, rms, deg], rounded to
    codes about half scale. Voltages fall to `sag` [begin_s, end_s, share]; sets lost[0] to lost[1] - 1 are missing.
    """
    p = parameters
    sets = np.arange(round(p["seconds"] * p["set_hz"]))
    columns = []
    for number, channel in enumerate(p["channels"].values()):
        late = 0.0 if p["simultaneous"] else number / len(p["channels"])
        time_s = (sets + late) / p["set_hz"]
        wave = np.zeros(len(sets))
        for order, rms, deg in channel["waves"]:
            wave += np.sqrt(2.0) * rms * np.cos(2.0 * np.pi * order * p["hz"] * time_s + np.radians(deg))
        if "sag" in p and channel["kind"].endswith("_v"):
            begin_s, end_s, share = p["sag"]
            wave *= np.where((time_s >= begin_s) & (time_s < end_s), share, 1.0)
        columns.append(np.floor(wave / channel["per_code"] + 2.0 ** (p["bits"] - 1) + 0.5))
    first, stop = p.get("lost", (0, 0))
    kept = (sets < first) | (sets >= stop)
    return np.stack(columns, axis=1).astype(np.int64)[kept], sets[kept]


def numpy_reading(path: Path, parameters: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Return rms, power and distortion of each channel from a recording of whole cycles, by one Fourier transform.

    Each channel's spectrum is moved back by the time it was sampled after the first, so no filter is needed.
    """
    p = parameters
    codes = np.array(
        [list(map(int, line.split(","))) for line in path.read_text().splitlines() if line[0].isdigit()]
    )
    n = len(codes)
    hz = np.arange(n // 2 + 1) * p["set_hz"] / n
    fundamental = round(p["hz"] * n / p["set_hz"])
    spectra, found = {}, {}
    for number, (name, channel) in enumerate(p["channels"].items()):
        late_s = 0.0 if p["simultaneous"] else number / len(p["channels"]) / p["set_hz"]
        spectrum = np.fft.rfft(codes[:, number] * channel["per_code"]) / n * np.exp(-2j * np.pi * hz * late_s)
        spectrum[0] = 0.0
        spectra[name] = np.sqrt(2.0) * spectrum
        rms = float(np.linalg.norm(spectra[name]))
        first = abs(spectra[name][fundamental])
        found[name] = {"rms": rms, "thd_pu": float(np.sqrt(rms**2 - first**2) / first)}
    for name, channel in p["channels"].items():
        if "against" in channel:
            plus, *minus = (spectra[one] for one in channel["against"])
            power = (plus - sum(minus)) * spectra[name].conj()
            found[name] |= {"w": float(power.sum().real), "var": float(power[fundamental].imag)}
    return found
