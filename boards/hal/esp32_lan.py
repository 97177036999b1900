"""The ESP32's own Ethernet MAC with a LAN8720 beside it; TXD0 19, TX_EN 21, TXD1 22, RXD0 25, RXD1 26, CRS_DV 27."""

from machine import Pin
from network import LAN, PHY_LAN8720

from hal.nic import Wired
from hal.pins import NONE

RMII = (19, 21, 22, 25, 26, 27)  # fixed by the chip


class Phy:
    """Where the transceiver is: pins of its management, its power (NONE: always on), its clock, its address.

    `clock` is the pin of the 50 MHz; `drives_clock`: the ESP32 makes them.
    """

    def __init__(
        self, address: int, power: int, clock: int, drives_clock: bool, mdc: int = 23, mdio: int = 18
    ):
        self.address, self.power = address, power
        self.clock, self.drives_clock = clock, drives_clock
        self.mdc, self.mdio = mdc, mdio

    def pins(self) -> tuple:
        """Return the pins that are taken."""
        return RMII + tuple([n for n in (self.power, self.clock, self.mdc, self.mdio) if n != NONE])


def wired(phy: Phy, config: dict) -> Wired:
    """Return the interface; OSError when the transceiver does not answer."""
    nic = LAN(  # type: ignore[call-arg]  # the stubs have other ports' arguments
        mdc=Pin(phy.mdc),
        mdio=Pin(phy.mdio),
        power=Pin(phy.power) if phy.power != NONE else None,
        phy_type=PHY_LAN8720,
        phy_addr=phy.address,
        ref_clk=Pin(phy.clock),
        ref_clk_mode=Pin.OUT if phy.drives_clock else Pin.IN,
    )
    return Wired(nic, config)
