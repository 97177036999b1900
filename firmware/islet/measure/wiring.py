"""What is connected to which input: channels, phases, scales and their calibration."""

from math import ceil

GRID_V, BUS_V, GRID_I, LOAD_I, CIRCUIT_I, SOURCE_I = range(6)  # either side of the contactor; then currents
KIND_NAMES = ("grid_v", "bus_v", "grid_i", "load_i", "circuit_i", "source_i")
SINGLE, SPLIT, THREE = 1, 2, 3  # one phase; two legs 180 degrees apart (120/240 V); three phases and neutral
SYSTEM_NAMES = ("", "single", "split", "three")
PHASES = ((1,), (1, 2, 12), (1, 2, 3, 12, 23, 31))  # by system; 12 is from L1 to L2
MAX_VOLTAGES = 6  # three on either side of the contactor
MAX_CURRENTS = 12
MAX_NAME = 16
LOWEST_HZ = 45.0
_SLACK = 1.35  # cycles the history must hold, so that the last crossing of a window is in the next one too
_LIMITS = (  # of what a calibration may say, by name: lowest, highest
    ("gain", -2.0, 2.0),
    ("lead_rad", -0.2, 0.2),
    ("noise_codes", 0.0, 1000.0),
    ("offset_w", -1000.0, 1000.0),
)


class Channel:
    """One input: a voltage to neutral, or a current that counts as positive into the building or out of a source.

    `per_code` is volt or ampere per 16-bit code, `rated` the nominal voltage or the largest current, `noise_codes`
    the rms of the input's own noise. The rest is calibration: `gain` multiplies readings (negative turns a CT
    round), `lead_rad` is how far the transducer's output leads its input, `offset_w` is read at no load.
    """

    def __init__(
        self,
        name: str,
        kind: int,
        phase: int = 1,
        per_code: float = 1.0,
        rated: float = 0.0,
        noise_codes: float = 0.0,
    ) -> None:
        self.name = name
        self.kind = kind
        self.phase = phase
        self.per_code = per_code
        self.rated = rated
        self.noise_codes = noise_codes
        self.gain = 1.0
        self.lead_rad = 0.0
        self.offset_w = 0.0

    @property
    def scale(self) -> float:
        """Volt or ampere per code, calibrated."""
        return self.per_code * self.gain

    def is_voltage(self) -> bool:
        """Return whether this input is a voltage."""
        return self.kind <= BUS_V


class Wiring:
    """The channels of a meter in the order they are sampled, and the system they are connected to."""

    def __init__(
        self,
        channels,
        system: int = SINGLE,
        v_nominal_v: float = 230.0,
        f0_hz: float = 50.0,
        set_hz: float = 3600.0,
        simultaneous: bool = False,
    ) -> None:
        """v_nominal_v is phase to neutral; raises ValueError that lists all that does not fit."""
        self.channels = tuple(channels)
        self.system = system
        self.v_nominal_v = v_nominal_v
        self.f0_hz = f0_hz
        self.set_hz = set_hz
        self.simultaneous = simultaneous
        self.stride = len(self.channels)
        self.voltages = [n for n in range(self.stride) if self.channels[n].is_voltage()]
        self.currents = [n for n in range(self.stride) if not self.channels[n].is_voltage()]
        errors = _wrong(self)
        if errors:
            raise ValueError("wiring: " + "; ".join(errors))

    def index(self, name: str) -> int:
        """Return the number of the channel of that name; raises ValueError."""
        for n in range(self.stride):
            if self.channels[n].name == name:
                return n
        raise ValueError("wiring: no channel is called %r" % name)

    def skew(self, number: int) -> float:
        """Return how many sets after the start of its set a channel is sampled."""
        return 0.0 if self.simultaneous else number / self.stride

    def find(self, kind: int, phase: int) -> int:
        """Return the number of the first channel of a kind on a phase, or -1."""
        for n in range(self.stride):
            if self.channels[n].kind == kind and self.channels[n].phase == phase:
                return n
        return -1

    def angle_rad(self, phase: int) -> float:
        """Return how far the voltage of phase 1, 2 or 3 lags that of phase 1."""
        return (phase - 1) * 2.0943951 if self.system == THREE else 0.0

    def delay_sets(self, hz: float) -> int:
        """Return sets of history in which the phases without an input of their own are looked up."""
        missing = self.system == THREE and len(self.voltages) < 3
        return ceil(2.0 / 3.0 * self.set_hz / hz) if missing else 0

    def history(self) -> int:
        """Return how many sets of the last window a sampler must hand over again, for cycles without a gap."""
        return ceil(_SLACK * self.set_hz / LOWEST_HZ) + self.delay_sets(LOWEST_HZ) + 2

    def calibration(self) -> dict:
        """Return what calibrate() takes."""
        return {c.name: {name: getattr(c, name) for name, _, _ in _LIMITS} for c in self.channels}

    def calibrate(self, raw: dict) -> None:
        """Take over values by channel name, all or none; raises ValueError that lists all that is wrong."""
        errors = _wrong_calibration(self, raw)
        if errors:
            raise ValueError("calibration: " + "; ".join(errors))
        for name in raw:
            channel = self.channels[self.index(name)]
            for key in raw[name]:
                setattr(channel, key, float(raw[name][key]))


def single_phase(volts_per_code: float, amps_per_code: float, noise_codes: float = 0.0, **system) -> Wiring:
    """Return the four channels of a single-phase building; scales and noise are of 16-bit codes."""
    channels = (
        Channel("grid_v", GRID_V, 1, volts_per_code, 230.0, noise_codes),
        Channel("bus_v", BUS_V, 1, volts_per_code, 230.0, noise_codes),
        Channel("grid_i", GRID_I, 1, amps_per_code, 60.0, noise_codes),
        Channel("load_i", LOAD_I, 1, amps_per_code, 60.0, noise_codes),
    )
    return Wiring(channels, SINGLE, **system)


def grid_side(volts_per_code: float, amps_per_code: float, noise_codes: float = 0.0, **system) -> Wiring:
    """Return the three channels of a single-phase building seen from the grid's side of the contactor alone."""
    channels = (
        Channel("grid_v", GRID_V, 1, volts_per_code, 230.0, noise_codes),
        Channel("grid_i", GRID_I, 1, amps_per_code, 60.0, noise_codes),
        Channel("load_i", LOAD_I, 1, amps_per_code, 60.0, noise_codes),
    )
    return Wiring(channels, SINGLE, **system)


def three_phase(volts_per_code: float, amps_per_code: float, noise_codes: float = 0.0, **system) -> Wiring:
    """Return the twelve channels of a three-phase building: grid_v1..3, bus_v1..3, grid_i1..3, load_i1..3."""
    channels = [
        Channel(
            name + str(phase),
            kind,
            phase,
            volts_per_code if kind <= BUS_V else amps_per_code,
            230.0 if kind <= BUS_V else 60.0,
            noise_codes,
        )
        for name, kind in (("grid_v", GRID_V), ("bus_v", BUS_V), ("grid_i", GRID_I), ("load_i", LOAD_I))
        for phase in (1, 2, 3)
    ]
    return Wiring(channels, THREE, **system)


def _wrong(wiring: Wiring) -> list:
    """Return what does not fit in the wiring, as sentences."""
    errors = []
    if wiring.system not in (SINGLE, SPLIT, THREE):
        return ["system is %r, must be 1 (single), 2 (split) or 3 (three phases)" % (wiring.system,)]
    if not 1 <= len(wiring.voltages) <= MAX_VOLTAGES:
        errors.append("%d voltage inputs, must be 1 to %d" % (len(wiring.voltages), MAX_VOLTAGES))
    if len(wiring.currents) > MAX_CURRENTS:
        errors.append("%d current inputs, at most %d" % (len(wiring.currents), MAX_CURRENTS))
    if not 1000.0 <= wiring.set_hz <= 16_000.0:
        errors.append("set_hz is %r, must be from 1000 to 16000" % wiring.set_hz)
    if wiring.voltages and wiring.find(GRID_V, 1) < 0 and wiring.find(BUS_V, 1) < 0:
        errors.append("no voltage input is on phase 1")
    names = [channel.name for channel in wiring.channels]
    for channel in wiring.channels:
        errors += _wrong_channel(channel, wiring.system, names)
    return errors


def _wrong_channel(channel: Channel, system: int, names: list) -> list:
    errors = []
    if not 0 < len(channel.name) <= MAX_NAME or names.count(channel.name) > 1:
        errors.append("channel name %r must be 1 to %d letters and be used once" % (channel.name, MAX_NAME))
    if not 0 <= channel.kind < len(KIND_NAMES):
        errors.append("%s: kind %r is unknown" % (channel.name, channel.kind))
    phases = PHASES[system - 1]
    if channel.phase not in phases or (channel.is_voltage() and channel.phase > 3):
        errors.append("%s: phase %r is not one of this system" % (channel.name, channel.phase))
    if not channel.per_code > 0.0:
        errors.append("%s: per_code is %r, must be above 0" % (channel.name, channel.per_code))
    return errors


def _wrong_calibration(wiring: Wiring, raw: dict) -> list:
    errors = []
    for name in raw:
        if name not in [channel.name for channel in wiring.channels]:
            errors.append("%s is not a channel" % name)
        elif not isinstance(raw[name], dict):
            errors.append("%s must be an object" % name)
        else:
            errors += _wrong_values(name, raw[name])
    return errors


def _wrong_values(name: str, values: dict) -> list:
    errors = ["%s.%s is not a value" % (name, key) for key in values if key not in [x[0] for x in _LIMITS]]
    for key, low, high in _LIMITS:
        value = values.get(key, 0.0)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not low <= value <= high:
            errors.append("%s.%s is %r, must be a number from %s to %s" % (name, key, value, low, high))
    if not errors and abs(values.get("gain", 1.0)) < 0.5:
        errors.append("%s.gain is %r, must be 0.5 to 2, or -2 to -0.5" % (name, values["gain"]))
    return errors
