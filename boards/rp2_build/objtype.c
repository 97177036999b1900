// MicroPython's py/objtype.c, which writes into a class that another is derived from; not so when that one is in flash.
// The class in flash says all the same what it hands on.

#include "rom.h"

#undef mp_obj_is_instance_type
#define mp_obj_is_instance_type(type) (((type)->flags & MP_TYPE_FLAG_INSTANCE_TYPE) && \
    !(rom_is_type(type) && (base_flags |= (type)->flags & MP_TYPE_FLAG_HAS_SPECIAL_ACCESSORS, true)))

#include "py/objtype.c"

#define SHARED(name, of) extern __typeof__(of) name __attribute__((alias(#of)))
SHARED(rom_print, instance_print);
SHARED(rom_make_new, mp_obj_instance_make_new);
SHARED(rom_unary_op, instance_unary_op);
SHARED(rom_binary_op, instance_binary_op);
SHARED(rom_attr, mp_obj_instance_attr);
SHARED(rom_subscr, instance_subscr);
SHARED(rom_buffer, instance_get_buffer);
