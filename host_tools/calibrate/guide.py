"""Leads through the steps of a calibration: what to connect, the reference's readings, before and after."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from host_tools.calibrate.bench import Bench, Load
from host_tools.calibrate.device import Device, Refused

PARTS = 10
WORSE_PU = 0.002  # of the apparent (offset: rated) power, by which a step must not make a reading worse
HALF_RAD = math.pi / 3.0
STEPS = ("gain", "phase", "offset")
CHECK = "check"
LOADS = {  # of the simulated bench: share of the largest current, lag
    "gain": (0.7, 0.0),
    "phase": (0.5, HALF_RAD),
    "offset": (0.0, 0.0),
    CHECK: (0.1, 0.0),
}
CHECKS = ((0.05, 0.0), (0.1, HALF_RAD), (0.3, -0.6435), (1.0, 0.0))  # PF 1, 0.5 lagging, 0.8 leading, 1
TEXTS = {
    "gain": "Connect a load of power factor 1 (a heater) behind {name}, {low:.0f} to {high:.0f} A.",
    "phase": "Connect a load of power factor 0.4 to 0.6 (a motor, a choke) behind {name}, {low:.0f} to {high:.0f} A.",
    "offset": "Switch off all that is behind {name}; the voltage stays on.",
    CHECK: "Connect another load behind {name}, of any current and power factor.",
}
VOLTAGE_TEXT = "Connect the reference's voltage leads to {name}."
ASKED = {
    "gain": ("v", "a", "w"),
    "phase": ("v", "a", "w", "pf"),
    "offset": ("a", "w"),
    "check": ("v", "a", "w"),
}
UNITS = {"v": "V", "a": "A", "w": "W", "var": "var", "pf": "PF"}

Readings = dict[str, float]


class Job(NamedTuple):
    """A step of one channel."""

    channel: str
    voltage: bool
    rated: float
    step: str

    def text(self) -> str:
        """Return what a person has to connect."""
        words = VOLTAGE_TEXT if self.voltage else TEXTS[self.step]
        return words.format(name=self.channel, low=0.1 * self.rated, high=self.rated)

    def asked(self) -> tuple[str, ...]:
        """Return the reference's readings that the step uses."""
        return ("v",) if self.voltage else ASKED[self.step]


def jobs(about: dict[str, Any], channel: str | None, steps: tuple[str, ...]) -> list[Job]:
    """Return the steps of a device in order: voltages first, then each current."""
    found = sorted(about["channels"], key=lambda one: not one["voltage"])
    chosen = [one for one in found if channel in (None, one["name"])]
    return [
        Job(one["name"], one["voltage"], one["rated"], step)
        for one in chosen
        for step in steps
        if not one["voltage"] or step == "gain"
    ]


class Guide:
    """Works off jobs on a device; on the simulated bench the loads connect themselves."""

    def __init__(
        self, device: Device, bench: Bench | None, seconds: float, say: Callable[[str], None]
    ) -> None:
        self._device = device
        self._bench = bench
        self.seconds = seconds
        self._say = say

    def connect(self, job: Job) -> Readings:
        """Say what to connect; return the reference's readings as far as they are known without asking."""
        self._say(job.text())
        if self._bench is None:
            return {}
        share, lag_rad = LOADS["offset" if job.voltage else job.step]
        self._bench.connect(Load(a=share * job.rated, lag_rad=lag_rad))
        known = self._bench.reference()
        return {name: known[name] for name in job.asked() if name in known}

    def read(self, channel: str) -> Readings:
        """Return the mean readings of a channel."""
        return self._device.ask("read", channel=channel, seconds=self.seconds, parts=PARTS)

    def work(self, job: Job, reference: Readings, last: bool = False) -> None:
        """Do a step and show it, with `last` on the readings just read; Refused by the device, or as it got worse."""
        request = {"channel": job.channel, "step": job.step, "reference": reference, "last": last}
        before = self._device.ask("step", seconds=self.seconds, parts=PARTS, **request)["before"]
        after = self.read(job.channel)
        self._say(table(f"{job.channel}, {job.step}", reference, before, after))
        if badness(job, reference, after) > badness(job, reference, before) + WORSE_PU:
            raise Refused(
                f"The {job.step} of {job.channel} made the reading worse: did the load change meanwhile? "
                "Nothing was stored."
            )

    def check(self, job: Job, reference: Readings, read: Readings | None = None) -> None:
        """Show how well another load is read, and change nothing."""
        self._say(table(f"{job.channel}, check", reference, None, read or self.read(job.channel)))

    def check_bench(self, job: Job) -> None:
        """Show how well the bench's loads are read."""
        assert self._bench is not None
        for share, lag_rad in CHECKS:
            self._bench.connect(Load(a=share * job.rated, lag_rad=lag_rad))
            known = self._bench.reference()
            self.check(job, {name: known[name] for name in ("v", "a", "w", "pf")})


def badness(job: Job, reference: Readings, read: Readings) -> float:
    """Return the error of what a step sets, as a share of the apparent power, for an offset of rated power."""
    if job.voltage:
        return abs(read["v"] / reference["v"] - 1.0)
    if job.step == "offset":
        return abs(read["w"] - reference.get("w", 0.0)) / (230.0 * job.rated)
    if "w" in reference:
        return abs(read["w"] - reference["w"]) / (read["v"] * read["a"])
    if "a" in reference and job.step == "gain":
        return abs(read["a"] / reference["a"] - 1.0)
    return abs(abs(read["pf"]) - abs(reference.get("pf", read["pf"])))


def table(title: str, reference: Readings, before: Readings | None, after: Readings) -> str:
    """Return a table of readings, the reference's and the errors of both, a line each quantity."""
    head = f"{title:<28}{'reference':>12}" + (f"{'before':>12}{'error':>12}" if before else "")
    lines = [head + f"{'after' if before else 'reading':>12}{'error':>12}"]
    for name in (key for key in UNITS if key in reference):
        line = f"  {UNITS[name]:<26}{_plain(reference[name]):>12}"
        for read in (before, after):
            if read:
                line += f"{_plain(read[name]):>12}{error(name, read[name], reference[name]):>12}"
        lines.append(line)
    return "\n".join(lines)


def error(name: str, read: float, true: float) -> str:
    """Return the error as people read it: in percent, or in the unit where the reference shows nothing."""
    if true == 0 or name == "pf":
        return f"{read - true:+.4f}" if name == "pf" else f"{read - true:+.3f} {UNITS[name]}"
    return f"{100.0 * (read / true - 1.0):+.3f} %"


def _plain(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.2f}"
