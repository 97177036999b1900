"""Grid-support curves as data: (x, y) points in per unit, dead bands in Hz, response times in seconds.

Response times are open-loop: after them 90 % of a step is there. Volts are per unit of nominal, var of the rated
apparent power (injects), watts of the rated power, `k` and `s` per unit of nominal frequency for the whole rating.
"""

NINETY_PCT = 2.302585  # ln 10: 90 % of a first-order response is there after so many time constants

EUROPEAN = ("en50549", "vde4105")

# IEEE 1547-2018 table 8, normal performance category A and B
VOLT_VAR_A = ((0.90, 0.25), (1.00, 0.0), (1.00, 0.0), (1.10, -0.25))
VOLT_VAR_B = ((0.92, 0.44), (0.98, 0.0), (1.02, 0.0), (1.08, -0.44))
# Q(U) of VDE-AR-N 4105 5.7.2.2 and EN 50549-1 4.7.2.3.3: to a displacement factor of 0.95 (a) or 0.90 (b)
Q_U_A = ((0.93, 0.312), (0.97, 0.0), (1.03, 0.0), (1.07, -0.312))
Q_U_B = ((0.93, 0.436), (0.97, 0.0), (1.03, 0.0), (1.07, -0.436))
# IEEE 1547-2018 table 10; P(U) of EN 50549-1 4.7.3 has no default: later and steeper, before the trip at 1.15
VOLT_WATT = ((1.06, 1.0), (1.10, 0.2))
P_U = ((1.09, 1.0), (1.12, 0.2))
# name of the curve, its points and response: table 8 for A and B; three time constants are 10 s in Europe
_VOLT_VAR = (("a", VOLT_VAR_A, 10.0, Q_U_A, 7.7), ("b", VOLT_VAR_B, 5.0, Q_U_B, 7.7))
# dead band over, under; k over, under; response: IEEE 1547-2018 table 24; LFSM of EN 50549-1 4.6.1, 4.6.2
FREQ_WATT = (0.036, 0.036, 0.05, 0.05, 5.0)
LFSM = (0.2, 0.2, 0.05, 0.05, 2.0)


def european(grid_code: str) -> bool:
    """Return whether a setting grid_code stands for the European set."""
    return grid_code in EUROPEAN


def volt_var(name: str, grid_code: str) -> tuple:
    """Return (points, response in s) of the curve a or b; ((), 0) for off."""
    for row in _VOLT_VAR:
        if row[0] == name:
            return row[3:] if european(grid_code) else row[1:3]
    return ((), 0.0)


def volt_watt(name: str, grid_code: str) -> tuple:
    """Return (points, response in s) when the setting is on; ((), 0) for off."""
    if name != "on":
        return ((), 0.0)
    return (P_U, 10.0) if european(grid_code) else (VOLT_WATT, 10.0)


def frequency_watt(grid_code: str) -> tuple:
    """Return (dbOF in Hz, dbUF in Hz, kOF, kUF, response in s)."""
    return LFSM if european(grid_code) else FREQ_WATT


def along(points: tuple, x: float) -> float:
    """Return y at x on the straight lines between points, the first and last y beyond them."""
    if x < points[0][0]:
        return points[0][1]
    for i in range(1, len(points)):
        x1, y1 = points[i]
        if x < x1:
            x0, y0 = points[i - 1]
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return points[len(points) - 1][1]
