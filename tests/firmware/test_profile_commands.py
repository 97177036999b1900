"""Commands by a profile: read-only unless enabled, bounded, by cases, as shares, currents and coils."""

from profile_world import Client, commanded, power, row, run, write

from islet.drivers.modbus import ModbusError
from islet.names import NOT_IMPLEMENTED, OK
from islet.state.wishes import Wishes

SECOND = 1000


def test_nothing_is_written_unless_enabled():
    client = Client()
    device = commanded(client, power(), enabled=False)
    device.commands.ask("power_w", 1000.0, 0)
    run(device.apply(Wishes(), 0))
    assert client.written == []
    assert device.writes == 0


def test_nothing_is_written_before_something_was_asked():
    client = Client()
    device = commanded(client, power())
    run(device.apply(None, 0))
    assert client.written == []


def test_a_command_is_written_once_and_again_when_it_changes():
    client = Client()
    device = commanded(client, power())
    device.commands.ask("power_w", -1234.6, 0)
    for second in range(3):
        run(device.apply(None, second * SECOND))
    assert client.written == [(16, 100, (0x10000 - 1234,))]
    device.commands.ask("power_w", -1232.0, 3 * SECOND)  # within 5 W it is the same
    run(device.apply(None, 3 * SECOND))
    assert len(client.written) == 1
    device.commands.ask("power_w", 500.0, 4 * SECOND)
    run(device.apply(None, 4 * SECOND))
    assert client.written[1:] == [(16, 100, (500,))]
    assert (device.writes, device.mismatches) == (2, 0)


def test_the_wishes_of_control_are_carried_out():
    client = Client()
    device = commanded(client, power())
    wishes = Wishes()
    wishes.battery_w = 750.0
    run(device.apply(wishes, 0))
    assert client.written == [(16, 100, (750,))]


def test_limits_and_the_rating_bound_a_command():
    client = Client()
    device = commanded(client, power())
    device.commands.ask("power_w", 1e9, 0)
    run(device.apply(None, 0))
    bound = commanded(client, power(), rated_w=2000.0)
    bound.commands.ask("power_w", -1e9, 0)
    run(bound.apply(None, 0))
    assert client.written == [(16, 100, (5000,)), (16, 100, (0x10000 - 2000,))]


def test_the_devices_own_rating_bounds_a_command_too():
    client = Client()
    client.put(3, 9, 300)
    rows = [row("rated_w", 3, 9, "u16", mul=10)]
    for given, expected in ((0.0, 3000), (4000.0, 3000), (2500.0, 2500)):
        device = commanded(client, power(), "battery", rows, rated_w=given)
        run(device.poll(None, 0))
        device.commands.ask("power_w", 4500.0, 0)
        run(device.apply(None, 0))
        assert client.held[3, 100] == expected


def test_cases_by_value():
    client = Client()
    charge = [write(16, 200, "u32", 1, -1), write(6, 210, "u16", fixed=1)]
    discharge = [write(16, 202, "f32", 1), write(6, 210, "u16", fixed=2)]
    device = commanded(client, power([-5000, charge], [-4, [write(6, 210, "u16", fixed=0)]], [5, discharge]))
    for now, value in enumerate((-70_000 / 20, 0.0, 4.9, 231.5, -4.0, 5.0)):
        device.commands.ask("power_w", value, now * SECOND)
        run(device.apply(None, now * SECOND))
    assert client.written == [
        (16, 200, (3500, 0)),
        (6, 210, (1,)),
        (6, 210, (0,)),
        (16, 202, (0x8000, 0x4367)),
        (6, 210, (2,)),
        (6, 210, (0,)),  # a case begins at its `from`
        (16, 202, (0, 0x40A0)),
        (6, 210, (2,)),
    ]


def limit(*writes) -> list:
    return [["limit_w", 0, 100000, 100000, 0, 0, 0, [[0, list(writes)]]]]


def test_a_share_of_the_rating():
    client = Client()
    share = write(6, 50, "u16", mul=1, div=100, per_rated=1)
    rows = [row("rated_w", 3, 9, "u16", mul=10)]
    client.put(3, 9, 800)
    device = commanded(client, limit(share), "inverter", rows)
    device.commands.ask("limit_w", 2999.0, 0)
    run(device.apply(None, 0))
    assert client.written == []  # the rating is not known yet
    run(device.poll(None, 0))
    run(device.apply(None, SECOND))
    assert client.written == [(6, 50, (37,))]  # 2999 / 8000 is 37.49 %
    device.commands.ask("limit_w", 1e9, 2 * SECOND)
    run(device.apply(None, 2 * SECOND))
    assert client.written[1:] == [(6, 50, (100,))]


def test_a_rating_from_outside_stands_for_one_that_is_not_told():
    client = Client()
    device = commanded(client, limit(write(6, 50, "u16", div=100, per_rated=1)), "inverter", rated_w=4000.0)
    device.commands.ask("limit_w", 1000.0, 0)
    run(device.apply(None, 0))
    assert client.written == [(6, 50, (25,))]


def test_a_switch_is_a_coil():
    client = Client()
    client.put(1, 4, 0)
    client.put(1, 5, 0)
    do = [["close", 0, 1, 0, 0, 0, 0, [[0, [write(5, 5, "bit")]]]]]
    device = commanded(client, do, "switch", [row("closed", 1, 4, "bit")])
    for second, value in enumerate((1, 1, 0)):
        device.commands.ask("close", value, second * SECOND)
        run(device.apply(None, second * SECOND))
    assert client.written == [(5, 5, (1,)), (5, 5, (0,))]
    assert device.mismatches == 0


def test_a_current_is_written_in_small_steps():
    client = Client()
    do = [["current_a", 0, 32, 6, 0, 0, 0, [[0, [write(6, 9, "u16", mul=1, div=10)]]]]]
    device = commanded(client, do, "charger")
    for second, value in enumerate((10.0, 10.04, 10.1)):
        device.commands.ask("current_a", value, second * SECOND)
        run(device.apply(None, second * SECOND))
    assert [values for _, _, values in client.written] == [(100,), (101,)]


class Picky(Client):
    """Refuses writes to register 200."""

    def _take(self, function: int, address: int, values: tuple) -> None:
        if address == 200:
            raise ModbusError(3)
        super()._take(function, address, values)


def test_a_refused_command_does_not_keep_the_other_from_its_safe_value():
    client = Picky()
    current = ["current_a", 0, 32, 6, 0, 0, 0, [[0, [write(address=200)]]]]
    device = commanded(client, [current] + power(), role="charger")
    device.commands.ask("power_w", 3000.0, 0, 10 * SECOND)
    device.commands.ask("current_a", 16.0, 0, 600 * SECOND)
    for second in (0, 11):
        refused = False
        try:
            run(device.apply(None, second * SECOND))
        except ModbusError:
            refused = True
        assert refused  # the bus is told
    assert client.written == [(16, 100, (3000,)), (16, 100, (0,))]


def test_the_pause_of_a_device_does_not_outlast_it_when_ticks_wrap():
    """gap_s of a day, the device away for 8 days: the tick of the pause's end would look like the future."""
    client = Client()
    device = commanded(client, power(gap_s=86_400))
    device.commands.ask("power_w", 1000.0, 0, 60 * SECOND)
    run(device.apply(None, 0))
    device.commands.age(61 * SECOND)
    run(device.apply(None, 8 * 86_400 * SECOND & ((1 << 30) - 1)))
    assert client.written == [(16, 100, (1000,)), (16, 100, (0,))]


def test_a_genset_that_stands_still_gives_nothing_although_it_does_not_tell():
    client = Client()
    rows = [row("w", missing=[0x7FFF]), row("running", address=1, codes=[[0, 0], [1, 1]])]
    client.put(4, 1, 0)
    device = commanded(client, [], role="genset", rows=rows)
    for told, running, value, quality in ((0x7FFF, 0, 0.0, OK), (3000, 1, 3000.0, OK)):
        client.put(4, 0, told)
        client.put(4, 1, running)
        run(device.start())
        run(device.poll(None, 0))
        assert (device.readings["w"].value, device.readings["w"].quality) == (value, quality)
    client.put(4, 0, 0x7FFF)
    run(device.start())
    run(device.poll(None, 0))
    assert device.readings["w"].quality == NOT_IMPLEMENTED  # it runs: nobody knows what it gives
