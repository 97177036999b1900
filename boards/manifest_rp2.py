"""What boards with an RP2 chip freeze; a manifest is one line: include("../manifest_rp2.py", board="pico")."""

options.defaults(also=())
freeze("$(PORT_DIR)/modules", ("_boot.py", "rp2.py"), opt=3)
include("$(MPY_DIR)/extmod/asyncio")
include("manifest_islet.py", board=options.board, also=options.also)
