"""What is frozen into the image of an ESP32-DevKitC with an ATM90E32."""

include("../manifest_esp32.py", board="esp32_atm90e32")
