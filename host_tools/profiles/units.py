"""Units that a profile's registers may be in, and the factor to the unit of a role's reading or command."""

from fractions import Fraction

# last word of a name: its unit, the units a register may have
_KILO, _MILLI = Fraction(1000), Fraction(1, 1000)
_UNITS: dict[str, dict[str, Fraction]] = {
    "w": {"W": Fraction(1), "kW": _KILO, "MW": _KILO**2},
    "var": {"var": Fraction(1), "kvar": _KILO},
    "va": {"VA": Fraction(1), "kVA": _KILO},
    "v": {"V": Fraction(1), "mV": _MILLI},
    "a": {"A": Fraction(1), "mA": _MILLI},
    "hz": {"Hz": Fraction(1), "mHz": _MILLI},
    "wh": {"Wh": Fraction(1), "kWh": _KILO, "MWh": _KILO**2, "J": Fraction(1, 3600)},
    "pu": {"%": Fraction(1, 100), "pu": Fraction(1)},
}
SHARE = {"%": Fraction(1, 100), "pu": Fraction(1)}


def units_of(name: str) -> dict[str, Fraction]:
    """Return {unit: factor to the name's own unit}; empty for a code, such as `state`."""
    return _UNITS.get(name.rsplit("_", 1)[-1], {})


def unit_of(name: str) -> str:
    """Return the unit of a name; empty for a code."""
    return next((unit for unit, factor in units_of(name).items() if factor == 1), "")
