"""A network by PPP over a UART, from a computer or a modem beside the board."""

from network import PPP

from hal.lines import Line

RX_BYTES, TX_BYTES = 2048, 1024


def interface(line: Line, baud: int) -> PPP:
    """Return the interface; connect() begins and does not wait."""
    return PPP(line.open(baud, rx_bytes=RX_BYTES, tx_bytes=TX_BYTES))
