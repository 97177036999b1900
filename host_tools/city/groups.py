"""Splits a home's load into the groups that are shed one by one: critical, normal, deferrable.

There are no meters by circuit in the data, so this is a model: what runs all day (refrigeration, standby) and
a quarter of the rest is critical; what stands above a threshold (air conditioning, laundry, charging) is
deferrable; between them is normal. Over the year's homes the means are near 0.35, 0.40 and 0.25.
"""

import numpy as np

from host_tools.plant.types import Floats

BASE_SHARE = 0.5  # of the load that nine tenths of the day exceed
CRITICAL_SHARE = 0.25  # of the load above base
LARGE_W = 1000.0  # a load this far above base means a large appliance runs
DEFERRABLE_SHARE = 0.7  # of what stands above that; with CRITICAL_SHARE below 1, so normal stays positive


def split_groups(load_w: Floats) -> Floats:
    """Return [N, T, 3] for load [N, T] over a day; the last axis sums exactly to the load, none negative."""
    base = np.minimum(load_w, BASE_SHARE * np.quantile(load_w, 0.1, axis=1, keepdims=True))
    above = load_w - base
    deferrable = DEFERRABLE_SHARE * np.maximum(above - LARGE_W, 0.0)
    critical = base + CRITICAL_SHARE * above
    return np.stack([critical, load_w - critical - deferrable, deferrable], axis=2)
