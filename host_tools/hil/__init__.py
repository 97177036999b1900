"""Rigs that run the firmware: here, the MicroPython unix port."""
