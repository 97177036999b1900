// What mpy-tool.py of MicroPython 1.25 makes of a module of 15 lines, without what rom_text.py does not read.
//
//   from math import sqrt
//   class A:
//       kind = (1, -0.5)
//       def __init__(self, x=2):
//           self.x = x
//       @property
//       def root(self):
//           return sqrt(self.x)
//   class B(A):
//       def __init__(self):
//           super().__init__(3)
//   def made():
//       yield 1
//   LOW, HIGH = range(2)

enum {
    MP_QSTR_A = MP_QSTRnumber_of,
    MP_QSTR_B,
    MP_QSTR_HIGH,
    MP_QSTR_LOW,
    MP_QSTR_kind,
    MP_QSTR_made,
    MP_QSTR_root,
    MP_QSTR_tiny_dot_py,
    MP_QSTR_x,
};

// frozen module tiny
// - original source file: tiny.mpy
// - frozen file name: tiny.py
// - .mpy header: 4d:06:00:1f

// frozen bytecode for file tiny.py, scope tiny__lt_module_gt_
static const byte fun_data_tiny__lt_module_gt_[52] = {
    0x18,0x02, // prelude
    0x01, // names: <module>
     // code info
    0x80, // LOAD_CONST_SMALL_INT 0
    0x10,0x02, // LOAD_CONST_STRING 'sqrt'
    0x2a,0x01, // BUILD_TUPLE 1
    0x1b,0x03, // IMPORT_NAME 'math'
    0x1c,0x02, // IMPORT_FROM 'sqrt'
    0x16,0x02, // STORE_NAME 'sqrt'
    0x59, // POP_TOP
    0x54, // LOAD_BUILD_CLASS
    0x32,0x00, // MAKE_FUNCTION 0
    0x10,0x04, // LOAD_CONST_STRING 'A'
    0x34,0x02, // CALL_FUNCTION 2
    0x16,0x04, // STORE_NAME 'A'
    0x54, // LOAD_BUILD_CLASS
    0x32,0x01, // MAKE_FUNCTION 1
    0x10,0x05, // LOAD_CONST_STRING 'B'
    0x11,0x04, // LOAD_NAME 'A'
    0x34,0x03, // CALL_FUNCTION 3
    0x16,0x05, // STORE_NAME 'B'
    0x32,0x02, // MAKE_FUNCTION 2
    0x16,0x06, // STORE_NAME 'made'
    0x11,0x0a, // LOAD_NAME 'range'
    0x82, // LOAD_CONST_SMALL_INT 2
    0x34,0x01, // CALL_FUNCTION 1
    0x30,0x02, // UNPACK_SEQUENCE 2
    0x16,0x0b, // STORE_NAME 'LOW'
    0x16,0x0c, // STORE_NAME 'HIGH'
    0x51, // LOAD_CONST_NONE
    0x63, // RETURN_VALUE
};
// child of tiny__lt_module_gt_
// frozen bytecode for file tiny.py, scope tiny_A
static const byte fun_data_tiny_A[37] = {
    0x08,0x02, // prelude
    0x04, // names: A
     // code info
    0x11,0x0d, // LOAD_NAME '__name__'
    0x16,0x0e, // STORE_NAME '__module__'
    0x10,0x04, // LOAD_CONST_STRING 'A'
    0x16,0x0f, // STORE_NAME '__qualname__'
    0x81, // LOAD_CONST_SMALL_INT 1
    0x23,0x00, // LOAD_CONST_OBJ 0
    0xd1, // UNARY_OP 1 __neg__
    0x2a,0x02, // BUILD_TUPLE 2
    0x16,0x10, // STORE_NAME 'kind'
    0x82, // LOAD_CONST_SMALL_INT 2
    0x2a,0x01, // BUILD_TUPLE 1
    0x53, // LOAD_NULL
    0x33,0x00, // MAKE_FUNCTION_DEFARGS 0
    0x16,0x07, // STORE_NAME '__init__'
    0x11,0x11, // LOAD_NAME 'property'
    0x32,0x01, // MAKE_FUNCTION 1
    0x34,0x01, // CALL_FUNCTION 1
    0x16,0x09, // STORE_NAME 'root'
    0x51, // LOAD_CONST_NONE
    0x63, // RETURN_VALUE
};
// child of tiny_A
// frozen bytecode for file tiny.py, scope tiny_A___init__
static const byte fun_data_tiny_A___init__[12] = {
    0x9a,0x01,0x06, // prelude
    0x07,0x12,0x08, // names: __init__, self, x
     // code info
    0xb1, // LOAD_FAST 1
    0xb0, // LOAD_FAST 0
    0x18,0x08, // STORE_ATTR 'x'
    0x51, // LOAD_CONST_NONE
    0x63, // RETURN_VALUE
};

// child of tiny_A
// frozen bytecode for file tiny.py, scope tiny_A_root
static const byte fun_data_tiny_A_root[12] = {
    0x11,0x04, // prelude
    0x09,0x12, // names: root, self
     // code info
    0x12,0x02, // LOAD_GLOBAL 'sqrt'
    0xb0, // LOAD_FAST 0
    0x13,0x08, // LOAD_ATTR 'x'
    0x34,0x01, // CALL_FUNCTION 1
    0x63, // RETURN_VALUE
};

static const mp_raw_code_t *const children_tiny_A[] = {
    (const mp_raw_code_t *)&proto_fun_tiny_A___init__,
    (const mp_raw_code_t *)&proto_fun_tiny_A_root,
};

// child of tiny__lt_module_gt_
// frozen bytecode for file tiny.py, scope tiny_B
static const byte fun_data_tiny_B[20] = {
    0x08,0x03, // prelude
    0x05, // names: B
    0x00, // code info
    0x11,0x0d, // LOAD_NAME '__name__'
    0x16,0x0e, // STORE_NAME '__module__'
    0x10,0x05, // LOAD_CONST_STRING 'B'
    0x16,0x0f, // STORE_NAME '__qualname__'
    0xb0, // LOAD_FAST 0
    0x20,0x00,0x01, // MAKE_CLOSURE 0
    0x16,0x07, // STORE_NAME '__init__'
    0xb0, // LOAD_FAST 0
    0x63, // RETURN_VALUE
};
// child of tiny_B
// frozen bytecode for file tiny.py, scope tiny_B___init__
static const byte fun_data_tiny_B___init__[18] = {
    0x22,0x06, // prelude
    0x07,0x13,0x12, // names: __init__, *, self
     // code info
    0x12,0x14, // LOAD_GLOBAL 'super'
    0x25,0x00, // LOAD_DEREF 0
    0xb1, // LOAD_FAST 1
    0x15,0x07, // LOAD_SUPER_METHOD '__init__'
    0x83, // LOAD_CONST_SMALL_INT 3
    0x36,0x01, // CALL_METHOD 1
    0x59, // POP_TOP
    0x51, // LOAD_CONST_NONE
    0x63, // RETURN_VALUE
};

static const mp_raw_code_t *const children_tiny_B[] = {
    (const mp_raw_code_t *)&proto_fun_tiny_B___init__,
};

// child of tiny__lt_module_gt_
// frozen bytecode for file tiny.py, scope tiny_made
static const byte fun_data_tiny_made[9] = {
    0x80,0x40,0x02, // prelude
    0x06, // names: made
     // code info
    0x81, // LOAD_CONST_SMALL_INT 1
    0x67, // YIELD_VALUE
    0x59, // POP_TOP
    0x51, // LOAD_CONST_NONE
    0x63, // RETURN_VALUE
};

static const mp_raw_code_t *const children_tiny__lt_module_gt_[] = {
    (const mp_raw_code_t *)&proto_fun_tiny_A,
    (const mp_raw_code_t *)&proto_fun_tiny_B,
    (const mp_raw_code_t *)&proto_fun_tiny_made,
};

static const qstr_short_t const_qstr_table_data_tiny[21] = {
    MP_QSTR_tiny_dot_py,
    MP_QSTR__lt_module_gt_,
    MP_QSTR_sqrt,
    MP_QSTR_math,
    MP_QSTR_A,
    MP_QSTR_B,
    MP_QSTR_made,
    MP_QSTR___init__,
    MP_QSTR_x,
    MP_QSTR_root,
    MP_QSTR_range,
    MP_QSTR_LOW,
    MP_QSTR_HIGH,
    MP_QSTR___name__,
    MP_QSTR___module__,
    MP_QSTR___qualname__,
    MP_QSTR_kind,
    MP_QSTR_property,
    MP_QSTR_self,
    MP_QSTR__star_,
    MP_QSTR_super,
};

// constants

// constant table
static const mp_rom_obj_t const_obj_table_data_tiny[1] = {
    const_obj_tiny_0_macro,
};

static const mp_frozen_module_t frozen_module_tiny = {
    .constants = {
        .qstr_table = (qstr_short_t *)&const_qstr_table_data_tiny,
        .obj_table = (mp_obj_t *)&const_obj_table_data_tiny,
    },
    .proto_fun = &proto_fun_tiny__lt_module_gt_,
};
