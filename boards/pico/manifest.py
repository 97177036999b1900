"""What is frozen into the image of a Raspberry Pi Pico."""

include("../manifest_rp2.py", board="pico")
