"""Writing points and adopting curves, over a map in memory; offsets by hand from the SunSpec model definitions."""

import asyncio
import errno

from sunspec_memory import Registers, build_map

from islet.drivers.points import AC_CONTROLS
from islet.drivers.sunspec import Points, SunSpecDevice
from islet.drivers.sunspec_curves import FREQ_DROOP, VOLT_VAR, WAIT_S, Curves

MODEL = 40002
# 705: Ena 2, AdptCrvReq 3, AdptCrvRslt 4, NPt 5, NCrv 6, RvrtTms 7, RvrtRem 9, RvrtCrv 11, V_SF 12, DeptRef_SF 13,
# RspTms_SF 14; sets from 15: 10 registers and 2 for each of NPt points, ReadOnly the 10th
SETS, SET = 15, 10 + 2 * 4


class Device(Registers):
    """Adopts a set by copying it over the first, after `slow` readings of the result."""

    slow = 1
    fails = False
    sets = (SETS, SET)  # where they begin, registers of one
    read_only = 9  # where one says so

    async def read(self, unit, address, count):
        if address <= MODEL + 4 < address + count and self.slow:
            self.slow -= 1
            if not self.slow:
                self.adopt()
        return await Registers.read(self, unit, address, count)

    def adopt(self):
        self.registers[MODEL + 4] = 2 if self.fails else 1
        sets, size = self.sets
        for k in range(0 if self.fails else size - 1):  # but ReadOnly
            at = MODEL + sets + k + (k >= self.read_only)
            self.registers[at] = self.registers[at + (self.registers[MODEL + 3] - 1) * size]


def _volt_var(sets: int = 3) -> Device:
    client = Device(build_map(40000, [(705, 13 + sets * SET)]).registers)
    client.lay(MODEL + 5, [4, sets])
    client.lay(MODEL + 12, [-1 & 0xFFFF, -1 & 0xFFFF, 0])
    client.lay(MODEL + SETS + 9, [1])  # the active set is read-only
    return client


async def _ready(client) -> SunSpecDevice:
    device = SunSpecDevice(client, 1)
    await device.discover()
    return device


def _adopt(client, values: tuple, model_id: int = VOLT_VAR, **options) -> tuple:
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)

    async def work():
        return await Curves(await _ready(client), model_id, sleep).adopt(values, **options)

    return asyncio.run(work()), pauses


def _failure(work, *arguments, **options) -> int:
    try:
        work(*arguments, **options)
    except OSError as error:
        return error.errno
    raise AssertionError("it did not fail")


CURVE = (
    ("ActPt", 2),
    ("Pt[1].V", 95.5),
    ("Pt[1].Var", 44.0),
    ("Pt[2].V", 105.0),
    ("Pt[2].Var", -44.0),
    ("RspTms", 70000),
)


def test_adopt_a_curve():
    client = _volt_var()
    assert _adopt(client, CURVE) == (2, [WAIT_S])
    second = MODEL + SETS + SET
    assert client.writes == [
        (second, [2]),
        (second + 7, [1, 4464]),  # RspTms 70000 in two registers
        (second + 10, [955, 440, 1050, -440 & 0xFFFF]),
        (MODEL + 3, [2]),
        (MODEL + 2, [1]),
    ]


def test_a_reversion_time_is_written_in_its_width_before_the_curve_is_enabled():
    client = _volt_var()
    _adopt(client, CURVE, revert_s=100_000)
    assert client.writes[-2:] == [(MODEL + 7, [1, 34464]), (MODEL + 2, [1])]


def test_the_set_kept_for_reversion_is_not_used():
    client = _volt_var()
    client.lay(MODEL + 11, [2])
    assert _adopt(client, CURVE)[0] == 3


def test_no_free_set():
    client = _volt_var()
    for number in (2, 3):
        client.lay(MODEL + SETS + (number - 1) * SET + 9, [1])
    assert _failure(_adopt, client, CURVE) == errno.ENODEV
    assert client.writes == []


def test_a_device_that_does_not_adopt_is_not_enabled():
    client = _volt_var()
    client.fails = True
    assert _failure(_adopt, client, CURVE) == errno.EIO
    assert client.writes[-1] == (MODEL + 3, [2])
    client = _volt_var()
    client.slow = 100
    assert _failure(_adopt, client, CURVE) == errno.ETIMEDOUT
    assert client.writes[-1] == (MODEL + 3, [2])


def test_a_result_of_an_earlier_request_is_not_taken_for_this_one_s():
    client = _volt_var()
    client.lay(MODEL + 4, [1])
    client.slow = 0  # it ignores the request
    assert _failure(_adopt, client, CURVE) == errno.EIO
    assert client.writes[-1] == (MODEL + 3, [2])


def test_a_write_that_does_not_read_back_ends_it():
    class Deaf(Device):
        async def write(self, unit, address, values):
            self.writes.append((address, values))

    assert _failure(_adopt, Deaf(_volt_var().registers), CURVE) == errno.EIO


def test_absurd_counts_are_bounded():
    client = _volt_var()
    client.lay(MODEL + 5, [0xFFFF, 0xFFFF])
    assert _failure(_adopt, client, CURVE) == errno.ENODEV


def test_frequency_droop():
    # 711: AdptCtlReq 3, AdptCtlRslt 4, NCtl 5, RvrtTms 6, RvrtRem 8, RvrtCtl 10, Db_SF 11, K_SF 12, RspTms_SF 13;
    # sets of 10 from 14: DbOf (2), DbUf (2), KOf, KUf, RspTms (2), PMin, ReadOnly
    client = Device(build_map(40000, [(711, 12 + 2 * 10)]).registers)
    client.lay(MODEL + 5, [2])
    client.lay(MODEL + 11, [-3 & 0xFFFF, -2 & 0xFFFF, 0])
    client.lay(MODEL + 14 + 9, [1])
    client.sets = (14, 10)
    assert _adopt(client, (("KOf", 0.05), ("DbOf", 0.036), ("DbUf", 0.036)), FREQ_DROOP)[0] == 2
    assert client.writes[:2] == [(MODEL + 24, [0, 36, 0, 36, 5]), (MODEL + 3, [2])]


def _controls() -> Registers:
    client = build_map(40000, [(AC_CONTROLS, 65)])
    client.lay(MODEL + 55, [1])  # WSet_SF
    return client


def _write(client, values: tuple) -> bool:
    async def work():
        found = Points(
            await _ready(client), AC_CONTROLS, ("WSet", "WSetRvrt", "WSetRvrtTms", "WSetRvrtRem", "WSetEna")
        )
        await found.read()
        return await found.write(values)

    return asyncio.run(work())


def test_points_are_written_in_their_width_and_scale():
    # offsets by the definition of 704: WSet 24 and WSetRvrt 26, both int32; WSetRvrtTms 31, uint32
    client = _controls()
    assert _write(client, (("WSet", -2500.0), ("WSetRvrt", 0.0)))
    assert _write(client, (("WSetRvrtTms", 300),))
    assert client.writes == [(MODEL + 24, [0xFFFF, 0xFF06, 0, 0]), (MODEL + 31, [0, 300])]


def test_what_is_refused_before_it_is_sent():
    client = _controls()
    assert _failure(_write, client, (("WSetRvrtRem", 1),)) == errno.EACCES
    assert _failure(_write, client, (("WSet", 0.0), ("WSetRvrtTms", 1))) == errno.EINVAL
    assert _failure(_write, client, (("WSet", 1e12),)) == errno.EINVAL
    client.lay(MODEL + 55, [0x8000])
    assert _failure(_write, client, (("WSet", 0.0),)) == errno.EOPNOTSUPP
    assert client.writes == []
