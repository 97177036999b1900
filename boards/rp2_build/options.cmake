# How MicroPython is compiled for every board with an RP2 chip. Included before the port's own settings, so most of it is put off to their end.
set(ISLET_BUILD ${CMAKE_CURRENT_LIST_DIR})
set(ISLET_SOURCES map_lookup.c frames.c rom.c objtype.c modmath.c)
set(MICROPY_PY_BLUETOOTH OFF) # not used; it takes RAM and flash of boards with a radio
set(MICROPY_BLUETOOTH_BTSTACK OFF)
set(MICROPY_PY_BLUETOOTH_CYW43 OFF)
list(TRANSFORM ISLET_SOURCES PREPEND ${ISLET_BUILD}/)
list(APPEND MICROPY_SOURCE_BOARD ${ISLET_SOURCES})
set_property(SOURCE ${ISLET_SOURCES} PROPERTY COMPILE_OPTIONS "-O2")

# What a control cycle runs most; all else stays small (-Os). -O3 brought nothing more.
set(ISLET_HOT
    argcheck bc builtinevex gc malloc map modbuiltins mpz nativeglue nlrthumb obj objarray objboundmeth objclosure objdict objfloat
    objfun objgenerator objint objlist objmodule objproperty objrange objtuple opmethods pairheap pystack qstr runtime sequence smallint vm
)

# rom.c stands between MicroPython and its own functions of these names.
set(ISLET_WRAPPED mp_make_function_from_proto_fun mp_obj_new_module gc_collect_start mp_init mp_builtin___build_class___obj)

macro(islet_options)
    foreach(name ${ISLET_HOT})
        set_property(SOURCE ${MICROPY_PY_DIR}/${name}.c APPEND PROPERTY COMPILE_OPTIONS "-O2")
    endforeach()
    # What is compiled has tables added (rom.py); objtype.c and modmath.c of this folder have MicroPython's in them.
    set(content ${CMAKE_BINARY_DIR}/rom/frozen_content.c)
    set_source_files_properties(${content} PROPERTIES GENERATED TRUE)
    set_property(SOURCE ${content} APPEND PROPERTY COMPILE_OPTIONS -include ${ISLET_BUILD}/frozen_align.h)
    set_source_files_properties(${MICROPY_FROZEN_CONTENT} ${MICROPY_PY_DIR}/objtype.c ${MICROPY_PY_DIR}/modmath.c PROPERTIES HEADER_FILE_ONLY TRUE)
    target_sources(${MICROPY_TARGET} PRIVATE ${content})
    set_property(SOURCE ${MICROPY_PY_DIR}/builtinimport.c APPEND PROPERTY COMPILE_DEFINITIONS mp_call_function_0=rom_run_module)
    foreach(name ${ISLET_WRAPPED})
        target_link_options(${MICROPY_TARGET} PRIVATE -Wl,--wrap=${name})
    endforeach()
    target_include_directories(${MICROPY_TARGET} BEFORE PRIVATE ${ISLET_BUILD} ${ISLET_BUILD}/lwip)
endmacro()
cmake_language(DEFER CALL islet_options)
