// MicroPython's py/modmath.c; frozen modules in flash refer to its functions (rom.py), which it keeps to itself.

#include "py/modmath.c"

#define SHARED(name) extern __typeof__(mp_math_##name##_obj) rom_math_##name __attribute__((alias("mp_math_" #name "_obj")))
SHARED(acos);
SHARED(atan);
SHARED(atan2);
SHARED(ceil);
SHARED(cos);
SHARED(exp);
SHARED(isnan);
SHARED(log);
SHARED(sin);
SHARED(sqrt);
