"""Counting energy allocates nothing but the floats of a power's thousandths; MicroPython only.

On a build with small ints of 31 bits a product beyond them would allocate too, and fail here.
"""

import gc
import struct

import micropython

from islet.measure.energy import LONGEST_MS, UNDER, Energies, count

FLOAT_BYTES = 16 if struct.calcsize("P") == 4 else 32  # whole blocks of the heap


def test_whole_powers_allocate_nothing() -> None:
    energies = Energies(("grid",))
    micropython.heap_lock()
    try:
        for power_w in range(-20_000, 20_000, 1000):
            energies.step(0, power_w, -power_w, 60_000)
    finally:
        micropython.heap_unlock()
    grid = energies.points[0]
    assert grid.import_wh == 3166  # the sum of 1000 to 19000 is 190 kW minutes
    assert grid.export_wh == 3500  # and 210
    assert (grid.varh(2), grid.varh(4)) == (3500, 3166)


def test_the_fullest_registers_at_the_highest_power_allocate_nothing() -> None:
    words = Energies(("grid",)).points[0].words
    for dt_ms in (999, LONGEST_MS - 1, LONGEST_MS):
        words[0], words[1], words[2] = 2**29, 3599, 999_999
        micropython.heap_lock()
        try:
            count(words, 0, UNDER - 1, 1000, dt_ms)
        finally:
            micropython.heap_unlock()
        assert words[0] > 2**29
        assert words[1] < 3600
        assert words[2] < 1_000_000


def test_time_is_split_without_allocating() -> None:
    energies = Energies(("grid",))
    tail_ms = 12.25
    micropython.heap_lock()
    try:
        energies.due_ms(100, tail_ms)
        energies.due_ms(100, 0)
    finally:
        micropython.heap_unlock()
    assert energies.owed_ms == 0


def test_a_step_makes_four_floats_at_most() -> None:
    energies = Energies(("grid", "load"))
    active_w, reactive_var = 500.25, -100.75
    energies.step(0, active_w, reactive_var, 100)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    energies.step(0, active_w, reactive_var, 100)
    energies.step(1, active_w, reactive_var, 100)
    grown = gc.mem_alloc() - before
    gc.enable()
    assert grown <= 2 * 4 * FLOAT_BYTES, grown
