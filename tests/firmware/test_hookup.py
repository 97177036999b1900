"""Devices put on their lines: who gets which driver and pauses, who takes commands, what is told when it is wrong."""

import json

from ram_store import RamStore

from islet.devices import load
from islet.drivers.bus_spacing import SpacedClient
from islet.hookup import ORDERS, Hookup
from islet.names import OK
from islet.state.image import Image

NOW_MS = (1 << 30) - 300
ROW = ["w", 4, 52, "f32", 2, 0, 1, 1, 1, 0, [], [], 0, 0, 0]
CURRENT = ["current_a", 0, 32, 6, 0, 0, 0, [[0, [[6, 10, "u16", 0, 1, 1, None, 0, 3, 10]]]]]
RUN = ["run", 0, 1, 0, 0, 0, 0, [[0, [[5, 0, "bit", 0, 1, 1, None, 0, 1, 0]]]]]


def profile(name: str, role: str, rows: list, commands=(), gap_ms: int = 0) -> bytes:
    head = {"v": 1, "name": name, "role": role, "unit": 1, "most": 60, "hole": 60, "gap_ms": gap_ms}
    head.update({"read": rows, "do": list(commands)})
    return json.dumps(head).encode()


def store() -> RamStore:
    """Return a store with three profiles."""
    still = ["running", 1, 0, "bit", 1, 0, 1, 1, 1, 0, [], [[0, 0], [1, 1]], 0, 0, 0]
    made = RamStore()
    made.files["profile_box"] = profile("box", "charger", [ROW], [CURRENT], gap_ms=100)
    made.files["profile_dachs"] = profile("dachs", "genset", [still], [RUN])
    made.files["profile_meter"] = profile("meter", "meter", [ROW])
    return made


class Port:
    baud = 9600
    char_bits = 10

    def close(self) -> None:
        pass


class Hardware:
    lockstep = False
    random = None

    def __init__(self) -> None:
        self.store = store()
        self.asked: list = []

    def stream(self, host, port):
        self.asked.append((host, port))
        return Port()

    def serial(self, device, baud, parity, stop_bits):
        self.asked.append((device, baud, parity, stop_bits))
        return Port()

    def ticks_ms(self) -> int:
        return NOW_MS

    async def sleep_ms(self, span_ms: int) -> None:
        pass


LINES = [
    {"name": "lan", "kind": "tcp", "host": "10.0.0.2"},
    {"name": "wire", "kind": "rtu", "device": "uart1", "baud": 19200, "parity": "E"},
]


def entry(name: str, role: str, driver: str, line: str = "lan", unit: int = 1, **more) -> dict:
    row = {"name": name, "role": role, "driver": driver, "line": line, "unit": unit}
    row.update(more)
    return row


def hook_up(*entries) -> Hookup:
    text = json.dumps({"lines": LINES, "devices": list(entries)}).encode()
    return Hookup(Hardware(), load(text), 0)


def refused(*entries) -> str:
    try:
        hook_up(*entries)
    except ValueError as error:
        return str(error)
    raise AssertionError("taken")


def test_each_line_is_a_bus_with_its_devices():
    found = hook_up(
        entry("roof", "inverter", "sunspec"),
        entry("cellar", "battery", "sunspec", unit=2),
        entry("oven", "meter", "meter", "wire", 3),
    )
    assert found._hw.asked == [("10.0.0.2", 502), ("uart1", 19200, "E", 1)]
    assert [[member.device.name for member in bus.members] for bus in found.buses] == [
        ["roof", "cellar"],
        ["oven"],
    ]
    told = found.told()
    assert [row[:2] for row in told] == [("roof", "inverter"), ("cellar", "battery"), ("oven", "meter")]
    assert told[0][3] == {"polls": 0, "errors": 0, "writes": 0, "mismatches": 0}
    assert "w" in told[2][2]


def test_what_is_wrong_is_told_with_the_devices_name():
    assert "device oven: there is no file profile_sdm in the store" in refused(entry("oven", "meter", "sdm"))
    assert "device oven: box is a profile for the role charger, not meter" in refused(
        entry("oven", "meter", "box")
    )
    assert "device box: SunSpec has no models of a charger" in refused(entry("box", "charger", "sunspec"))


def test_a_damaged_profile_is_told_with_its_file():
    hw = Hardware()
    for text in (b"{", b'{"v": 2}', b'{"name": "meter"}'):
        hw.store.files["profile_meter"] = text
        found = load(json.dumps({"lines": LINES, "devices": [entry("oven", "meter", "meter")]}).encode())
        said = ""
        try:
            Hookup(hw, found, 0)
        except ValueError as error:
            said = str(error)
        assert said.startswith("device oven: profile_meter: "), said
        assert "islet profiles compact" in said


def test_pauses_are_the_longer_of_profile_and_entry():
    found = hook_up(
        entry("box", "charger", "box", unit=4, gap_ms=20), entry("oven", "meter", "meter", unit=5)
    )
    client = found.buses[0].client
    assert isinstance(client, SpacedClient)
    assert client._gaps == {4: 100}  # the profile's; unit 5 needs none
    assert not isinstance(hook_up(entry("oven", "meter", "meter")).buses[0].client, SpacedClient)


def test_a_genset_that_cannot_tell_its_power_spoils_no_sum():
    found = hook_up(entry("dachs", "genset", "dachs"), entry("box", "charger", "box", unit=2))
    image = Image()
    found.parts.join(image)
    found.bound[1].device.readings["w"].set(-7000.0, NOW_MS)
    found.parts.fold(NOW_MS)
    assert (image.ev_w.value, image.ev_w.quality) == (-7000.0, OK)
    assert (image.feeder_w.value, image.apart_w.quality, image.chp_w.quality) == (-7000.0, OK, OK)


def test_who_takes_commands():
    found = hook_up(
        entry("roof", "inverter", "sunspec"),
        entry("box", "charger", "box", unit=2, control=True),
        entry("shy", "charger", "box", unit=3),
        entry("dachs", "genset", "dachs", unit=4, control=True),
    )
    assert found.can("box", "current_a")
    assert found.can("dachs", "run")
    for name, do in (("roof", "limit_w"), ("box", "run"), ("shy", "current_a"), ("nobody", "run")):
        assert not found.can(name, do)
    found.step(True, NOW_MS)
    assert not found.can("box", "current_a")  # an island carries its load
    assert found.can("dachs", "run")  # and may want this


def test_an_island_ends_what_a_charger_was_told():
    found = hook_up(
        entry("box", "charger", "box", control=True), entry("dachs", "genset", "dachs", unit=4, control=True)
    )
    box, dachs = [one.device.commands for one in found.bound]
    found.order("box", "current_a", 16.0, NOW_MS, 600_000)
    found.order("dachs", "run", 1.0, NOW_MS, 600_000)
    assert (box.wanted("current_a", NOW_MS), dachs.wanted("run", NOW_MS)) == (16.0, 1.0)
    found.step(True, NOW_MS)
    assert (box.wanted("current_a", NOW_MS), dachs.wanted("run", NOW_MS)) == (6, 1.0)


def test_what_was_ordered_is_remembered_and_taken_back_after_a_restart():
    entries = (
        entry("box", "charger", "box", control=True),
        entry("dachs", "genset", "dachs", unit=4, control=True),
    )
    found = hook_up(*entries)
    found.order("box", "current_a", 16.0, NOW_MS, 600_000)
    found.order("box", "current_a", 10.0, NOW_MS, 600_000)
    saved = found._hw.store.files[ORDERS]
    assert json.loads(saved) == [["box", "current_a"]]
    again = hook_up(*entries)
    box, dachs = [one.device.commands for one in again.bound]
    assert not box.asked("current_a")
    again.restore(saved)
    assert box.asked("current_a")
    assert box.wanted("current_a", NOW_MS) == 6  # its safe value
    assert not dachs.asked("run")
    again.restore(b'[["gone","run"]]')  # a device that was taken out
    for bad in (b"{", b"[1]", b'[["box"]]', b"7", b'[["box", []]]', b"[" * 9000):
        try:
            again.restore(bad)
        except ValueError:
            continue
        raise AssertionError(bad)


def test_a_lease_that_ended_while_its_device_was_away_stays_ended():
    """Ticks tell 6.2 days apart: asked for the first time after eight, an end would look like the future."""
    found = hook_up(entry("box", "charger", "box", control=True))
    commands = found.bound[0].device.commands
    found.order("box", "current_a", 16.0, 0, 60_000)
    found.step(False, 59_000)
    assert commands.wanted("current_a", 59_000) == 16.0
    found.step(False, 61_000)
    for day in range(1, 14):
        assert commands.wanted("current_a", day * 86_400_000 & ((1 << 30) - 1)) == 6


def test_what_could_not_be_remembered_is_not_carried_out():
    found = hook_up(entry("box", "charger", "box", control=True))
    for _ in range(2):  # the second time too
        found._hw.store.full = True
        failed = False
        try:
            found.order("box", "current_a", 16.0, NOW_MS, 60_000)
        except OSError:
            failed = True
        assert failed
        assert not found.bound[0].device.commands.asked("current_a")
    found._hw.store.full = False
    found.order("box", "current_a", 16.0, NOW_MS, 60_000)
    assert ORDERS in found._hw.store.files
