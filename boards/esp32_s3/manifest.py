"""What is frozen into the image of an ESP32-S3-DevKitC-1 with an ADS131M04."""

include("../manifest_esp32.py", board="esp32_s3")
