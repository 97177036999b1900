"""A device by its profile: what is read when, what is told when something is missing, commands as leases."""

from profile_world import Client, row, run, table

from islet.drivers.profile import ProfileDevice
from islet.names import COMM, NEVER, NOT_IMPLEMENTED, OK, SUSPECT
from islet.state.parts import Part

SECOND = 1000


def made(client: Client, rows: list, do: list | None = None, role: str = "meter", **options) -> ProfileDevice:
    limits = {key: options.pop(key) for key in ("most", "hole") if key in options}
    device = ProfileDevice(client, table(rows, do, role, **limits), **options)
    run(device.start())
    return device


def told(device: ProfileDevice, name: str) -> tuple:
    reading = device.readings[name]
    return reading.value, reading.quality


def test_neighbours_are_one_request_and_holes_are_not_read():
    client = Client()
    for address in (0, 1, 3, 4):
        client.put(4, address, address)
    rows = [row("w", address=4), row("v", address=0), row("a", address=3), row("hz", address=1)]
    device = made(client, rows)
    run(device.poll(None, 0))
    assert client.asked == [(4, 0, 2), (4, 3, 2)]
    assert [told(device, name)[0] for name in ("v", "hz", "a", "w")] == [0.0, 1.0, 3.0, 4.0]
    client.put(4, 2, 0)
    client.asked.clear()
    run(made(client, rows, hole=1).poll(None, 0))
    assert client.asked == [(4, 0, 5)]


def test_a_request_is_not_longer_than_the_device_takes():
    client = Client()
    client.put(4, 0, *range(12))
    rows = [
        row("w", address=0, kind="u64", size=4),
        row("v", address=4),
        row("import_wh", address=5, kind="u64", size=4),
    ]
    device = made(client, rows, most=6)
    run(device.poll(None, 0))
    assert client.asked == [(4, 0, 5), (4, 5, 4)]  # points stay whole
    assert told(device, "import_wh") == ((5 << 48) + (6 << 32) + (7 << 16) + 8, OK)


def test_the_limit_is_kept_to_the_register():
    client = Client()
    client.put(4, 0, *range(6))
    rows = [row("w", address=k) for k in range(6)]
    run(made(client, rows, most=5).poll(None, 0))
    assert client.asked == [(4, 0, 5), (4, 5, 1)]
    client.asked.clear()
    run(made(client, rows, most=6).poll(None, 0))
    assert client.asked == [(4, 0, 6)]


def test_a_power_of_ten_is_read_with_its_value():
    client = Client()
    client.put(4, 10, 2345, 7, 0xFFFF)
    device = made(client, [row("w", address=10, tens=2)])
    run(device.poll(None, 0))
    assert client.asked == [(4, 10, 3)]
    assert abs(told(device, "w")[0] - 234.5) < 1e-4


def test_functions_are_read_apart():
    client = Client()
    client.put(1, 0, 1)
    client.put(2, 0, 0)
    client.put(3, 0, 7)
    client.put(4, 0, 8)
    rows = [row("running", 1, 0, "bit"), row("fault", 2, 0, "bit"), row("w", 3), row("hz", 4)]
    device = made(client, rows, role="genset")
    run(device.poll(None, 0))
    assert sorted(client.asked) == [(1, 0, 1), (2, 0, 1), (3, 0, 1), (4, 0, 1)]
    assert [told(device, name)[0] for name in ("running", "fault", "w", "hz")] == [1, 0, 7.0, 8.0]


def test_each_row_has_its_period():
    client = Client()
    client.put(4, 0, 1, 0, 2)
    device = made(client, [row("w"), row("import_wh", address=1, kind="u32", size=2, period_s=60)])
    for second in range(61):
        run(device.poll(None, second * SECOND))
    assert client.asked.count((4, 0, 1)) == 61
    assert client.asked.count((4, 1, 2)) == 2
    assert device.readings["import_wh"].stamp_ms == 60 * SECOND


def test_ticks_may_wrap():
    client = Client()
    client.put(4, 0, 5)
    device = made(client, [row("w", period_s=10)])
    end = 1 << 30
    run(device.poll(None, end - 5 * SECOND))
    run(device.poll(None, 4 * SECOND))
    assert len(client.asked) == 1
    run(device.poll(None, 5 * SECOND))
    assert len(client.asked) == 2


def test_a_refused_span_is_taken_apart_and_only_what_is_missing_stays_away():
    client = Client()
    client.put(4, 0, 10)
    client.put(4, 2, 30)
    device = made(client, [row("w"), row("v", address=1), row("a", address=2)])
    run(device.poll(None, 0))
    assert told(device, "w") == (10.0, OK)
    assert told(device, "a") == (30.0, OK)
    assert told(device, "v") == (0.0, NOT_IMPLEMENTED)
    client.asked.clear()
    run(device.poll(None, SECOND))
    assert client.asked == [(4, 0, 1), (4, 2, 1)]  # the point refused alone is not asked again
    client.put(4, 1, 20)
    run(device.start())
    run(device.poll(None, 2 * SECOND))
    assert told(device, "v") == (20.0, OK)


def test_what_the_profile_does_not_have_is_not_implemented():
    client = Client()
    client.put(4, 0, 10)
    device = made(client, [row("w")])
    run(device.poll(None, 0))
    assert told(device, "w") == (10.0, OK)
    assert told(device, "var") == (0.0, NOT_IMPLEMENTED)
    device.lose(None)
    assert told(device, "w") == (10.0, COMM)
    assert told(device, "var") == (0.0, NOT_IMPLEMENTED)


def test_a_busy_device_is_not_taken_apart():
    client = Client()
    client.code = 6  # busy
    device = made(client, [row("w"), row("v", address=1)])
    try:
        run(device.poll(None, 0))
    except OSError:
        assert client.asked == [(4, 0, 2)]
        assert told(device, "w") == (0.0, NEVER)
    else:
        raise AssertionError("no error")


def test_rows_of_a_name_are_added():
    client = Client()
    client.put(4, 0, 100, 0xFFFF, 300)
    rows = [row("w"), row("w", address=1, missing=[0xFFFF]), row("w", address=2, mul=-1)]
    device = made(client, rows)
    run(device.poll(None, 0))
    assert told(device, "w")[1] == NOT_IMPLEMENTED
    rows[1][9] = 1  # optional
    device = made(client, rows)
    run(device.poll(None, 0))
    assert told(device, "w") == (-200.0, OK)
    client.put(4, 1, 50)
    run(device.poll(None, SECOND))
    assert told(device, "w") == (-150.0, OK)


def test_optional_rows_alone_may_all_be_missing():
    client = Client()
    client.put(4, 0, 0xFFFF)
    device = made(client, [row("w", missing=[0xFFFF], optional=1)])
    run(device.poll(None, 0))
    assert told(device, "w") == (0.0, NOT_IMPLEMENTED)


def test_an_unknown_code_is_suspect_and_the_old_value_stays():
    client = Client()
    client.put(4, 0, 7)
    device = made(client, [row("state", codes=[[7, 2]])], role="battery")
    run(device.poll(None, 0))
    assert told(device, "state") == (2, OK)
    client.put(4, 0, 8)
    run(device.poll(None, SECOND))
    assert told(device, "state") == (2, SUSPECT)


def test_the_image_is_filled():
    client = Client()
    client.put(4, 0, 0xFC18, 64, 4998)
    rows = [
        row("w"),
        row("soc_pu", address=1, kind="u16", div=100),
        row("hz", address=2, kind="u16", div=100),
    ]
    device = made(client, rows, role="battery")
    part = Part(5000.0)
    run(device.poll(part, 0))
    assert part.battery_w.value == -1000.0
    assert part.battery_w.quality == OK
    assert abs(part.soc_pu.value - 0.64) < 1e-6
    assert abs(part.battery_hz.value - 49.98) < 1e-4
    device.lose(part)
    assert (part.battery_w.quality, part.soc_pu.quality) == (COMM, COMM)
    assert told(device, "w") == (-1000.0, COMM)
    run(device.poll(part, 10))  # everything is due after a loss
    assert part.battery_w.quality == OK


def test_what_is_not_implemented_keeps_the_image_as_it_was():
    client = Client()
    client.put(4, 0, 500)
    device = made(client, [row("w", missing=[0x8000])], role="inverter")
    part = Part(5000.0)
    run(device.poll(part, 0))
    client.put(4, 0, 0x8000)
    run(device.poll(part, SECOND))
    assert (part.pv_w.value, part.pv_w.quality) == (500.0, NOT_IMPLEMENTED)
