"""Calibration of a meter: from mean readings beside a reference to the values that Wiring.calibrate takes.

Gain of each voltage; then three steps for each current, in this order: gain at power factor 1 (of its voltage too),
phase at power factor 0.5, offset and noise at the smallest current. A step that would make the meter worse is
refused by ValueError with all that is wrong.
"""

from math import atan2, cos, pi, sin, sqrt

from islet.measure.reference import Mean, Reference

GAIN, PHASE, OFFSET = 1, 2, 3
STEP_NAMES = ("nothing", "gain", "phase", "offset")
GAIN_MAX_PU = 0.1  # a transducer further off its nominal scale is the wrong one, or wrongly described
LEAD_MAX_RAD = 0.1  # 5.7 degrees; no CT in order is worse
OFFSET_MAX_PU = 0.01  # more power than this, of rated power, flows: it is no offset
PF_ONE_MIN = 0.98
PF_HALF = (0.4, 0.6)
LOAD = (0.1, 1.0)  # current for gain and phase, of the largest
REST_MAX = 0.02  # current for the offset, of the largest


def check_order(stage: int, step: int) -> None:
    """Raise ValueError when the step before this one is missing; stage is the last step done, 0 for none."""
    if step > stage + 1:
        raise ValueError("%s comes after %s: do that first" % (STEP_NAMES[step], STEP_NAMES[step - 1]))


def voltage_step(voltage, mean: Mean, reference: Reference) -> dict:
    """Return the new gain of a voltage (Channel), from the reference's V alone."""
    wrong = mean.faults(0.5 * voltage.rated) or mean.restless()
    new = _gains(voltage, mean, reference)
    if not reference.v:
        wrong.append("the reference's V is needed")
    wrong += _far_off(voltage, new)
    if wrong:
        raise ValueError("; ".join(wrong))
    return {voltage.name: {"gain": new[voltage.name]}}


def gain_step(voltage, current, mean: Mean, reference: Reference, voltage_done: bool) -> dict:
    """Return new gains at power factor 1, of the current (Channel) and, where the reference has V, of its voltage.

    voltage_done: the voltage's gain is right already.
    """
    wrong = mean.faults(0.5 * voltage.rated) or mean.restless() + _load(current, mean)
    if reference.v is None and not voltage_done:
        wrong.append("the reference's V is needed, once for each voltage input")
    if reference.a is None and reference.w is None:
        wrong.append("the reference's A or W is needed")
    wrong += _power_factor((reference.power_factor(), mean.pf), PF_ONE_MIN, 1.01, "gain")
    if not wrong:
        wrong += _direction(current, mean, reference)
    if wrong:
        raise ValueError("; ".join(wrong))
    new = _gains(voltage, mean, reference)
    new[current.name] = _ratio(current, mean, reference) * current.gain
    wrong = _far_off(voltage, new) + _far_off(current, new)
    if wrong:
        raise ValueError("; ".join(wrong))
    return {name: {"gain": new[name]} for name in new}


def _gains(voltage, mean: Mean, reference: Reference) -> dict:
    """Return the voltage's new gain by name, nothing when the reference has no V."""
    return {voltage.name: reference.v / mean.v * voltage.gain} if reference.v and mean.v else {}


def _ratio(current, mean: Mean, reference: Reference) -> float:
    """Return true over read current: from A, or from W with the voltage taken as known.

    W goes first once the offset is known: it is taken out of the power, but not of the current.
    """
    if reference.a is not None and not (current.offset_w and reference.w):
        return reference.a / mean.a
    v = reference.v or mean.v
    return (reference.w or 0.0) / v * mean.v / mean.w


def phase_step(voltage, current, mean: Mean, reference: Reference) -> dict:
    """Return the new lead of the current at power factor 0.5; it stands for the error of both transducers."""
    wrong = mean.faults(0.5 * voltage.rated) or mean.restless() + _load(current, mean)
    read_rad = atan2(mean.var, mean.w)
    true_rad = reference.angle_rad(read_rad)
    if true_rad is None:
        wrong.append("the reference's PF is needed, or W and var, or V, A and W")
    wrong += _power_factor((reference.power_factor(),), PF_HALF[0], PF_HALF[1], "phase")
    if not wrong:
        wrong += _direction(current, mean, reference)
    if wrong or true_rad is None:
        raise ValueError("; ".join(wrong))
    lead_rad = current.lead_rad + true_rad - read_rad
    if abs(lead_rad) > LEAD_MAX_RAD:
        words = "%s would lead by %.1f degrees: a CT on another phase, or lagging and leading taken for each other"
        raise ValueError(words % (current.name, lead_rad * 180.0 / pi))
    return {current.name: {"lead_rad": lead_rad}}


def point(step: int, known: list, mean: Mean, reference: Reference) -> list:
    """Return [W of the gain step, W and var of the phase step] with this step's, as the reference had them."""
    apparent = (reference.v or mean.v) * (reference.a or mean.a)
    angle_rad = reference.angle_rad(mean.var) or 0.0
    w, var = apparent * cos(angle_rad), apparent * sin(angle_rad)
    return [w, known[1], known[2]] if step == GAIN else [known[0], w, var]


def offset_step(voltage, current, mean: Mean, reference: Reference, known: list) -> dict:
    """Return offset and noise at the smallest current: with nothing connected, reference W and A are 0.

    The offset was in the steps before too: their values are given without it, by their point(), 0 where unknown.
    """
    rated_w = voltage.rated * current.rated
    a, w = reference.a or 0.0, reference.w or 0.0
    wrong = mean.faults(0.5 * voltage.rated) or mean.restless_offset(rated_w)
    wrong += _rest(current, a, mean, current.offset_w + mean.w - w, rated_w)
    noise2 = current.noise_codes * current.noise_codes + (mean.a2 - a * a) / (current.scale * current.scale)
    if noise2 < 0:
        wrong.append("the reference's %.3f A are more than is read" % a)
    if wrong:
        raise ValueError("; ".join(wrong))
    added_w = mean.w - w
    values = {"offset_w": current.offset_w + added_w, "noise_codes": sqrt(noise2)}
    gain_w, w, var = known
    if gain_w:
        values["gain"] = current.gain * gain_w / (gain_w - added_w)
    if w:
        values["lead_rad"] = current.lead_rad + atan2(var, w) - atan2(var, w - added_w)
    return {current.name: values}


def _rest(current, a: float, mean: Mean, offset_w: float, rated_w: float) -> list:
    wrong = []
    if max(a, mean.a) > REST_MAX * current.rated:
        words = "%.3f A flow, for the offset at most %.3f: switch the loads off"
        wrong.append(words % (max(a, mean.a), REST_MAX * current.rated))
    if abs(offset_w) > OFFSET_MAX_PU * rated_w:
        words = "%.1f W are no offset, at most %.1f: something is on"
        wrong.append(words % (offset_w, OFFSET_MAX_PU * rated_w))
    return wrong


def _load(current, mean: Mean) -> list:
    low, high = LOAD[0] * current.rated, LOAD[1] * current.rated
    if low <= mean.a <= high:
        return []
    word = "small" if mean.a < low else "large"
    return ["the current is too %s: %.2f A, must be %.2f to %.2f" % (word, mean.a, low, high)]


def _power_factor(known: tuple, low: float, high: float, step: str) -> list:
    """Compare power factors (None: not known) with the step's window."""
    limits = "above %g" % low if high > 1.0 else "%g to %g" % (low, high)
    words = "the power factor is %.3f, for %s it must be %s"
    return [words % (pf, step, limits) for pf in known if pf is not None and not low <= abs(pf) <= high][:1]


def _direction(current, mean: Mean, reference: Reference) -> list:
    expected = reference.w if reference.w is not None else reference.pf or 1.0
    if expected * mean.w > 0:
        return []
    words = "%s reads %.0f W against the reference's direction: its CT is reversed, turn it or swap its wires"
    return [words % (current.name, mean.w)]


def _far_off(channel, new: dict) -> list:
    gain = abs(new.get(channel.name, 1.0))
    if 1.0 - GAIN_MAX_PU <= gain <= 1.0 + GAIN_MAX_PU:
        return []
    words = "the reference is %.1f %% off the nominal scale of %s, at most %g: check its range and its clamp's turns"
    return [words % (100.0 * (gain - 1.0), channel.name, 100.0 * GAIN_MAX_PU)]
