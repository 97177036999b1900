"""Curves of SunSpec models 705, 706, 711 and 712: writing a free set, having the device adopt it, enabling it."""

import errno

from islet.drivers.sunspec import Points, SunSpecDevice

VOLT_VAR = 705
VOLT_WATT = 706
FREQ_DROOP = 711
WATT_VAR = 712

IN_PROGRESS = 0  # AdptCrvRslt, AdptCtlRslt
COMPLETED = 1
WRITABLE = 0  # ReadOnly of a set
DISABLED = 0
ENABLED = 1
ACTIVE = 1  # the number of the set in force
SETS_MAX = 16
WAIT_S = 2  # before the result is read
_WAITS = 5
# model: (group, how many sets, request, result, set to revert to)
_NAMES = (
    (VOLT_VAR, ("Crv", "NCrv", "AdptCrvReq", "AdptCrvRslt", "RvrtCrv")),
    (VOLT_WATT, ("Crv", "NCrv", "AdptCrvReq", "AdptCrvRslt", "RvrtCrv")),
    (FREQ_DROOP, ("Ctl", "NCtl", "AdptCtlReq", "AdptCtlRslt", "RvrtCtl")),
    (WATT_VAR, ("Crv", "NCrv", "AdptCrvReq", "AdptCrvRslt", "RvrtCrv")),
)


class Curves:
    """The sets of one model: the first is the active one, the device copies another over it when asked."""

    def __init__(self, device: SunSpecDevice, model_id: int, sleep) -> None:
        """The device has been discovered; `await sleep(seconds)`. KeyError for a model without such sets."""
        self._device = device
        self._model_id = model_id
        self._sleep = sleep
        self._group, self._many, self._request, self._result, self._revert = dict(_NAMES)[model_id]

    async def adopt(self, values: tuple, revert_s: int | None = None) -> int:
        """Write ((point of a set, value in SI units), ...) to a free set, adopt and enable; return its number.

        Points as `DeptRef` or `Pt[1].V`. revert_s: seconds until the device falls back to what it holds in its set
        RvrtCrv (RvrtCtl). ENODEV without a free set, EIO when the device does not adopt, does not make the set its
        active one or a write does not read back, ETIMEDOUT when it goes on adopting; errors of `Points.write` too.
        """
        number = await self.request(values)
        await self._completed()
        if revert_s is not None:
            await self._in_force(number, values)
            await _must(await self._read(("RvrtTms",)), (("RvrtTms", revert_s),))
        await self.enable(number, values)
        return number

    async def request(self, values: tuple) -> int:
        """Write a free set and ask the device to adopt it; return its number. Errors as `adopt`."""
        number = await self._free()
        await self._fill(number, values)
        control = await self._read((self._request,))
        await control.write(((self._request, number),))  # some clear it at once: the result tells
        return number

    async def result(self) -> int | None:
        """Return the result of the last request, None when the device does not tell."""
        found = await self._read((self._result,))
        return int(found.value[self._result]) if found.ok(self._result) else None

    async def enable(self, number: int, values: tuple) -> None:
        """Enable the function once its active set is that one; EIO if it is not, or Ena does not read back."""
        await self._in_force(number, values)
        await _must(await self._read(("Ena",)), (("Ena", ENABLED),))

    async def disable(self) -> None:
        """Take the function out of force; EIO if that does not read back."""
        await _must(await self._read(("Ena",)), (("Ena", DISABLED),))

    async def without(self, values: tuple, optional: tuple) -> tuple:
        """Return values without those named optional that the device has not in its active set."""
        prefix = "%s[%d]." % (self._group, ACTIVE)
        asked = tuple([prefix + name for name, _ in values if name in optional])
        if not asked:
            return values
        found = await self._read(asked)
        return tuple([one for one in values if one[0] not in optional or found.ok(prefix + one[0])])

    async def holds(self, values: tuple) -> bool:
        """Return whether the function is enabled with these values in its active set; with none, that it is off.

        What the registers cannot say more exactly is the same.
        """
        names = ["%s[%d].%s" % (self._group, ACTIVE, name) for name, _ in values]
        found = await self._read(("Ena",) + tuple(names))
        enabled = found.ok("Ena") and found.value["Ena"] == ENABLED
        if not values or not enabled:
            return enabled == bool(values)
        for i in range(len(values)):
            raw = found.raw(names[i])
            if (
                raw is None
                or not found.scaled(names[i])
                or raw != round(found.to_raw(names[i], values[i][1]))
            ):
                return False
        return True

    async def _free(self) -> int:
        """Return the first set after the active one that can be written and is not kept for reversion."""
        counts = await self._device.count(self._model_id)
        numbers = range(ACTIVE + 1, min(counts.get(self._many, 0), SETS_MAX) + 1)
        names = tuple("%s[%d].ReadOnly" % (self._group, number) for number in numbers)
        found = await self._read((self._revert,) + names)
        kept = found.value[self._revert] if found.ok(self._revert) else 0
        for number in numbers:
            name = names[number - ACTIVE - 1]
            if number != kept and found.ok(name) and found.value[name] == WRITABLE:
                return number
        raise OSError(errno.ENODEV, "no free set")

    async def _read(self, names: tuple) -> Points:
        found = Points(self._device, self._model_id, names)
        await found.read()
        return found

    async def _fill(self, number: int, values: tuple) -> None:
        """Write points to a set, those that lie together in one request."""
        prefix = "%s[%d]." % (self._group, number)
        wanted = await self._read(tuple(prefix + name for name, _ in values))
        for run in wanted.runs(tuple((prefix + name, value) for name, value in values)):
            await _must(wanted, run)

    async def _completed(self) -> None:
        """Wait for the result of the request."""
        result: int | None = IN_PROGRESS
        for _ in range(_WAITS):
            await self._sleep(WAIT_S)
            result = await self.result()
            if result != IN_PROGRESS:
                break
        if result == IN_PROGRESS:
            raise OSError(errno.ETIMEDOUT, "still adopting")
        if result != COMPLETED:
            raise OSError(errno.EIO, "not adopted")

    async def _in_force(self, number: int, values: tuple) -> None:
        """Compare the active set with the one written: a result may be that of an earlier request."""
        names = [["%s[%d].%s" % (self._group, at, name) for name, _ in values] for at in (ACTIVE, number)]
        found = await self._read(tuple(names[0] + names[1]))
        for i in range(len(values)):
            if found.raw(names[0][i]) != found.raw(names[1][i]):
                raise OSError(errno.EIO, "another set is active")


async def _must(points: Points, values: tuple) -> None:
    if not await points.write(values):
        raise OSError(errno.EIO, "a write does not read back")
