"""The native half-cycle kernel returns the integers of its plain reference; MicroPython only."""

from array import array

from hal import kernels_viper as native
from islet.measure import kernels as plain
from islet.measure.phasor import quadrature_table


def test_half_cycles_are_equal() -> None:
    table = quadrature_table()
    codes = [(k * 40503) % 65535 + 1 for k in range(4 * 255)]
    edges = [1, 65535, 32768, 65535] * 255
    a, b = array("i", [3] * 4), array("i", [3] * 4)
    for window in (array("H", codes), array("H", edges)):
        for stride in (1, 4):
            for first, stop in ((0, 255), (7, 7), (9, 45)):
                for turn, phase in (
                    (0, 0),
                    (233017, 116508),
                    (279620, (1 << 23) + 139810),
                    (838861, 1 << 22),
                ):
                    for out, kernel in ((a, plain), (b, native)):
                        for k in range(4):
                            out[k] = k - 2
                        kernel.half_cycle(window, stride, stride - 1, first, stop, table, turn, phase, out)
                    assert a == b
