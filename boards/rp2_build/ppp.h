// lwIP over PPP on a UART, for a board without a network interface.
#define MICROPY_PY_NETWORK                      (1)
#define MICROPY_PY_NETWORK_HOSTNAME_DEFAULT     "islet"
#define MICROPY_PY_NETWORK_PPP_LWIP             (1)
