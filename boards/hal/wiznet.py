"""The WIZnet W5500 of a W5500-EVB-Pico; its pins are in the image, which must be the one for that board."""

from network import WIZNET5K  # type: ignore[attr-defined]  # no stubs are made of that image

from hal.nic import Wired


def wired(config: dict) -> Wired:
    """Return the interface; OSError when the chip does not answer."""
    return Wired(WIZNET5K(), config)
