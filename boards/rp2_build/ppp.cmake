# lwIP over PPP on a UART, for a board without a network interface.
set(MICROPY_PY_LWIP ON)
