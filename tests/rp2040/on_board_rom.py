"""Runs on the chip: frozen functions and classes, most of them in flash, do what Python says they do."""

import gc
import sys
from errno import EIO

from islet.actuate import door
from islet.base import lease, ramp
from islet.drivers import modbus
from islet.measure.voltage import Voltage
from islet.measure.wiring import single_phase

FLASH, RAM = 1, 2  # address >> 28


def place(thing) -> int:
    """Return where an object is, FLASH or RAM."""
    return id(thing) >> 28


class Cycles:
    """Stands for what finds the cycles of a voltage."""

    hz = 49.5


class Derived(Voltage):
    """A class in RAM of one in flash that has a property, `hz`."""

    def __init__(self) -> None:
        self.cycles = Cycles()


def functions() -> None:
    """A function is one object, has its name, and refers to its own module."""
    assert place(door._clamp) == FLASH
    assert place(door.Door.apply) == FLASH
    assert door._clamp is door._clamp
    assert door._clamp.__name__ == "_clamp"
    assert door._clamp.__globals__ is door.__dict__
    assert place(lambda: 0) == RAM
    assert callable(door.Door)


def defaults() -> None:
    """Default arguments hold, whether the function is in flash or not."""
    named = single_phase(0.01, 0.02)
    assert named.history() == single_phase(0.01, 0.02, f0_hz=50.0).history()
    try:
        single_phase()
    except TypeError:
        return
    raise AssertionError("a call without arguments was taken")


def classes() -> None:
    """Attributes of the class, of an instance and of a class derived on the spot."""
    assert place(Voltage) == FLASH
    assert place(Derived) == RAM
    assert (Voltage.__name__, Voltage.__module__) == ("Voltage", "islet.measure.voltage")
    one = Derived()
    assert isinstance(one, Voltage)
    assert issubclass(Derived, Voltage)
    assert one.hz == 49.5
    try:
        one.hz = 3
    except AttributeError:
        pass
    else:
        raise AssertionError("a property without a setter was set")
    assert one.hz == 49.5
    one.other = 7
    assert one.other == 7
    assert not hasattr(Derived, "other")
    assert "hz" in Voltage.__dict__


def writing() -> None:
    """A class in flash refuses to be changed, with the exception that tells it, and stays what it was."""
    kept = door.Door.apply
    for name in ("apply", "new"):
        try:
            setattr(door.Door, name, 1)
        except AttributeError:
            continue
        raise AssertionError("a class in flash was written to")
    assert door.Door.apply is kept


def generators() -> None:
    """Generators of frozen functions, closed and thrown into."""
    import asyncio
    from asyncio import core

    async def twice(seen: list) -> None:
        for n in range(2):
            await asyncio.sleep_ms(2)
            seen.append(n)

    async def main() -> list:
        seen: list = []
        await asyncio.wait_for(asyncio.gather(twice(seen), twice(seen)), 1)
        try:
            await asyncio.wait_for(twice([]), 0.0001)
        except core.TimeoutError:
            seen.append(9)
        return seen

    assert asyncio.run(main()) == [0, 0, 1, 1, 9]


def exceptions() -> None:
    """An exception out of a frozen function has a traceback of frozen files."""
    import io

    try:
        door._clamp(None, 1.0, 2.0)
    except TypeError as error:
        text = io.StringIO()
        sys.print_exception(error, text)
        traceback = text.getvalue()
    else:
        raise AssertionError("nothing was raised")
    assert "islet/actuate/door.py" in traceback
    assert "_clamp" in traceback
    refused = modbus.ModbusError(2)  # its __init__ calls super().__init__
    assert (refused.errno, refused.code, refused.permanent()) == (EIO, 2, True)


def names() -> None:
    """Names of a module in flash: they are listed and imported, and refuse to be changed."""
    assert place(door.__dict__) == FLASH
    assert {"Door", "Ramp", "__name__", "__file__"} <= set(dir(door))
    scope: dict = {}
    exec("from islet.actuate.door import *", scope)
    assert scope["Door"] is door.Door
    try:
        door.Door = None
    except AttributeError:
        pass
    else:
        raise AssertionError("a module in flash was written to")


def again() -> None:
    """A module imported a second time is another one; what is left of the first works on."""
    first = sys.modules.pop("islet.base.ramp")
    import islet.base.ramp as second

    assert first is ramp
    assert second is not first
    assert place(second.Ramp) == RAM
    assert place(first.Ramp) == FLASH
    assert second.Ramp is not first.Ramp
    for module in (first, second):
        gc.collect()
        assert callable(module.Ramp)
        assert module.Ramp.__module__ == "islet.base.ramp"
    sys.modules["islet.base.ramp"] = first


def stress() -> None:
    """Collections between allocations that take every hole, so that what is not seen by the collector is lost."""
    held = [None] * 60
    for n in range(1500):
        held[n % 60] = bytearray(n * 37 % 700) if n % 3 else [n] * (n % 50)
        if n % 100 == 0:
            gc.collect()
    held = None
    gc.collect()
    functions()
    assert lease.__name__ == "islet.base.lease"
    assert all(module.__name__ == name for name, module in sys.modules.items() if hasattr(module, "__file__"))


CHECKS = (functions, defaults, classes, writing, generators, exceptions, names, again, stress)
for check in CHECKS:
    check()
print("all right")
