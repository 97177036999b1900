"""Small parts every layer may use: ticks, ramps, rings, leases, curves and bounds as data."""
