"""What boards with an ESP32 freeze; a manifest is one line: include("../manifest_esp32.py", board="esp32_devkit").

The port's own modules make the file system at the first start.
"""

options.defaults(also=())
freeze("$(PORT_DIR)/modules", opt=3)
include("$(MPY_DIR)/extmod/asyncio")
include("manifest_islet.py", board=options.board, also=options.also)
