"""Randomised trials: disturbances that must be ridden through or not, and reclosings."""
