"""The loops of hal.kernels_thumb that only look and copy, in assembler; made as those of hal.kernels_thumb_sums."""

# ruff: noqa: F821
# mypy: disable-error-code="name-defined"


# r0, r2: ends of raw and out; r1: table; r3: index
@micropython.asm_thumb
def _linearise(r0, r1, r2, r3):
    cmp(r3, 0)
    bge(END)
    label(LOOP)
    data(2, 0x5AC4)  # ldrh r4, [r0, r3]
    lsl(r4, r4, 20)
    lsr(r4, r4, 19)
    data(2, 0x5B0C)  # ldrh r4, [r1, r4]
    data(2, 0x52D4)  # strh r4, [r2, r3]
    add(r3, 2)
    bmi(LOOP)
    label(END)
    mov(r0, 0)


# r0, r1: ends of raw and out; r2: index
@micropython.asm_thumb
def _straight(r0, r1, r2):
    mov(r4, 255)
    lsl(r4, r4, 8)
    add(r4, 240)  # code 4095
    cmp(r2, 0)
    bge(END)
    label(LOOP)
    data(2, 0x5A83)  # ldrh r3, [r0, r2]
    lsl(r3, r3, 20)
    lsr(r3, r3, 16)
    beq(LOW)
    cmp(r3, r4)
    beq(HIGH)
    label(PUT)
    data(2, 0x528B)  # strh r3, [r1, r2]
    add(r2, 2)
    bmi(LOOP)
    label(END)
    mov(r0, 0)
    b(OUT)
    label(LOW)
    mov(r3, 1)
    b(PUT)
    label(HIGH)
    add(r3, 15)
    b(PUT)
    label(OUT)


# r0: end; r1: out, with its room in bytes; r2: bytes of a set << 16 | sets (1 or more); r3: code below which it arms.
# Returns where out ends; its crossings count from the first set looked at
@micropython.asm_thumb
def _crossings(r0, r1, r2, r3):
    ldrh(r4, [r1, 0])
    add(r4, r4, r1)
    mov(r12, r4)
    mov(r5, 1)
    lsl(r5, r5, 15)
    cmp(r5, r3)
    bge(READY)
    mov(r5, r3)  # arm is below zero
    label(READY)
    lsr(r6, r2, 16)
    lsl(r2, r2, 16)
    lsr(r2, r2, 16)
    mul(r2, r6)
    neg(r2, r2)
    mov(r7, 0)
    b(RESTING)
    label(RISEN)
    strh(r7, [r1, 0])
    add(r1, 2)
    data(2, 0x4561)  # cmp r1, r12
    beq(END)
    label(NEXT)
    add(r7, 1)
    add(r2, r2, r6)
    bpl(END)
    label(RESTING)
    data(2, 0x5A84)  # ldrh r4, [r0, r2]
    cmp(r4, r3)
    bge(NEXT)
    label(ARMED)
    add(r7, 1)
    add(r2, r2, r6)
    bpl(END)
    data(2, 0x5A84)  # ldrh r4, [r0, r2]
    cmp(r4, r5)
    blt(ARMED)
    b(RISEN)
    label(END)
    mov(r0, r1)


# r0: out, with the end, the index, the bytes of a set
@micropython.asm_thumb
def _extremes(r0):
    mov(r12, r0)
    data(2, 0xC807)  # ldmia r0, {r0, r1, r2}
    mov(r7, 1)
    lsl(r7, r7, 16)
    sub(r4, r7, 1)  # lowest
    sub(r7, 3)
    mov(r5, 0)  # highest
    mov(r6, 0)  # at a rail: code - 2, unsigned, is 65533 or more
    cmp(r1, 0)
    bge(END)
    label(LOOP)
    data(2, 0x5A43)  # ldrh r3, [r0, r1]
    cmp(r3, r4)
    blt(LOWER)
    label(HIGH)
    cmp(r3, r5)
    bgt(HIGHER)
    label(RAIL)
    sub(r3, 2)
    cmp(r3, r7)
    bcs(RAILED)
    label(NEXT)
    add(r1, r1, r2)
    bmi(LOOP)
    b(END)
    label(LOWER)
    mov(r4, r3)
    b(HIGH)
    label(HIGHER)
    mov(r5, r3)
    b(RAIL)
    label(RAILED)
    add(r6, 1)
    b(NEXT)
    label(END)
    mov(r3, r12)
    data(2, 0xC370)  # stmia r3!, {r4, r5, r6}
    mov(r0, 0)
