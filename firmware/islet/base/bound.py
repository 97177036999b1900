"""How strong the restoration of frequency and voltage may be, for the delay after which it sees what it did."""

from math import pi, sin

DELAY_MAX = 50  # samples


def gain_bound(delay_samples: int) -> float:
    """Return the gain a sample below which a sampled integral with this total delay is stable.

    e[n+1] = e[n] - k e[n-d] has the polynomial z**(d+1) - z**d + k, whose roots reach the unit circle at
    k = 2 sin(pi / (2 (2 d + 1))).
    """
    return 2 * sin(pi / (2 * (2 * delay_samples + 1)))


def smooth_bound(delay_samples: int) -> float:
    """Return the gain up to which the error of that integral falls without changing its sign.

    There two real roots meet, at z = d / (d + 1): k = d**d / (d + 1)**(d + 1).
    """
    d = delay_samples
    return (d / (d + 1)) ** d / (d + 1)


def check(s) -> list:
    """Return what is wrong with the settings restore_gain and restore_delay_samples, as sentences; [] if nothing."""
    delay, gain = s.restore_delay_samples, s.restore_gain
    if delay != int(delay) or not 0 <= delay <= DELAY_MAX:
        return ["restore_delay_samples is %s, must be a whole number from 0 to %d" % (delay, DELAY_MAX)]
    bound = gain_bound(int(delay))
    if not 0 <= gain < bound:
        return [
            "restore_gain is %s, must be below %.3f to be stable with restore_delay_samples %d"
            % (gain, bound, delay)
        ]
    return []
