// Frames of Python functions on a stack of their own. MicroPython otherwise takes each frame over 44 bytes from the heap and frees it at
// the return, and after each such free the search for room begins at the start of the heap again: 95 us a call with 150 KB in use.

#include <stdint.h>

#include "py/mpstate.h"
#include "py/pystack.h"

#ifndef ISLET_FRAMES_BYTES
#define ISLET_FRAMES_BYTES (6144) // a frame is 30 bytes and 4 for each local and stack entry
#endif

void islet_frames_init(void);

static uint32_t frames[ISLET_FRAMES_BYTES / sizeof(uint32_t)];

void islet_frames_init(void) {
    mp_pystack_init(frames, frames + ISLET_FRAMES_BYTES / sizeof(uint32_t));
}
