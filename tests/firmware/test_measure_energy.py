"""The energy counter: exact carry, one direction per register, saved with a CRC."""

from islet.measure.energy import Counter, EnergyCounter

SMALL_INT_MAX = 2**30 - 1


def test_500_w_for_a_day_on_top_of_4380_kwh_moves_exactly() -> None:
    # A float32 kWh counter stands still here: half its step at 4380 is 0.244 Wh, 100 ms bring 0.0139 Wh.
    energy = EnergyCounter()
    energy.imported = Counter(4_380_000)
    for _ in range(36_000):  # an hour of 100 ms
        energy.add(500, 100)
    for _ in range(23 * 60):  # and 23 hours of minutes
        energy.add(500, 60_000)
    assert (energy.import_wh, energy.imported.j, energy.imported.mj) == (4_392_000, 0, 0)
    assert energy.export_wh == 0


def test_remainder_is_carried_to_the_millijoule() -> None:
    energy = EnergyCounter()
    for _ in range(1001):
        energy.add(7, 143)  # 1.001 J each: 1002.001 J
    assert (energy.import_wh, energy.imported.j, energy.imported.mj) == (0, 1002, 1)


def test_registers_never_go_backwards() -> None:
    energy = EnergyCounter()
    last = (0, 0)
    for power_w, imported, exported in ((3600, 60, 0), (-7200, 60, 120), (0, 60, 120), (-60, 60, 121)):
        energy.add(power_w, 60_000)
        assert (energy.import_wh, energy.export_wh) == (imported, exported)
        assert imported >= last[0]
        assert exported >= last[1]
        last = (imported, exported)
    try:
        energy.add(100, -1)
    except ValueError:
        return
    raise AssertionError("counted backwards")


def test_a_float_does_not_make_the_counters_floats() -> None:
    energy = EnergyCounter()
    energy.add(499.7, 7200)  # 500 W * 7.2 s = 3600 J
    assert (energy.import_wh, energy.imported.j) == (1, 0)
    assert isinstance(energy.import_wh, int)


def test_products_are_small_ints_at_the_edge() -> None:
    power_w, dt_ms = 2**20 - 1, 999_999  # the bound of the docstring, and the fullest remainders
    counter = Counter(0, 3599, 999)
    counter.add(power_w, dt_ms)
    total_mj = 3599 * 1000 + 999 + power_w * dt_ms
    assert (counter.wh, counter.j, counter.mj) == (
        total_mj // 3_600_000,
        total_mj // 1000 % 3600,
        total_mj % 1000,
    )
    assert 999 + power_w * 999 <= SMALL_INT_MAX
    assert 3599 + power_w * 999 + (999 + power_w * 999) // 1000 <= SMALL_INT_MAX


def test_saved_and_taken_over() -> None:
    energy = EnergyCounter()
    energy.add(1234, 987_654)
    energy.add(-4321, 123_456)
    data = energy.to_bytes()
    again = EnergyCounter.from_bytes(data)
    assert again.to_bytes() == data
    assert (again.import_wh, again.imported.j, again.imported.mj) == (338, 1965, 36)  # 1218765036 mJ
    assert (again.export_wh, again.exported.j, again.exported.mj) == (148, 653, 376)  # 533453376 mJ


def test_damaged_bytes_are_refused() -> None:
    data = EnergyCounter().to_bytes()
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 0x10
        for bad in (bytes(damaged), data[:at]):
            try:
                EnergyCounter.from_bytes(bad)
            except ValueError:
                continue
            raise AssertionError("took over damaged counters")
