"""Network interfaces as chip.Network wants them: connect() begins and does not wait, isconnected() tells."""

import errno


def text(config: dict, name: str) -> str:
    """Return a word of network.json; OSError that names it when it is missing: control goes on without a network."""
    value = config.get(name)
    if not isinstance(value, str) or not value:
        raise OSError(errno.EINVAL, "network.json: %s is missing" % name)
    return value


def fix_address(nic, config: dict) -> None:
    """Give the interface the address of network.json, "static": [ip, mask, gateway, dns], if there is one."""
    address = config.get("static")
    if address is None:
        return
    if not isinstance(address, list) or len(address) != 4:
        raise OSError(errno.EINVAL, "network.json: static is [ip, mask, gateway, dns]")
    nic.ifconfig(tuple(address))


class Wired:
    """A network that needs no joining: switched on once, it comes and goes with the cable."""

    def __init__(self, nic, config: dict) -> None:
        """nic: a network.LAN, network.WIZNET5K; OSError when it does not answer or the address is wrong."""
        self._nic, self._config = nic, config

    def connect(self) -> None:
        """Switch the interface on; DHCP asks by itself unless there is a fixed address."""
        if not self._nic.active():
            self._nic.active(True)
            fix_address(self._nic, self._config)

    def isconnected(self) -> bool:
        """Return whether there are a link and an address."""
        return self._nic.isconnected()
