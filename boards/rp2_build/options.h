// Settings of MicroPython for every board with an RP2 chip; boards/rp2_build/README.md says why.
#define MICROPY_PY_THREAD                       (0) // one core runs Python; without it no allocation takes a lock
#define MICROPY_ENABLE_PYSTACK                  (1) // frames.c
#define MICROPY_WRAP_MP_MAP_LOOKUP(name)        name##_stock // map_lookup.c
#define MICROPY_OPT_MAP_LOOKUP_CACHE            (0) // map_lookup.c has its own

void islet_frames_init(void);
#define MICROPY_BOARD_EARLY_INIT()              islet_frames_init()

// lwIP: room for an MQTT link, a few Modbus TCP devices and a page, each with little in flight.
#define MEM_SIZE                                (6000)
#define TCP_MSS                                 (800)
#define TCP_WND                                 (4 * TCP_MSS)
#define TCP_SND_BUF                             (4 * TCP_MSS)
#define MEMP_NUM_TCP_SEG                        (24)
#define MEMP_NUM_TCP_PCB                        (10)
#define PBUF_POOL_SIZE                          (8)

// Floats of 30 bits in the object itself, not of 32 bits in 16 bytes of heap: a cycle of the node makes 0.4 KB of garbage, not 15, and is 8 %
// quicker. A float has 22 bits, 2.4e-7 of its value, cut off and not rounded; the firmware's tests run on the chip with it.
#define MICROPY_OBJ_REPR                        (MICROPY_OBJ_REPR_C)
