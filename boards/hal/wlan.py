"""The radio of a Pico W, a Pico 2 W or an ESP32 as a station."""

from network import WLAN

from hal.nic import fix_address, text


class Wlan:
    """Joins the network of network.json: "ssid", "key". Its sleep is off: it costs replies up to 100 ms.

    chip.Network calls connect() again after a break. An ESP32 that is still trying refuses that, so it leaves first.
    """

    def __init__(self, config: dict) -> None:
        """OSError when ssid or key is missing, or the radio does not answer."""
        self._name, self._key = text(config, "ssid"), text(config, "key")
        self._nic = WLAN(WLAN.IF_STA)
        self._nic.active(True)
        self._nic.config(pm=WLAN.PM_NONE)
        fix_address(self._nic, config)
        self._asked = False

    def connect(self) -> None:
        """Begin to join."""
        if self._asked:
            self._nic.disconnect()
        self._asked = True
        self._nic.connect(self._name, self._key)

    def isconnected(self) -> bool:
        """Return whether it has joined and has an address."""
        return self._nic.isconnected()
