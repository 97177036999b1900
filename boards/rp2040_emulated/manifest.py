"""What is frozen into the emulated board's image."""

include("../manifest_rp2.py", board="rp2040_emulated")
