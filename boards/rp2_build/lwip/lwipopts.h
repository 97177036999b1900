// lwIP as the port has it, without IPv6 and without answering mDNS (asking for names in .local stays).
#ifndef ISLET_LWIPOPTS_H
#define ISLET_LWIPOPTS_H

#include <stdint.h>

#define LWIP_NETIF_EXT_STATUS_CALLBACK  1
#define LWIP_NETIF_STATUS_CALLBACK      1
#define LWIP_IPV4                       1
#define LWIP_IPV6                       0

extern uint32_t rosc_random_u32(void);
#define LWIP_RAND() rosc_random_u32()

#include "extmod/lwip-include/lwipopts_common.h"

#undef LWIP_MDNS_RESPONDER
#define LWIP_MDNS_RESPONDER             0

#endif
