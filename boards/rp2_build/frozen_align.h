// Frozen machine code at addresses that 4 divides. MicroPython 1.25 asks for 2, but the code that its compiler makes for the M0+ reads
// constants relative to the word it stands in: at an odd halfword -1048576 was read as 61440.
#define aligned(n) __aligned__((n) < 4 ? 4 : (n))
