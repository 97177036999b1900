"""What is frozen into the image of a W5500-EVB-Pico."""

include("../manifest_rp2.py", board="w5500_evb_pico")
