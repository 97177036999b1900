"""Islet: the firmware of one building."""
