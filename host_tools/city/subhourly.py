"""Minute powers that keep each hour's metered energy: a seeded model of appliances and of broken cloud.

Load of an hour = a base that wanders slowly + appliances that switch on and off + what is left, spread as a
slow random walk. PV of an hour = a smooth day shape x the street's clouds, which pass each roof a little
earlier or later; cloudless hours stay smooth, half-covered ones flicker most. Each building has a random
stream of its own, so its day depends on neither the number of buildings nor on the others.
"""

import numpy as np

from host_tools.city.homes import Homes
from host_tools.plant.types import Floats

MINUTES = 60
LOAD_STREAM, PV_STREAM, CLOUD_STREAM = 0, 1, 2
# Appliances of a home: power and longest run, picked evenly (air conditioning and heaters cycle).
APPLIANCES_W_MIN = ((2000.0, 3), (1200.0, 6), (600.0, 12), (1800.0, 10), (2500.0, 12), (900.0, 20))
PULSE_SHARE = 0.5  # of the energy above base goes to appliances, as far as they fit
DRAWS_PER_HOUR = 24
TRIES = 3  # people and thermostats seldom start everything together
PEAK_W = 9000.0  # appliances do not pile up beyond this, or beyond PEAK_RATIO of a larger hour's mean
PEAK_RATIO = 1.4
WANDER = 0.97  # correlation of the slow part from minute to minute: about half an hour
CLOUD = 0.80  # clouds pass in about five minutes
CLOUD_DEPTH = 0.7  # swing of the flicker in a half-covered hour, per unit of the mean
DELAY_MIN = 3  # the street's clouds reach a roof within so many minutes of the first one


def minute_powers(homes: Homes, seed: int) -> tuple[Floats, Floats]:
    """Return load_w and pv_w, each [N, 1440] and >= 0, the means over one-minute intervals."""
    clouds = _walk(_stream(seed, CLOUD_STREAM, 0), CLOUD, 24 * MINUTES + DELAY_MIN)
    load = [minute_load_w(homes.load_wh[k], _stream(seed, LOAD_STREAM, k)) for k in range(homes.n)]
    pv = []
    for k in range(homes.n):
        hour_wh, clear_wh, rated_w = homes.pv_wh[k], homes.pv_clear_wh[k], float(homes.pv_rated_w[k])
        pv.append(minute_pv_w(hour_wh, clear_wh, rated_w, clouds, _stream(seed, PV_STREAM, k)))
    return np.array(load), np.array(pv)


def minute_load_w(hour_wh: Floats, rng: np.random.Generator) -> Floats:
    """Return minute powers [60 H] of hours [H] in Wh; 60 minutes' mean is the hour's energy."""
    base_w = float(np.quantile(hour_wh, 0.1))
    slow = np.exp(0.35 * _walk(rng, WANDER, MINUTES * len(hour_wh))).reshape(-1, MINUTES)
    power = np.empty_like(slow)
    for hour, mean_w in enumerate(hour_wh):
        pulses = _appliances(mean_w, base_w, rng)
        rest = max(MINUTES * mean_w - float(pulses.sum()), 0.0)
        power[hour] = pulses + slow[hour] * (rest / slow[hour].sum())
    return power.reshape(-1)


def minute_pv_w(
    hour_wh: Floats, clear_wh: Floats, rated_w: float, clouds: Floats, rng: np.random.Generator
) -> Floats:
    """Return minute powers [60 H] of PV hours [H] in Wh, at most rated_w, zero where the hour is zero.

    clear_wh [H] is the same hour without cloud; clouds [60 H + DELAY_MIN] is the street's, of unit variance.
    """
    shape = _smooth(hour_wh)
    start = int(rng.integers(0, DELAY_MIN + 1))
    own = clouds[start : start + len(shape)] + 0.3 * _walk(rng, CLOUD, len(shape))
    cover = 1.0 - np.divide(hour_wh, clear_wh, out=np.ones_like(hour_wh), where=clear_wh > 0.0)
    depth = np.repeat(CLOUD_DEPTH * np.clip(4.0 * cover * (1.0 - cover), 0.0, 1.0), MINUTES)
    shape *= np.clip(1.0 + depth * np.tanh(own), 0.05, None)
    hours = zip(shape.reshape(-1, MINUTES), hour_wh, strict=True)
    return np.concatenate([_fill(minutes, float(wh), rated_w) for minutes, wh in hours])


def _stream(seed: int, kind: int, building: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(kind, building)))


def _walk(rng: np.random.Generator, memory: float, count: int) -> Floats:
    """Return [count] of a first-order autoregression of unit variance, started far in the past."""
    past = int(np.ceil(np.log(1e-4) / np.log(memory)))
    noise = rng.standard_normal(count + past) * np.sqrt(1.0 - memory * memory)
    return np.convolve(noise, memory ** np.arange(past + 1), mode="valid")


def _appliances(mean_w: float, base_w: float, rng: np.random.Generator) -> Floats:
    """Return [60] W of appliances whose energy fits into the share of the hour above base."""
    power = np.zeros(MINUTES)
    kinds = rng.integers(0, len(APPLIANCES_W_MIN), DRAWS_PER_HOUR)
    runs, starts = rng.random(DRAWS_PER_HOUR), rng.random((DRAWS_PER_HOUR, TRIES))
    left = PULSE_SHARE * MINUTES * max(mean_w - base_w, 0.0)
    ceiling = max(PEAK_W, PEAK_RATIO * mean_w) - mean_w
    for kind, run, start in zip(kinds, runs, starts, strict=True):
        watts, longest = APPLIANCES_W_MIN[kind]
        minutes = min(1 + int(run * longest), int(left / watts))
        if minutes < 1:
            continue
        on = _quietest(power, minutes, start)
        if power[on].max() + watts <= ceiling:
            power[on] += watts
            left -= watts * minutes
    return power


def _quietest(power: Floats, minutes: int, starts: Floats) -> slice:
    """Return where a run of so many minutes meets least else, out of a few random starts in 0..1."""
    first = [int(start * (MINUTES - minutes + 1)) for start in starts]
    best = min(first, key=lambda minute: float(power[minute : minute + minutes].sum()))
    return slice(best, best + minutes)


def _smooth(hour_wh: Floats) -> Floats:
    """Return [60 H], linear between the middles of hours and zero where a dark hour begins or ends."""
    hours = len(hour_wh)
    mixing = np.diag(np.full(hours, 0.75)) + np.diag(np.full(hours - 1, 0.125), 1)
    mixing += np.diag(np.full(hours - 1, 0.125), -1)  # mean of a hat function over its own and the next hours
    level = np.maximum(np.linalg.solve(mixing, hour_wh), 0.0)
    dusk = np.flatnonzero(np.diff(hour_wh > 0.0)) + 1.0
    knots, values = np.append(np.arange(hours) + 0.5, dusk), np.append(level, np.zeros(len(dusk)))
    order = np.argsort(knots)
    shape = np.interp(np.arange(MINUTES * hours) + 0.5, MINUTES * knots[order], values[order])
    smooth: Floats = np.maximum(shape, 1e-3 * np.repeat(hour_wh, MINUTES))
    return smooth


def _fill(shape: Floats, mean_w: float, ceiling_w: float) -> Floats:
    """Return shape [60] scaled to the mean, cut at the ceiling with the cut-off energy given to the rest."""
    if mean_w <= 0.0:
        return np.zeros(MINUTES)
    if mean_w >= ceiling_w:
        return np.full(MINUTES, mean_w)
    free = np.ones(MINUTES, dtype=np.bool_)
    while True:
        cut = ceiling_w * float(MINUTES - free.sum())
        power = np.where(free, shape * ((MINUTES * mean_w - cut) / shape[free].sum()), ceiling_w)
        over = free & (power > ceiling_w)
        if not over.any():
            return power
        free &= ~over
