"""Settings that the tests of allocation share."""

import sys

from islet.config import Settings

sys.path.append(__file__.rsplit("/", 2)[0] + "/firmware")
from valid_settings import raw


def settings(**changed):
    """Return valid settings, some of them changed."""
    return Settings(raw(**changed))
