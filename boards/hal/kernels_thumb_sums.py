"""The loops of hal.kernels_thumb that multiply, in assembler for ARMv6-M and up; MicroPython on Thumb chips only.

Each works on registers and its own stack only, so it may be interrupted by itself. r0..r3 hold the arguments; r4..r7
and lr are kept by MicroPython, r8..r11 by the loop. r0 is returned: a small int. Where MicroPython has no mnemonic
(registers r8 and up, addresses of two registers, load and store multiple) the code is given as data.
Samples are addressed from the end of what is added up, by an index in bytes that rises from below to zero: the sum
that advances it also tells the end. A product p adds to p >> 8 and, whole and modulo 2**32, to p; the sum of the low
bytes is p's less 256 of the high one's.
"""
# ruff: noqa: F821
# mypy: disable-error-code="name-defined"


# r0: out, with where bounds end, the channel in set 0, the bytes of a set; r1: bounds. Rows: 1 or more
@micropython.asm_thumb
def _squares(r0, r1):
    data(2, 0x4602, 0xC838)  # mov r2, r0; ldmia r0!, {r3, r4, r5}
    push({r3})
    ldrh(r3, [r1, 0])
    mul(r3, r5)
    add(r0, r4, r3)
    mov(r4, 1)
    lsl(r4, r4, 15)
    neg(r4, r4)
    mov(lr, r4)  # -32768
    label(ROW)
    ldrh(r3, [r1, 0])
    ldrh(r4, [r1, 2])
    add(r1, 2)
    sub(r4, r3, r4)
    mul(r4, r5)
    sub(r0, r0, r4)
    mov(r3, 0)  # x
    mov(r6, 0)  # x*x >> 8
    mov(r12, r3)  # x*x
    cmp(r4, 0)
    bge(STORE)
    label(LOOP)
    data(2, 0x5B07, 0x4477)  # ldrh r7, [r0, r4]; add r7, lr
    add(r3, r3, r7)
    mul(r7, r7)
    data(2, 0x44BC)  # add r12, r7
    asr(r7, r7, 8)
    add(r6, r6, r7)
    add(r4, r4, r5)
    bmi(LOOP)
    label(STORE)
    mov(r7, r12)
    lsl(r4, r6, 8)
    sub(r7, r7, r4)
    data(2, 0xC2C8, 0x9C00)  # stmia r2!, {r3, r6, r7}; ldr r4, [sp]
    cmp(r1, r4)
    bne(ROW)
    pop({r3})
    mov(r0, 0)


# r0: out, with the ends of y and x, the index, the bytes of a set and the code y before. Sums are those of raw codes:
# x, y, then y*y, x*y and x*y[n-1], each >> 8 and whole
@micropython.asm_thumb
def _products(r0):
    data(2, 0x4644, 0x464D, 0x4656, 0x465F)  # r4..r7 = r8..r11
    push({r4, r5, r6, r7})
    data(2, 0x4607, 0xCF37)  # mov r7, r0; ldmia r7!, {r0, r1, r2, r4, r5}
    sub(r7, 20)
    push({r4, r7})
    mov(r6, 0)
    mov(r7, 0)
    data(2, 0x46B0, 0x46B1, 0x46B2, 0x46B3, 0x46B4, 0x46B6)  # r8..r12 = lr = r6
    cmp(r2, 0)
    bge(STORE)
    label(LOOP)
    data(2, 0x5A83, 0x5A8C)  # ldrh r3, [r0, r2]; ldrh r4, [r1, r2]
    add(r6, r6, r4)
    add(r7, r7, r3)
    mul(r5, r4)
    data(2, 0x44A8)  # add r8, r5
    lsr(r5, r5, 8)
    data(2, 0x44A9)  # add r9, r5
    mov(r5, r3)
    mul(r4, r3)
    data(2, 0x44A2)  # add r10, r4
    lsr(r4, r4, 8)
    data(2, 0x44A3)  # add r11, r4
    mul(r3, r3)
    data(2, 0x449C)  # add r12, r3
    lsr(r3, r3, 8)
    data(2, 0x449E, 0x9B00)  # add lr, r3; ldr r3, [sp]
    add(r2, r2, r3)
    bmi(LOOP)
    label(STORE)
    pop({r2, r3})
    data(2, 0xC3C0)  # stmia r3!, {r6, r7}
    data(2, 0x4670, 0x4661, 0x465A, 0x4654, 0x464D, 0x4646)  # r0, r1, r2, r4, r5, r6 = lr, r12, r11..r8
    data(2, 0xC377)  # stmia r3!, {r0, r1, r2, r4, r5, r6}
    pop({r4, r5, r6, r7})
    data(2, 0x46A0, 0x46A9, 0x46B2, 0x46BB)  # r8..r11 = r4..r7
    mov(r0, 0)


# r0: out, with the end, the bytes of a set, turn and phase in 2**-32 of a turn; r1: table; r2: index.
# Sums of x*cos and x*sin, each >> 8 and whole
@micropython.asm_thumb
def _correlate(r0, r1, r2):
    data(2, 0x4644, 0x464D, 0x4656, 0x465F)  # r4..r7 = r8..r11
    push({r4, r5, r6, r7})
    data(2, 0x4607, 0xCF71)  # mov r7, r0; ldmia r7!, {r0, r4, r5, r6}
    sub(r7, 16)
    push({r4, r7})
    mov(r8, r5)
    mov(r5, r6)
    mov(r4, 1)
    lsl(r3, r4, 10)
    add(r3, r3, r1)  # a quarter turn on
    lsl(r4, r4, 15)
    neg(r4, r4)
    mov(r9, r4)  # -32768
    mov(r4, 0)
    data(2, 0x46A2, 0x46A3, 0x46A4, 0x46A6)  # r10..r12 = lr = r4
    cmp(r2, 0)
    bge(STORE)
    label(LOOP)
    data(2, 0x5A84, 0x444C)  # ldrh r4, [r0, r2]; add r4, r9
    lsr(r7, r5, 21)
    lsl(r7, r7, 1)
    data(2, 0x5BDE, 0x444E)  # ldrh r6, [r3, r7]; add r6, r9
    data(2, 0x5BCF, 0x444F)  # ldrh r7, [r1, r7]; add r7, r9
    mul(r6, r4)
    data(2, 0x44B2)  # add r10, r6
    asr(r6, r6, 8)
    data(2, 0x44B3)  # add r11, r6
    mul(r7, r4)
    data(2, 0x44BC)  # add r12, r7
    asr(r7, r7, 8)
    data(2, 0x44BE, 0x4445, 0x9F00)  # add lr, r7; add r5, r8; ldr r7, [sp]
    add(r2, r2, r7)
    bmi(LOOP)
    label(STORE)
    pop({r2, r3})
    data(2, 0x465C, 0x4655, 0x4676, 0x4667, 0xC3F0)  # r4..r7 = r11, r10, lr, r12; stmia r3!, {r4..r7}
    pop({r4, r5, r6, r7})
    data(2, 0x46A0, 0x46A9, 0x46B2, 0x46BB)  # r8..r11 = r4..r7
    mov(r0, 0)


# As _correlate, but sums of x, then x*x, x*c and x*s, each + 128 >> 8; c and s are the table's codes, 32768 too much
@micropython.asm_thumb
def _half_cycle(r0, r1, r2):
    data(2, 0x4644, 0x464D, 0x4656, 0x465F)  # r4..r7 = r8..r11
    push({r4, r5, r6, r7})
    data(2, 0x4607, 0xCF71)  # mov r7, r0; ldmia r7!, {r0, r4, r5, r6}
    sub(r7, 16)
    push({r4, r7})
    mov(r8, r5)
    mov(r5, r6)
    mov(r4, 1)
    lsl(r3, r4, 10)
    add(r3, r3, r1)  # a quarter turn on
    lsl(r4, r4, 15)
    neg(r4, r4)
    mov(r9, r4)  # -32768
    mov(r4, 0)
    data(2, 0x46A2, 0x46A3, 0x46A4, 0x46A6)  # r10..r12 = lr = r4
    label(LOOP)
    data(2, 0x5A84, 0x444C, 0x44A2)  # ldrh r4, [r0, r2]; add r4, r9; add r10, r4
    lsr(r7, r5, 21)
    lsl(r7, r7, 1)
    data(2, 0x5BDE, 0x5BCF)  # ldrh r6, [r3, r7]; ldrh r7, [r1, r7]
    mul(r6, r4)
    add(r6, 128)
    asr(r6, r6, 8)
    data(2, 0x44B4)  # add r12, r6
    mul(r7, r4)
    add(r7, 128)
    asr(r7, r7, 8)
    mul(r4, r4)
    add(r4, 128)
    asr(r4, r4, 8)
    data(2, 0x44A3, 0x44BE, 0x4445, 0x9F00)  # add r11, r4; add lr, r7; add r5, r8; ldr r7, [sp]
    add(r2, r2, r7)
    bmi(LOOP)
    pop({r2, r3})
    data(2, 0x4654, 0x465D, 0x4666, 0x4677, 0xC3F0)  # r4..r7 = r10..r12, lr; stmia r3!, {r4..r7}
    pop({r4, r5, r6, r7})
    data(2, 0x46A0, 0x46A9, 0x46B2, 0x46BB)  # r8..r11 = r4..r7
    mov(r0, 0)
