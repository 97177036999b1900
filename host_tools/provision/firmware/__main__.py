"""`python -m host_tools.provision.firmware BOARD`, the same as `islet firmware BOARD`."""

import sys

from host_tools.errors import InputError, RunError
from host_tools.provision.firmware.command import firmware

try:
    firmware()
except (InputError, RunError) as error:
    sys.exit(f"error: {error}")
