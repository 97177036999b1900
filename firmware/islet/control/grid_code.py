"""Grid codes as data: what must be ridden through, when the connection must be open, and the time chosen between.

Confirmed in EPRI's OpenDER (PyPI `opender`, its rt_crit.py): ride-through curves, limits of frequency, trip times of
category III. From general knowledge of the standards: trip times of categories I and II (tables 11, 12), rates of
change (table 21), and all of Europe's. Limits are in pu of nominal and in hertz of a 60 Hz (IEEE) or 50 Hz
(Europe) system and scale with nominal frequency. Times are in ms; clearing time 0: none is demanded.
Enter service (IEEE 1547-2018 4.10) stays with the settings.
"""

from islet.names import ABOVE, BELOW, TRIP_HZ, TRIP_V, TRIP_V_MEAN

# (quantity, side, limit, ride_ms, clear_ms, slope_ms_per_pu, floor_ms): a slope's ride-through falls with the voltage
# from that at the limit, down to floor_ms.
_FREQUENCY = (  # tables 18 and 19: ride through 57.0 to 58.8 and 61.2 to 61.8 Hz for 299 s
    (TRIP_HZ, BELOW, 58.5, 299_000, 300_000, 0, 0),
    (TRIP_HZ, ABOVE, 61.2, 299_000, 300_000, 0, 0),
    (TRIP_HZ, BELOW, 56.5, 0, 160, 0, 0),
    (TRIP_HZ, ABOVE, 62.0, 0, 160, 0, 0),
)
_HIGH = (  # tables 11, 12, 14, 15; the lowest step, 1.10 to 1.15 pu, has the longest ride-through
    (TRIP_V, ABOVE, 1.10, 1000, 2000, 0, 0),
    (TRIP_V, ABOVE, 1.20, 0, 160, 0, 0),
)
# Under 0.45 pu the clearing time is also the longest ride-through (0.30 to 0.45 pu, category II: permissive): what
# must be cleared need not be ridden through.
_DEEP = (TRIP_V, BELOW, 0.45, 0, 160, 0, 0)
IEEE1547_1 = (
    (TRIP_V, BELOW, 0.88, 1420, 0, 4000, 700),  # table 14: 0.7 s + 4 s/pu (V - 0.70); 0.50 to 0.70 pu: 0.16 s
    (TRIP_V, BELOW, 0.70, 700, 2000, 0, 0),
    _DEEP,
) + _HIGH + _FREQUENCY  # fmt: skip
IEEE1547_2 = (
    (TRIP_V, BELOW, 0.88, 5001, 0, 8700, 3000),  # table 15: 3 s + 8.7 s/pu (V - 0.65); 0.45 to 0.65 pu: 0.32 s
    (TRIP_V, BELOW, 0.70, 3435, 10_000, 0, 0),
    _DEEP,
) + _HIGH + _FREQUENCY  # fmt: skip
IEEE1547_3 = (
    (TRIP_V, BELOW, 0.88, 20_000, 21_000, 0, 0),  # tables 13, 16
    (TRIP_V, BELOW, 0.70, 10_000, 21_000, 0, 0),  # 0.50 to 0.70 pu
    (TRIP_V, BELOW, 0.50, 1000, 2000, 0, 0),
    (TRIP_V, ABOVE, 1.10, 12_000, 13_000, 0, 0),
    (TRIP_V, ABOVE, 1.20, 0, 160, 0, 0),
) + _FREQUENCY  # fmt: skip
EN50549 = (  # EN 50549-1:2019
    # 4.5.3.2, converters, the severest curve: 0.25 s at 0.05 pu, in a line to 3 s at 0.85 pu
    (TRIP_V, BELOW, 0.85, 3000, 0, 3438, 250),
    # 4.5.4: 1.15 pu 60 s, 1.20 pu 5 s, 1.25 pu 0.1 s
    (TRIP_V, ABOVE, 1.15, 60_000, 0, 0, 0),
    (TRIP_V, ABOVE, 1.20, 5000, 0, 0, 0),
    (TRIP_V, ABOVE, 1.25, 100, 300, 0, 0),
    (TRIP_V_MEAN, ABOVE, 1.10, 0, 3000, 0, 0),  # interface protection, mean of ten minutes
    (TRIP_HZ, BELOW, 47.5, 0, 500, 0, 0),
    (TRIP_HZ, ABOVE, 51.5, 0, 500, 0, 0),
)
VDE4105 = (  # VDE-AR-N 4105:2018, interface protection; ride-through 5.7.3.2, converters: 0.15 pu for 150 ms
    (TRIP_V, BELOW, 0.80, 2800, 3000, 0, 0),
    (TRIP_V, BELOW, 0.45, 150, 300, 0, 0),
    (TRIP_V_MEAN, ABOVE, 1.10, 0, 100, 0, 0),
    (TRIP_V, ABOVE, 1.25, 0, 100, 0, 0),
    (TRIP_HZ, BELOW, 47.5, 0, 100, 0, 0),
    (TRIP_HZ, ABOVE, 51.5, 0, 100, 0, 0),
)
# name, rows, its frequency, rate of change of frequency (Hz/s) and jumps of phase (degrees) to ride through:
# IEEE 1547-2018 table 21 and 6.5.2.6 (20 for the positive sequence of three phases, 60 for one phase; the latter read
# in a maker's excerpt); EN 50549-1 4.5.2: 2 Hz/s for converters.
CODES = (
    ("ieee1547_1", IEEE1547_1, 60.0, 0.5, 20.0, 60.0),
    ("ieee1547_2", IEEE1547_2, 60.0, 2.0, 20.0, 60.0),
    ("ieee1547_3", IEEE1547_3, 60.0, 3.0, 20.0, 60.0),
    ("en50549", EN50549, 50.0, 2.0, 0.0, 0.0),
    ("vde4105", VDE4105, 50.0, 2.0, 0.0, 0.0),
)
FAST_TRANSFER = "fast_transfer"  # of loss_profile
MARGIN_MS = 500  # beyond the ride-through, at most
CALL_MS = 10  # between two calls of the guard
HALVES_V, HALVES_HZ = 3, 8  # half cycles that measuring and counting take at most


def rows(s) -> tuple:
    """Return (quantity, side, limit, ride_ms, clear_ms, open_ms, slope_ms_per_pu, floor_ms) a row of the code in s.

    Limits are in pu, or in hertz at f0_hz. open_ms: counted from the first half cycle beyond the limit; a slope's
    falls by slope_ms_per_pu under the limit, to floor_ms at least.
    """
    if s.grid_code == "site":
        return _site(s)
    table, hz = code(s.grid_code)[1:3]
    return tuple([_row(row, s, s.f0_hz / hz) for row in table])


def fast_open_pu(s) -> float:
    """Return the voltage under which the settings want the contactor opened at once; 0 where they ride through."""
    return s.fast_open_pu if s.loss_profile == FAST_TRANSFER else 0.0


def code(name: str) -> tuple:
    """Return the row of CODES of that name; raises ValueError."""
    for row in CODES:
        if row[0] == name:
            return row
    raise ValueError("grid code %r is unknown" % name)


def _site(s) -> tuple:
    """Return the limits of the settings, all with one time."""
    ms = int(s.ride_s * 1000)
    limits = (
        (TRIP_V, BELOW, s.v_min_pu),
        (TRIP_V, ABOVE, s.v_max_pu),
        (TRIP_HZ, BELOW, s.hz_min),
        (TRIP_HZ, ABOVE, s.hz_max),
    )
    return tuple([row + (ms, 0, ms, 0, 0) for row in limits])


def _row(row: tuple, s, scale: float) -> tuple:
    quantity, side, limit, ride_ms, clear_ms, slope, floor_ms = row
    hertz = quantity == TRIP_HZ
    half_ms = 500.0 / s.f0_hz
    late_ms = s.contactor_open_ms + CALL_MS + (HALVES_HZ if hertz else HALVES_V) * half_ms
    open_ms = opening_ms(ride_ms, clear_ms, late_ms)
    if floor_ms:
        floor_ms += open_ms - ride_ms
    return (quantity, side, limit * scale if hertz else limit, ride_ms, clear_ms, open_ms, slope, floor_ms)


def opening_ms(ride_ms: int, clear_ms: int, late_ms: float) -> int:
    """Return when to tell the contactor to open: between the ride-through and the last moment that clears in time."""
    if not clear_ms:
        return ride_ms + MARGIN_MS // 5
    spare_ms = clear_ms - late_ms - ride_ms
    return max(0, int(ride_ms + min(spare_ms / 2.0, MARGIN_MS)))
