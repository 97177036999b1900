"""What is frozen into the image of a Raspberry Pi Pico 2 W."""

include("../manifest_rp2.py", board="pico2_w")
