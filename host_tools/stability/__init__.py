"""Stability shown: sweeps of the firmware's own restoration and of droop against their analytic bounds."""
