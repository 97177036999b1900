"""Homes, feeder, scenario and the lockstep runner."""
