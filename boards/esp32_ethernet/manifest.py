"""What is frozen into the image of an Olimex ESP32-POE-ISO with an ADS131M04."""

include("../manifest_esp32.py", board="esp32_ethernet")
