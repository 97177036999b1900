// Functions and classes of frozen modules from flash, not made anew in RAM at each start: 16 bytes for a function, 64 and 8 for each name for a
// class. What is in flash refers to its module, so the modules are at fixed places. Whatever differs from the tables stays in RAM.

#include <string.h>

#include "py/builtin.h"
#include "py/emitglue.h"
#include "py/gc.h"
#include "py/objmodule.h"
#include "py/runtime.h"
#include "hardware/regs/addressmap.h"
#include "pico.h"
#include "rom.h"

mp_obj_t __real_mp_make_function_from_proto_fun(mp_proto_fun_t proto, const mp_module_context_t *context, const mp_obj_t *def_args);
mp_obj_t __wrap_mp_make_function_from_proto_fun(mp_proto_fun_t proto, const mp_module_context_t *context, const mp_obj_t *def_args);
mp_obj_t __real_mp_obj_new_module(qstr name);
mp_obj_t __wrap_mp_obj_new_module(qstr name);
void __real_gc_collect_start(void);
void __wrap_gc_collect_start(void);
void __real_mp_init(void);
void __wrap_mp_init(void);
extern const mp_obj_fun_builtin_var_t __real_mp_builtin___build_class___obj;
extern const mp_obj_fun_builtin_var_t __wrap_mp_builtin___build_class___obj;

static const rom_module_t *module_of(const mp_module_context_t *context) {
    size_t n = context - rom_contexts; // far outside for one in RAM
    return n < rom_modules_count ? &rom_modules[n] : NULL;
}

// Functions of a module are made in the order they are written in, so most are found at once.
static const rom_fun_t *plain(const rom_module_t *module, const byte *code) {
    static size_t next;
    for (size_t n = module->funs_count; n > 0; n--, next++) {
        if (next >= module->funs_count) {
            next = 0;
        }
        if (module->funs[next].code == code) {
            return &module->funs[next++];
        }
    }
    return NULL;
}

static const rom_fun_t *with_defaults(const rom_module_t *module, const byte *code, const mp_obj_t *def_args) {
    if (def_args[0] == MP_OBJ_NULL || def_args[1] != MP_OBJ_NULL) {
        return NULL;
    }
    size_t len;
    mp_obj_t *items;
    mp_obj_tuple_get(def_args[0], &len, &items);
    for (size_t n = 0; n < module->defs_count; n++) {
        const rom_def_t *def = module->defs[n];
        if (def->fun.code == code) { // the code says how many there are
            return memcmp(def->defaults, items, len * sizeof(mp_obj_t)) == 0 ? &def->fun : NULL;
        }
    }
    return NULL;
}

mp_obj_t __wrap_mp_make_function_from_proto_fun(mp_proto_fun_t proto, const mp_module_context_t *context, const mp_obj_t *def_args) {
    const rom_module_t *module = module_of(context);
    if (module != NULL) {
        const byte *code = mp_proto_fun_is_bytecode(proto) ? proto : ((const mp_raw_code_t *)proto)->fun_data;
        const rom_fun_t *fun = def_args == NULL ? plain(module, code) : with_defaults(module, code, def_args);
        if (fun != NULL) {
            return MP_OBJ_FROM_PTR(fun);
        }
    }
    return __real_mp_make_function_from_proto_fun(proto, context, def_args);
}

static bool is_named(const rom_module_t *module, qstr name) {
    return module->text == NULL ? module->name == name : strcmp(module->text, qstr_str(name)) == 0;
}

// A module has its fixed place once in the life of the heap; if it is taken out of sys.modules and imported again, the second one is in RAM.
mp_obj_t __wrap_mp_obj_new_module(qstr name) {
    mp_map_t *loaded = &MP_STATE_VM(mp_loaded_modules_dict).map;
    bool is_new = mp_map_lookup(loaded, MP_OBJ_NEW_QSTR(name), MP_MAP_LOOKUP) == NULL;
    mp_obj_t made = __real_mp_obj_new_module(name);
    for (size_t n = 0; is_new && n < rom_modules_count; n++) {
        mp_module_context_t *place = &rom_contexts[n];
        if (is_named(&rom_modules[n], name) && place->module.base.type == NULL) {
            mp_module_context_t *old = MP_OBJ_TO_PTR(made);
            *place = *old;
            mp_map_lookup(loaded, MP_OBJ_NEW_QSTR(name), MP_MAP_LOOKUP)->value = MP_OBJ_FROM_PTR(place);
            m_del_obj(mp_module_context_t, old);
            return MP_OBJ_FROM_PTR(place);
        }
    }
    return made;
}

// The collector sees what the modules refer to, as it does the interpreter's own roots.
void __wrap_gc_collect_start(void) {
    __real_gc_collect_start();
    gc_collect_root((void **)rom_contexts, rom_modules_count * sizeof(rom_contexts[0]) / sizeof(void *));
}

// At power-on and after each soft reset, with an empty heap.
void __wrap_mp_init(void) {
    memset(rom_contexts, 0, rom_modules_count * sizeof(rom_contexts[0]));
    __real_mp_init();
}

// A class just made, and the one in flash that is to take its place if they are the same.
typedef struct {
    const mp_obj_type_t *made;
    const mp_obj_type_t *kept;
} pair_t;

static bool same(mp_obj_t made, mp_const_obj_t kept, const pair_t *pair);

static bool same_words(const mp_obj_t *made, const mp_obj_t *kept, size_t count, const pair_t *pair) {
    for (size_t n = 0; n < count; n++) {
        if (!same(made[n], kept[n], pair)) {
            return false;
        }
    }
    return true;
}

// Functions in RAM, within what knows its class; their code says how many default arguments there are.
static bool same_function(const mp_obj_fun_bc_t *made, const rom_def_t *kept, const pair_t *pair) {
    if (memcmp(made, kept, sizeof(rom_fun_t)) != 0) {
        return false;
    }
    const byte *code = made->bytecode;
    MP_BC_PRELUDE_SIG_DECODE(code);
    (void)n_state, (void)n_exc_stack, (void)n_pos_args, (void)n_kwonly_args;
    return !(scope_flags & MP_SCOPE_FLAG_DEFKWARGS)
           && same_words(made->extra_args, (const mp_obj_t *)kept->defaults, n_def_pos_args, pair);
}

static bool same_closure(const rom_closure_t *made, const rom_closure_t *kept, const pair_t *pair) {
    if (pair == NULL || made->count != 1 || kept->count != 1) {
        return false;
    }
    const rom_cell_t *cell_made = MP_OBJ_TO_PTR(made->cell), *cell_kept = MP_OBJ_TO_PTR(kept->cell);
    return cell_made->type == pair->made && cell_kept->type == pair->kept
           && same_function(MP_OBJ_TO_PTR(made->fun), MP_OBJ_TO_PTR(kept->fun), pair);
}

// Whether a value just made is what the table has: the same word, or an object of the same content that cannot change.
static bool same(mp_obj_t made, mp_const_obj_t kept, const pair_t *pair) {
    if (made == kept) {
        return true;
    }
    if (mp_obj_is_str(made) && mp_obj_is_str(kept)) {
        return mp_obj_equal(made, (mp_obj_t)kept);
    }
    if (!mp_obj_is_obj(made) || !mp_obj_is_obj(kept)) {
        return false;
    }
    const mp_obj_type_t *type = mp_obj_get_type(made);
    const mp_obj_base_t *a = MP_OBJ_TO_PTR(made), *b = MP_OBJ_TO_PTR(kept);
    if (type != b->type) {
        return false;
    }
    if (type == &mp_type_closure) {
        return same_closure(MP_OBJ_TO_PTR(made), MP_OBJ_TO_PTR(kept), pair);
    }
    if (type == &mp_type_tuple) {
        const mp_obj_tuple_t *tuple_a = MP_OBJ_TO_PTR(made), *tuple_b = MP_OBJ_TO_PTR(kept);
        return tuple_a->len == tuple_b->len && same_words(tuple_a->items, tuple_b->items, tuple_a->len, pair);
    }
    size_t count = type == &mp_type_property ? 3 : type == &mp_type_staticmethod || type == &mp_type_classmethod ? 1 : 0;
    return count > 0 && same_words((const mp_obj_t *)(a + 1), (const mp_obj_t *)(b + 1), count, pair);
}

static bool same_map(mp_map_t *made, const mp_map_t *kept, const pair_t *pair) {
    if (made->used != kept->used) {
        return false;
    }
    for (size_t n = 0; n < kept->used; n++) {
        mp_map_elem_t *found = mp_map_lookup(made, kept->table[n].key, MP_MAP_LOOKUP);
        if (found == NULL || !same(found->value, kept->table[n].value, pair)) {
            return false;
        }
    }
    return true;
}

static bool same_type(const mp_obj_type_t *made, const mp_obj_type_t *kept) {
    if (memcmp(made, kept, offsetof(mp_obj_type_t, slots)) != 0) {
        return false;
    }
    size_t dict = kept->slot_index_locals_dict - 1;
    for (size_t n = 0; n <= dict || n < kept->slot_index_parent; n++) {
        if (n != dict && made->slots[n] != kept->slots[n]) {
            return false;
        }
    }
    const pair_t pair = { made, kept };
    return same_map(&((mp_obj_dict_t *)made->slots[dict])->map, &((const mp_obj_dict_t *)kept->slots[dict])->map, &pair);
}

static mp_obj_t build_class(size_t n_args, const mp_obj_t *args) {
    mp_obj_t made = __real_mp_builtin___build_class___obj.fun.var(n_args, args);
    if (mp_obj_is_type(args[0], &mp_type_fun_bc) && mp_obj_is_type(made, &mp_type_type)) {
        const mp_obj_fun_bc_t *body = MP_OBJ_TO_PTR(args[0]);
        const rom_module_t *module = module_of(body->context);
        for (size_t n = 0; module != NULL && n < module->classes_count; n++) {
            const rom_class_t *kept = &module->classes[n];
            if (kept->body == body->bytecode && same_type(MP_OBJ_TO_PTR(made), kept->type)) {
                return MP_OBJ_FROM_PTR(kept->type);
            }
        }
    }
    return made;
}
MP_DEFINE_CONST_FUN_OBJ_VAR(__wrap_mp_builtin___build_class___obj, 2, build_class);

// In the place of mp_call_function_0 where py/builtinimport.c runs a module; once that has ended its names are compared with the table.
mp_obj_t rom_run_module(mp_obj_t fun) {
    mp_obj_t result = mp_call_function_0(fun);
    mp_module_context_t *context = (mp_module_context_t *)((mp_obj_fun_bc_t *)MP_OBJ_TO_PTR(fun))->context;
    const rom_module_t *module = module_of(context);
    if (module != NULL && module->globals != NULL && same_map(&context->module.globals->map, &module->globals->map, NULL)) {
        context->module.globals = (mp_obj_dict_t *)module->globals;
    }
    return result;
}

bool rom_is_type(const mp_obj_type_t *type) {
    return (uintptr_t)type - XIP_BASE < PICO_FLASH_SIZE_BYTES;
}
