"""Samples to volt, ampere, watt, hertz, joule."""
