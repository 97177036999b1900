"""The emulated RP2040: the real MicroPython image on an instruction-set emulator (PyPI rp2040py)."""
