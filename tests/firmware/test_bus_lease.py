"""Writes of a bus in virtual time: their order, gaps between requests, and commands that lapse; numbers by hand."""

import asyncio
from struct import unpack_from

from bus_world import SILENT, Device, Line, Wanted, make_bus, run, spaces
from sunspec_memory import build_map

from islet.drivers.bus_spacing import SpacedClient
from islet.drivers.setpoint import Setpoint, Validity

SAFE, WISH = 0, 7


def _leased(**options) -> tuple:
    """Return (line, device, bus) whose wishes hold for 2 s after each renewal."""
    line = Line()
    device = Device(line, 1)
    return line, device, make_bus(line, [device], 500, safe=Wanted(SAFE), valid_ms=2000, **options)


def test_a_wish_that_changes_during_a_round_is_written_before_the_next_read():
    line = Line()
    devices = [Device(line, unit) for unit in (1, 2, 3)]
    wishes = Wanted(1)
    bus = make_bus(line, devices, 1000, wishes=wishes)
    run(bus, line, 900)
    line.at_ms, line.log = 1100, []
    poll = devices[0].poll

    async def poll_and_wish(image, now_ms):
        await poll(image, now_ms)
        wishes.value = 2

    bus.members[0].groups[0].read = poll_and_wish
    asyncio.run(bus.poll(line.ticks_ms()))
    verbs = [(unit, verb) for _, unit, verb in line.log]
    assert verbs == [(1, "read"), (1, "write"), (2, "write"), (3, "write"), (2, "read"), (3, "read")]


def test_a_wish_nobody_renews_lapses_to_the_safe_value_once():
    line, device, bus = _leased()
    bus.renew(line.ticks_ms())
    run(bus, line, 10_000)
    assert [value for _, value in device.written] == [WISH, SAFE]
    assert 2000 <= device.written[1][0] <= 2000 + 40  # seen at the end of a round
    assert bus.counters()["lapses"] == 1
    bus.renew(line.ticks_ms())
    run(bus, line, 10_500)
    assert device.held == WISH


def test_a_wish_that_is_renewed_stays_and_none_at_all_is_not_written():
    line, device, bus = _leased()
    run(bus, line, 10_000)
    assert device.written == []  # nothing was wished yet: the device stays as it was found
    run(bus, line, 20_000, each=lambda line: bus.renew(line.ticks_ms()))
    assert [value for _, value in device.written] == [WISH]
    assert bus.counters()["lapses"] == 0


def test_a_device_that_fails_gets_no_writes_and_the_safe_value_first_on_return():
    line, device, bus = _leased()
    renew = lambda line: bus.renew(line.ticks_ms())  # noqa: E731
    run(bus, line, 1000, each=renew)
    line.faults[1] = SILENT
    before = len(line.times(1, "write"))
    run(bus, line, 30_000, each=renew)
    assert len(line.times(1, "write")) == before
    line.faults[1] = None
    device.written = []
    run(bus, line, 80_000, each=renew)
    assert [value for _, value in device.written] == [SAFE, WISH]


def test_a_short_outage_leaves_the_wish():
    line, device, bus = _leased()
    line.timeout_ms = 200
    renew = lambda line: bus.renew(line.ticks_ms())  # noqa: E731
    run(bus, line, 1000, each=renew)
    device.written, line.faults[1] = [], SILENT
    run(bus, line, 1600, each=renew)
    line.faults[1] = None
    run(bus, line, 10_000, each=renew)
    assert device.lost >= 1
    assert [value for _, value in device.written] == [WISH]


def test_a_device_that_ignores_writes_is_held_back():
    line, device, bus = _leased()
    device.deaf = True
    run(bus, line, 30_000, each=lambda line: bus.renew(line.ticks_ms()))
    # pauses of 0.375 s doubling: writes at 0, 0.4, 1.1, 2.6, 5.6, 11.6, 23.6 s
    assert 6 <= len(device.written) <= 8
    assert len(line.times(1)) > 50


def test_wishes_that_lapse_need_safe_ones():
    try:
        make_bus(Line(), [], valid_ms=1000)
    except ValueError:
        return
    raise AssertionError


def test_validity_and_set_point_by_hand():
    validity = Validity(1000)
    assert not validity.live(0)
    validity.renew((1 << 30) - 500)
    assert validity.live(499)
    assert not validity.live(500)
    assert not validity.live(400)  # an ended one stays ended
    assert Validity(0).live(1 << 29)
    held = Setpoint(5.0, 60_000)
    held.renew(100.0, 0)
    assert not held.expiring(29_999)
    assert held.expiring(30_000)
    assert not held.changed(105.0)
    assert held.changed(105.1)


def test_a_slow_unit_rests_between_requests_and_the_others_do_not():
    line = Line()
    client = SpacedClient(line, line.ticks_ms, line.sleep_ms, {1: 100})

    async def ask():
        await client.connect()
        for unit in (1, 2, 1, 2, 2, 1):
            await client.read(unit, 0, 1)

    asyncio.run(ask())
    # each takes 20 ms after 20 ms of connecting; unit 1 begins 100 ms after its last answer, so 120 ms apart
    assert line.times(1) == [20, 140, 260]
    assert spaces(line.times(2)) == [120, 20]


def test_a_spaced_client_passes_on_what_was_read():
    memory = build_map(40000, [(1, 66)])
    client = SpacedClient(memory, lambda: 0, None, {2: 50})
    data = asyncio.run(client.read(1, 40000, 2))
    assert unpack_from(">HH", data, 0) == (0x5375, 0x6E53)
    asyncio.run(client.write(1, 40010, [4]))
    assert memory.writes == [(40010, [4])]
    assert client.connected
