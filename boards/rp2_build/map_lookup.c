// mp_map_lookup in front of MicroPython's own, which divides (a call on the M0+) for every probe and scans full tables to their end: a node's
// cycle makes 5000 lookups, and one in four finds nothing (a method's name among an instance's attributes, a built-in among globals).

#include "py/obj.h"
#include "pico.h"

#define PLACES (2048) // one byte of RAM each; 1024 is 3 % of a cycle slower
#define SCAN_MAX (64) // entries; beyond it hashing is cheaper

#if MICROPY_OBJ_REPR == MICROPY_OBJ_REPR_C
#define TAG_BITS (4)
#else
#define TAG_BITS (3)
#endif

// Where a map had an index the last time; what stands there is looked at, so a wrong guess costs time only.
static uint8_t places[PLACES];

#define GUESS(map, index) (&places[(((uintptr_t)(map) >> 4) * 5 + ((uintptr_t)(index) >> TAG_BITS)) % PLACES])

mp_map_elem_t *mp_map_lookup_stock(mp_map_t *map, mp_obj_t index, mp_map_lookup_kind_t kind);

static mp_map_elem_t *scan(mp_map_elem_t *at, size_t n, mp_obj_t index) {
    for (; n >= 4; n -= 4, at += 4) {
        if (at[0].key == index) {
            return at;
        }
        if (at[1].key == index) {
            return at + 1;
        }
        if (at[2].key == index) {
            return at + 2;
        }
        if (at[3].key == index) {
            return at + 3;
        }
    }
    for (; n > 0; n--, at++) {
        if (at->key == index) {
            return at;
        }
    }
    return NULL;
}

// In RAM, as the interpreter's loop is, so that neither waits for the flash.
static mp_map_elem_t *__no_inline_not_in_flash_func(search)(mp_map_t *map, mp_obj_t index, mp_map_lookup_kind_t kind) {
    mp_map_elem_t *found;
    if (kind == MP_MAP_LOOKUP && map->alloc <= SCAN_MAX && map->all_keys_are_qstrs && mp_obj_is_qstr(index)) {
        found = scan(map->table, map->alloc, index); // equal qstrs are the same word, so a key that is not there is not in the map
    } else {
        found = mp_map_lookup_stock(map, index, kind);
    }
    if (found != NULL) {
        *GUESS(map, index) = found - map->table;
    }
    return found;
}

mp_map_elem_t *__not_in_flash_func(mp_map_lookup)(mp_map_t *map, mp_obj_t index, mp_map_lookup_kind_t kind) {
    size_t place = *GUESS(map, index);
    if (place < map->alloc) {
        mp_map_elem_t *found = &map->table[place];
        if (found->key == index && kind != MP_MAP_LOOKUP_REMOVE_IF_FOUND) {
            return found;
        }
    }
    return search(map, index, kind);
}
