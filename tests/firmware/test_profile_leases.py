"""Commands by a profile as leases: lapsed to the safe value, renewed in time, read back, begun anew after a loss."""

from profile_world import Client, commanded, power, run, write

SECOND = 1000


def test_a_lapsed_lease_becomes_the_safe_value():
    client = Client()
    device = commanded(client, power(safe=-100))
    device.commands.ask("power_w", 3000.0, 0, 10_000)
    for second in range(15):
        run(device.apply(None, second * SECOND))
    assert client.written == [(16, 100, (3000,)), (16, 100, (0x10000 - 100,))]


def test_a_lapsed_lease_stays_lapsed_when_ticks_wrap():
    client = Client()
    device = commanded(client, power())
    start = (1 << 30) - 5 * SECOND
    device.commands.ask("power_w", 3000.0, start, 10_000)
    for second in range(20):
        run(device.apply(None, (start + second * SECOND) & 0x3FFFFFFF))
    assert [values[0] for _, _, values in client.written] == [3000, 0]


def test_a_device_that_reverts_is_told_again_at_half_its_time():
    client = Client()
    device = commanded(client, power(reverts_s=60))
    for second in range(91):
        device.commands.ask("power_w", 3000.0, second * SECOND)
        run(device.apply(None, second * SECOND))
    assert len(client.written) == 4  # at 0, 30, 60 and 90 s


def test_a_watchdog_is_fed_in_time():
    client = Client()
    device = commanded(client, power(reverts_s=300, renew_s=20))
    times = []
    for second in range(101):
        device.commands.ask("power_w", 3000.0, second * SECOND)
        before = len(client.written)
        run(device.apply(None, second * SECOND))
        times += [second] * (len(client.written) - before)
    assert times == [0, 20, 40, 60, 80, 100]


def test_a_device_that_bears_few_writes_gets_the_last_value_later():
    client = Client()
    device = commanded(client, power(gap_s=5))
    times = []
    for second in range(13):
        device.commands.ask("power_w", 100.0 * second, second * SECOND)
        before = len(client.written)
        run(device.apply(None, second * SECOND))
        times += [(second, values[0]) for _, _, values in client.written[before:]]
    assert times == [(0, 0), (5, 500), (10, 1000)]
    device.forget()  # a new connection makes the device no hardier
    run(device.apply(None, 13 * SECOND))
    assert len(client.written) == 3


def test_what_does_not_read_back_is_no_success_and_is_tried_again_later():
    client = Client()
    client.put(3, 100, 0)
    client.drops = True
    device = commanded(client, power())
    for second in range(21):
        device.commands.ask("power_w", 700.0, second * SECOND)
        run(device.apply(None, second * SECOND))
    assert device.mismatches == 3  # at 0, 10 and 20 s
    device.commands.ask("power_w", 900.0, 21 * SECOND)  # another value is not held back
    run(device.apply(None, 21 * SECOND))
    assert device.mismatches == 4
    client.drops = False
    run(device.apply(None, 31 * SECOND))
    run(device.apply(None, 32 * SECOND))
    assert device.mismatches == 4
    assert client.held[3, 100] == 900


def test_what_cannot_be_read_back_is_believed():
    client = Client()
    client.drops = True
    device = commanded(client, power([-5000, [write(back=(0, 0))]]))
    device.commands.ask("power_w", 700.0, 0)
    run(device.apply(None, 0))
    assert device.mismatches == 0
    assert client.asked == []


def test_it_may_be_read_back_elsewhere():
    client = Client()
    client.put(4, 7, 700)
    device = commanded(client, power([-5000, [write(back=(4, 7))]]))
    device.commands.ask("power_w", 700.0, 0)
    run(device.apply(None, 0))
    assert client.asked == [(4, 7, 1)]
    assert device.mismatches == 0


def test_a_loss_between_two_writes_begins_the_command_anew():
    client = Client()
    cases = [-5000, [write(), write(6, 101, "u16", fixed=2)]]
    device = commanded(client, power(cases))
    device.commands.ask("power_w", 700.0, 0)
    run(device.apply(None, 0))
    client.fails_after = 1
    device.commands.ask("power_w", 900.0, SECOND)
    lost = False
    try:
        run(device.apply(None, SECOND))
    except OSError:
        lost = True
    assert lost
    client.fails_after = -1
    device.commands.ask("power_w", 700.0, 2 * SECOND)  # what it held before: half of it is something else now
    run(device.apply(None, 2 * SECOND))
    assert client.written[-2:] == [(16, 100, (700,)), (6, 101, (2,))]
    assert client.held[3, 100] == 700


def test_after_a_loss_everything_is_written_again():
    client = Client()
    device = commanded(client, power())
    device.commands.ask("power_w", 700.0, 0)
    run(device.apply(None, 0))
    device.lose(None)
    run(device.apply(None, SECOND))
    assert len(client.written) == 2
