"""From points of a SunSpec model to readings and quantities: values, counters, and what a device has not."""

import errno


async def found(points) -> bool:
    """Read points for the first time; return whether the device lets any be read. OSError as `Points.read`."""
    try:
        await points.read()
    except OSError as error:
        if error.errno != errno.ENODEV:
            raise
        return False
    return True


def tell(target, points, names: tuple, now_ms: int, divisor: float = 0.0) -> None:
    """Set a reading or quantity to the first of these points that has a value; else only its quality.

    With a divisor it is a float, else it stays the integer that it may be.
    """
    for name in names:
        if points.ok(name):
            value = points.value[name]
            target.set(value / divisor if divisor else value, now_ms)
            return
    target.set(target.value, now_ms, points.quality[names[-1]])


def tell_count(target, points, name: str, scale: str, now_ms: int) -> None:
    """Set a counter, whole and exact: an integer point never goes through a float. Scale: its factor, or ""."""
    if not points.ok(name):
        target.set(target.value, now_ms, points.quality[name])
        return
    count = points.raw(name)
    exponent = points.raw(scale) if scale else 0
    count = count // 10**-exponent if exponent < 0 else count * 10**exponent
    target.set(int(count), now_ms)
