"""Chargers, gensets and switches by their profiles: the makers' own examples, and commands as leases on a wire.

Registers on the left are written as they would be on the wire; expected values are the document's, or worked out in a
comment. Time is handed in, the server is pymodbus's.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
from profile_server import HOLDING, INPUT, ProfileServer, served

from host_tools.profiles import check, compact
from islet.drivers import profile_table
from islet.drivers.profile import ProfileDevice
from islet.names import NOT_IMPLEMENTED, OK, SUSPECT

A, B, C, D, E, F = range(6)  # IEC 61851-1
MAKERS = ("keba_p30", "keba_p40", "alfen_eve", "abb_terra_ac", "phoenix_ev_cc_eth", "wallbe_eco")

# of a profile: the registers' function, {address: registers}, {reading: value}
# fmt: off
EXAMPLES: list[tuple[str, int, dict[int, list[int]], dict[str, float]]] = [
    # KEBA P40, guide 1.02, clauses 3.1 to 3.6: 645 mA, 98661 mW (0x18165), 3810.1 Wh, 16.5 Wh, 230 V, 10000 mA
    ("keba_p40", HOLDING, {1000: [0, 3], 1004: [0, 7], 1008: [0, 645], 1020: [0x0001, 0x8165], 1036: [0, 38101],
                           1040: [0, 230], 1100: [0, 10000], 1502: [0, 165]},
     {"a": 0.645, "w": -98.661, "total_wh": 3810, "session_wh": 16, "v": 230, "limit_a": 10, "state": C}),
    # the same, clauses 3.3.1 and 3.3.2: cable locked and in the car, waiting; then the cable in the station alone
    ("keba_p40", HOLDING, {1000: [0, 2], 1004: [0, 7]}, {"state": B}),
    ("keba_p40", HOLDING, {1000: [0, 1], 1004: [0, 3]}, {"state": A}),
    # KEBA P30, guide 1.02, clauses 3.4, 3.10 and 3.12: 645 mA, 98661 mW, 230 V
    ("keba_p30", HOLDING, {1008: [0, 645], 1020: [0x0001, 0x8165], 1040: [0, 230], 1004: [0, 5], 1000: [0, 5]},
     {"a": 0.645, "w": -98.661, "v": 230, "state": B}),
    # Alfen, clauses 1.2, 3.4 and 3.4.1, high byte and word first: 3680 W is 0x45660000, 16 A 0x41800000, 230 V
    # 0x43660000; 12345678 Wh is 0x41678C29C0000000; "C2" is 0x4332 and a trailing zero
    ("alfen_eve", HOLDING, {306: [0x4366, 0], 320: [0x4180, 0], 344: [0x4566, 0], 374: [0x4167, 0x8C29, 0xC000, 0],
                            1201: [0x4332, 0, 0, 0, 0], 1206: [0x4180, 0]},
     {"v": 230, "a": 16, "w": -3680, "total_wh": 12345678, "limit_a": 16, "state": C}),
    ("alfen_eve", HOLDING, {1201: [0x4131, 0, 0, 0, 0]}, {}),  # "A1" is no state of its list
    ("alfen_eve", HOLDING, {1201: [0x4100, 0, 0, 0, 0]}, {"state": A}),
    ("alfen_eve", HOLDING, {1201: [0x4600, 0, 0, 0, 0]}, {"state": F}),
    # ABB, clauses 5.1, 5.6 to 5.9 and 5.14: resolutions 0.001 A, 0.1 V, 1 W, 1 Wh; state C2 is 4 in byte 1, whose
    # bit 7 says that less than what was commanded flows: 0x84
    ("abb_terra_ac", HOLDING, {0x400C: [0, 0x8400], 0x400E: [0, 16000], 0x4010: [0, 15870], 0x4016: [0, 2314],
                               0x401C: [0, 11012], 0x401E: [1, 0]},
     {"state": C, "limit_a": 16, "a": 15.87, "v": 231.4, "w": -11012, "session_wh": 65536}),
    ("abb_terra_ac", HOLDING, {0x400C: [0, 0x0300]}, {"state": B}),
    # Phoenix Contact EV Charge Control Basic, table 9-2: two ASCII letters, amperes
    ("phoenix_ev_cc_basic", INPUT, {24000: [0x4332], 24003: [13]}, {"state": C, "limit_a": 13}),
    # Heidelberg, its list's own examples: 1 is 0.1 A, 238 V, 1000 is 1 kVA, the high word counts 2^16 VAh
    ("heidelberg_energy_control", INPUT, {5: [7], 6: [1], 10: [238], 14: [1000], 17: [1, 1000]},
     {"state": C, "a": 0.1, "v": 238, "w": -1000, "total_wh": 66536}),
    # go-e, modbus-en.md's own: 123 is 12.3 A, 360000 (0x57E40) 3.6 kW, 360 36 kWh, 100000 (0x186A0) 277 Wh
    ("go_e_charger", INPUT, {100: [2], 114: [0, 123], 120: [5, 0x7E40], 128: [0, 360], 132: [1, 0x86A0]},
     {"state": C, "a": 12.3, "w": -3600, "total_wh": 36000, "session_wh": 277}),
    # DSE, GenComm sheets 38 and 41: address is page * 256 + offset, so page 4 offset 7 is 1031 and page 7 offset 8
    # is 1800; scale factors 0.1 Hz, 0.1 V, 0.1 kWh, 1 W signed
    ("dse_gencomm", HOLDING, {4 * 256 + 7: [500], 4 * 256 + 8: [0, 2304], 6 * 256: [0xFFFF, 0xFFFF - 99],
                              7 * 256 + 8: [0, 12345], 5 * 256 + 128: [3]},
     {"hz": 50, "v": 230.4, "w": -100, "total_wh": 1234500, "running": 1}),
    # Viessmann K3000, page 12: address 2 is the module's state, 3 runs, 4 trouble
    ("viessmann_vitobloc_k3000", HOLDING, {2: [3]}, {"running": 1, "fault": 0}),
    ("viessmann_vitobloc_k3000", HOLDING, {2: [4]}, {"running": 0, "fault": 1}),
    # Socomec, table of Countis E24: V / 100, A / 1000, W / 0.1, Wh / 0.1
    ("socomec_countis_e24", HOLDING, {50520: [0, 23012], 50528: [0, 1250], 50536: [0xFFFF, 0xFFFE], 50946: [0, 7]},
     {"v": 230.12, "a": 1.25, "w": -20, "import_wh": 70}),
]
# fmt: on


@asynccontextmanager
async def device(name: str, enabled: bool = True) -> AsyncIterator[tuple[ProfileServer, ProfileDevice]]:
    profile = check.load(name)
    async with served(profile) as (server, client):
        one = ProfileDevice(client, profile_table.load(compact.text(profile)), profile.unit or 1, enabled)
        await one.start()
        yield server, one


@pytest.mark.parametrize(("name", "function", "held", "expected"), EXAMPLES)
async def test_examples(
    name: str, function: int, held: dict[int, list[int]], expected: dict[str, float]
) -> None:
    async with device(name) as (server, one):
        for address, words in held.items():
            server.spaces[function].update(enumerate(words, address))
        await one.poll(None, 0)
        found = {reading: one.readings[reading] for reading in expected}
        assert {reading: value.quality for reading, value in found.items()} == dict.fromkeys(expected, OK)
        assert {reading: value.value for reading, value in found.items()} == pytest.approx(expected)
        if not expected:
            assert one.readings["state"].quality == SUSPECT


async def test_a_fault_is_no_state() -> None:
    """KEBA's 4, an error, leaves the state suspect; GenComm's 0xFFFF is `unimplemented`, 0xFFFC its own example."""
    async with device("keba_p40") as (server, one):
        server.spaces[HOLDING].update({1001: 4, 1005: 7})
        await one.poll(None, 0)
        assert one.readings["state"].quality == SUSPECT
    async with device("dse_gencomm") as (server, one):
        server.spaces[HOLDING].update({1031: 0xFFFF, 1032: 0xFFFF, 1033: 0xFFFF})
        await one.poll(None, 0)
        assert one.readings["hz"].quality == one.readings["v"].quality == NOT_IMPLEMENTED


# profile, command, value, what is on the wire: function, address, values
# fmt: off
WIRE: list[tuple[str, str, float, list[tuple[int, int, tuple[int, ...]]]]] = [
    ("keba_p40", "current_a", 8, [(6, 5004, (8000,))]),  # clause 4.1's example
    ("keba_p40", "current_a", 0, [(6, 5004, (0,))]),  # suspends
    ("keba_p40", "current_a", 5.9, [(6, 5004, (0,))]),  # 6000 is the least
    ("keba_p30", "current_a", 8, [(6, 5004, (8000,)), (6, 5014, (1,)), (6, 5018, (60,))]),
    ("keba_p30", "current_a", 0, [(6, 5014, (0,)), (6, 5018, (60,))]),
    ("alfen_eve", "current_a", 16, [(16, 1210, (0x4180, 0))]),  # both registers in one request (clause 1.3)
    ("abb_terra_ac", "current_a", 10, [(16, 0x4100, (0, 10000))]),
    ("phoenix_ev_cc_eth", "current_a", 16, [(6, 528, (16,)), (5, 400, (1,))]),
    ("wallbe_eco", "current_a", 16, [(6, 528, (160,)), (5, 400, (1,))]),
    ("phoenix_em_cp_pp_eth", "current_a", 3, [(5, 400, (0,))]),
    ("phoenix_ev_cc_basic", "current_a", 63, [(6, 22000, (63,)), (5, 20000, (1,))]),
    ("heidelberg_energy_control", "current_a", 10, [(6, 261, (100,))]),  # "100 = 10A"
    ("go_e_charger", "current_a", 6, [(16, 299, (6,)), (16, 337, (2,))]),
    # 4 A is 0x40800000, below the least: released no more
    ("mennekes_amtron_compact", "current_a", 4, [(6, 0x0D00, (0x55AA,)), (6, 0x0D05, (0,))]),
    # V2G: 3000 W into the car and out of it; the Quasar's register charges by positive values, so 65536 - 3000
    ("ambibox_ambicharge", "power_w", -3000, [(16, 3000, (0xFFFF, 0x10000 - 3000))]),
    ("ambibox_ambicharge", "power_w", 3000, [(16, 3000, (0, 3000))]),
    ("wallbox_quasar", "power_w", 3000, [(6, 0x51, (1,)), (6, 0x53, (1,)), (6, 0x104, (62536,)), (6, 0x101, (1,))]),
    ("wallbox_quasar", "power_w", 0, [(6, 0x51, (1,)), (6, 0x104, (0,)), (6, 0x101, (2,))]),
    # DSE 056-051: key 35732 with complement 29803, 35733 with 29802, at page 16 offset 8 in one request
    ("dse_gencomm", "run", 1, [(16, 4104, (35732, 29803))]),
    ("dse_gencomm", "run", 0, [(16, 4104, (35733, 29802))]),
    ("comap_intelilite4", "run", 1, [(5, 4700, (1,))]),  # FF00 to register 4700 with function 5
    ("waveshare_modbus_relay", "close", 1, [(5, 0, (1,))]),
]
# fmt: on


@pytest.mark.parametrize(("name", "command", "value", "expected"), WIRE)
async def test_what_a_command_writes(name: str, command: str, value: float, expected: list[Any]) -> None:
    async with device(name) as (server, one):
        one.commands.ask(command, value, 0)
        await one.apply(None, 0)
        assert server.written == expected
        assert one.mismatches == 0


@pytest.mark.parametrize("name", MAKERS)
async def test_read_only_until_a_person_allows_it(name: str) -> None:
    async with device(name, enabled=False) as (server, one):
        one.commands.ask("current_a", 16, 0)
        await one.apply(None, 0)
        assert server.written == []


# profile, command, value, by when the device would fall back (its document), s: 0 where it has no watchdog
WATCHDOGS = [
    ("alfen_eve", "current_a", 16, 60),  # validity time
    ("abb_terra_ac", "current_a", 16, 60),  # communication timeout
    ("keba_p30", "current_a", 16, 60),  # failsafe timeout, as written
    ("heidelberg_energy_control", "current_a", 16, 15),  # watchdog timeout, 15000 ms
    ("mennekes_amtron_compact", "current_a", 16, 10),  # heartbeat, each 5 s
    ("schneider_evlink_v3", "current_a", 16, 4),  # life bit, each 2 s
    ("vestel_evc04", "current_a", 16, 20),  # failsafe timeout unless set otherwise
    ("phoenix_ev_cc_eth", "current_a", 16, 0),
    ("dse_gencomm", "run", 1, 0),
]


@pytest.mark.parametrize(("name", "command", "value", "falls_back_s"), WATCHDOGS)
async def test_the_watchdog_is_fed_in_time(name: str, command: str, value: float, falls_back_s: int) -> None:
    """For 200 s of wishes: a write within half the device's time, and no more often than needed."""
    async with device(name) as (server, one):
        times_s = []
        for now_s in range(200):
            server.written.clear()
            one.commands.ask(command, value, 1000 * now_s)
            await one.apply(None, 1000 * now_s)
            if server.written:
                times_s.append(now_s)
        gaps_s = [later - sooner for sooner, later in pairwise(times_s)]
        if falls_back_s:
            assert max(gaps_s) <= falls_back_s / 2 + 1
            assert len(times_s) <= 2 * 200 / (falls_back_s / 2)
        else:
            assert times_s == [0]


async def test_a_wish_that_ends_leaves_the_safe_value() -> None:
    """Alfen: 16 A for 60 s, then 6 A (0x40C00000) and no end of renewals; the genset's key to stop."""
    async with device("alfen_eve") as (server, one):
        one.commands.ask("current_a", 16, 0, 60_000)
        for now_s in range(180):
            await one.apply(None, 1000 * now_s)
        values = [values for _, _, values in server.written]
        assert values[0] == (0x4180, 0)
        assert values[-1] == (0x40C0, 0)
        assert values.index((0x40C0, 0)) in (2, 3)  # renewed at least once before it ended
        assert len(values) >= 6
    async with device("dse_gencomm") as (server, one):
        one.commands.ask("run", 1, 0, 60_000)
        for now_s in range(180):
            await one.apply(None, 1000 * now_s)
        assert [values for _, _, values in server.written] == [(35732, 29803), (35733, 29802)]


async def test_a_device_that_ignores_is_found_out() -> None:
    """Terra AC's 4022h reads back what Modbus set: where it does not follow, that is a mismatch, and tried again."""
    async with device("abb_terra_ac") as (server, one):
        server.refused.add((HOLDING, 0x4100))  # write only
        server.drops_writes = True
        one.commands.ask("current_a", 10, 0)
        await one.apply(None, 0)
        assert one.mismatches == 1
        server.drops_writes = False
        one.commands.ask("current_a", 10, 20_000)
        await one.apply(None, 20_000)
        assert one.mismatches == 1
        assert [server.spaces[HOLDING][0x4022 + i] for i in range(2)] == [0, 10000]


async def test_a_new_connection_is_told_again() -> None:
    async with device("phoenix_ev_cc_eth") as (server, one):
        one.commands.ask("current_a", 16, 0)
        await one.apply(None, 0)
        one.lose(None)
        await one.apply(None, 1000)
        assert server.written == 2 * [(6, 528, (16,)), (5, 400, (1,))]
