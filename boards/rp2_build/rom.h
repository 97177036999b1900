// What frozen_content.c's tables (host_tools/provision/firmware/rom.py) are made of.
#pragma once

#include "py/bc.h"
#include "py/mperrno.h"
#include "py/objfun.h"
#include "py/objstr.h"
#include "py/objtuple.h"
#include "py/objtype.h"

// A function, laid out as mp_obj_fun_bc_t.
typedef struct {
    mp_obj_base_t base;
    const mp_module_context_t *context;
    const void *children;
    const byte *code;
} rom_fun_t;

// A function with default arguments.
typedef struct {
    rom_fun_t fun;
    mp_rom_obj_t defaults[];
} rom_def_t;

// A class, by the code of its body.
typedef struct {
    const byte *body;
    const mp_obj_type_t *type;
} rom_class_t;

// A module, by its name: a qstr, or text when the image has no such qstr.
typedef struct {
    qstr name;
    const char *text;
    const rom_fun_t *funs;
    size_t funs_count;
    const rom_def_t *const *defs;
    size_t defs_count;
    const rom_class_t *classes;
    size_t classes_count;
    const mp_obj_dict_t *globals; // its names, NULL when only RAM can hold them
} rom_module_t;

// A property, laid out as in py/objproperty.c.
typedef struct {
    mp_obj_base_t base;
    mp_rom_obj_t proxy[3];
} rom_property_t;

// A method that knows its class, laid out as in py/objclosure.c.
typedef struct {
    mp_obj_base_t base;
    mp_rom_obj_t fun;
    size_t count;
    mp_rom_obj_t cell;
} rom_closure_t;

typedef struct {
    mp_obj_base_t base;
    const mp_obj_type_t *type;
} rom_cell_t;

extern mp_module_context_t rom_contexts[]; // the modules themselves, in RAM; all zero until imported
extern const rom_module_t rom_modules[];
extern const size_t rom_modules_count;

extern const mp_obj_type_t mp_type_closure;

bool rom_is_type(const mp_obj_type_t *type);
mp_obj_t rom_run_module(mp_obj_t fun);

// What every class written in Python has (py/objtype.c, mp_obj_new_type); shared by objtype.c in this folder.
void rom_print(const mp_print_t *print, mp_obj_t self, mp_print_kind_t kind);
mp_obj_t rom_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args);
mp_obj_t rom_unary_op(mp_unary_op_t op, mp_obj_t self);
mp_obj_t rom_binary_op(mp_binary_op_t op, mp_obj_t left, mp_obj_t right);
void rom_attr(mp_obj_t self, qstr attr, mp_obj_t *dest);
mp_obj_t rom_subscr(mp_obj_t self, mp_obj_t index, mp_obj_t value);
mp_int_t rom_buffer(mp_obj_t self, mp_buffer_info_t *info, mp_uint_t flags);

#define ROM_SLOTS rom_make_new, rom_print, mp_obj_instance_call, rom_unary_op, rom_binary_op, rom_attr, rom_subscr, \
    mp_obj_instance_getiter, rom_buffer
#define ROM_FLAGS (MP_TYPE_FLAG_EQ_NOT_REFLEXIVE | MP_TYPE_FLAG_EQ_CHECKS_OTHER_TYPE | MP_TYPE_FLAG_EQ_HAS_NEQ_TEST | \
    MP_TYPE_FLAG_ITER_IS_GETITER | MP_TYPE_FLAG_INSTANCE_TYPE)
#define ROM_HEAD(qst, special) .base = { &mp_type_type }, .name = qst, \
    .flags = ROM_FLAGS | ((special) ? MP_TYPE_FLAG_HAS_SPECIAL_ACCESSORS : 0), \
    .slot_index_make_new = 1, .slot_index_print = 2, .slot_index_call = 3, .slot_index_unary_op = 4, \
    .slot_index_binary_op = 5, .slot_index_attr = 6, .slot_index_subscr = 7, .slot_index_iter = 8, \
    .slot_index_buffer = 9, .slot_index_locals_dict = 10
#define ROM_TYPE(id, qst, dict, special) static const mp_obj_type_t id = { \
        ROM_HEAD(qst, special), .slots = { ROM_SLOTS, &dict } }
#define ROM_DERIVED(id, qst, dict, special, parent) static const mp_obj_type_t id = { \
        ROM_HEAD(qst, special), .slot_index_parent = 11, .slots = { ROM_SLOTS, &dict, parent } }

#define ROM_KEPT static const __attribute__((unused)) // the compiler drops what nothing refers to
#define ROM_FUN(type, module, children, code) { { &type }, &rom_contexts[module], children, code }
#define ROM_DEF(id, n, fun, ...) ROM_KEPT struct { rom_fun_t head; mp_rom_obj_t defaults[n]; } id = { fun, { __VA_ARGS__ } }
#define ROM_CELL(id, in) ROM_KEPT rom_cell_t id = { { &mp_type_object }, &in } // nothing looks at a cell's own type
#define ROM_CLOSURE(id, fun, cell) ROM_KEPT rom_closure_t id = { { &mp_type_closure }, fun, 1, cell }
#define ROM_TUPLE(id, n, ...) ROM_KEPT mp_rom_obj_tuple_t id = { { &mp_type_tuple }, n, { __VA_ARGS__ } }
#define ROM_PROPERTY(id, ...) ROM_KEPT rom_property_t id = { { &mp_type_property }, { __VA_ARGS__ } }
#define ROM_STATICMETHOD(id, fun) ROM_KEPT mp_rom_obj_static_class_method_t id = { { &mp_type_staticmethod }, fun }
#define ROM_CLASSMETHOD(id, fun) ROM_KEPT mp_rom_obj_static_class_method_t id = { { &mp_type_classmethod }, fun }
#define ROM_STRING(id, n, text) ROM_KEPT mp_obj_str_t id = { { &mp_type_str }, 0, n, (const byte *)text }

// What MicroPython's own modules hold, by the linker's name for it; zero if the image has it not.
#define ROM_OUTSIDE(id, symbol) extern const mp_obj_base_t id __asm__(symbol) __attribute__((weak))
#if MICROPY_PY___FILE__
#define ROM_FILE(qst) { MP_ROM_QSTR(MP_QSTR___file__), MP_ROM_QSTR(qst) },
#else
#define ROM_FILE(qst)
#endif
#if MICROPY_OBJ_REPR == MICROPY_OBJ_REPR_C // floats as words: py/obj.h
#define ROM_MINUS(word) ((mp_rom_obj_t)((uintptr_t)(word) + 0x80000000u))
#define ROM_PI ((mp_rom_obj_t)(((0x40490fdbu & ~3u) | 2u) + 0x80800000u))
#else
#define ROM_MINUS(word) MP_ROM_NONE // not known: what is not as in the table stays in RAM
#define ROM_PI MP_ROM_NONE
#endif
