"""What is frozen into the image of a Raspberry Pi Pico W."""

include("../manifest_rp2.py", board="pico_w")
