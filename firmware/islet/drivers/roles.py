"""What a device is to the building, whatever it speaks: readings and commands by name, with units and signs.

A role is a short list of names. The unit is the last word of a name; `state`, `running`, `fault` and `closed` are
codes. Signs are the house's: what generates or discharges is positive, so a car that charges has a negative `w`;
a meter's `w` imports, its `var` injects into the building. Voltages and currents are of the first phase.
"""

from islet.base.lease import MAX_SPAN_MS, Lease

INVERTER = "inverter"
BATTERY = "battery"
METER = "meter"
CHARGER = "charger"
GENSET = "genset"  # a CHP too
SWITCH = "switch"

# `state` of an inverter or a battery
OFF = 0
STARTING = 1
RUNNING = 2
THROTTLED = 3
FAULT = 4
STATES = ("off", "starting", "running", "throttled", "fault")
# `state` of a charger: IEC 61851-1, A without a car, C and D charging, E no supply, F fault
CHARGER_STATES = ("A", "B", "C", "D", "E", "F")

_ROLES = (
    (INVERTER, ("w", "var", "hz", "v", "available_w", "rated_w", "yield_wh", "state"), ("limit_w",)),
    (
        BATTERY,
        ("w", "var", "hz", "v", "soc_pu", "rated_w", "charge_wh", "discharge_wh", "state"),
        ("power_w",),
    ),
    (METER, ("w", "var", "va", "v", "a", "hz", "import_wh", "export_wh"), ()),
    (
        CHARGER,
        ("w", "a", "v", "limit_a", "total_wh", "session_wh", "soc_pu", "state"),
        ("current_a", "power_w"),  # power_w where the device can give back: positive discharges the car
    ),
    (GENSET, ("w", "var", "hz", "v", "total_wh", "running", "fault"), ("run",)),
    (SWITCH, ("closed",), ("close",)),
)
# what a driver of a role fills in the process image, and which wish it carries out
_BINDINGS = (
    (INVERTER, (("w", "pv_w"), ("available_w", "pv_available_w")), (("limit_w", "pv_limit_w"),)),
    (BATTERY, (("w", "battery_w"), ("hz", "battery_hz"), ("soc_pu", "soc_pu")), (("power_w", "battery_w"),)),
)


def names() -> tuple:
    """Return the names of all roles."""
    return tuple([row[0] for row in _ROLES])


def readings(role: str) -> tuple:
    """Return what a device of a role may tell; KeyError for an unknown role."""
    return _row(role)[1]


def commands(role: str) -> tuple:
    """Return what a device of a role may be asked; KeyError for an unknown role."""
    return _row(role)[2]


def binding(role: str) -> tuple:
    """Return ((reading, quantity of the image), ...) and ((command, wish), ...); empty where there are none."""
    for row in _BINDINGS:
        if row[0] == role:
            return row[1], row[2]
    return (), ()


def counts(name: str) -> bool:
    """Return whether a reading is a counter: whole watt-hours, an integer of any size."""
    return name.endswith("_wh")


def _row(role: str) -> tuple:
    for row in _ROLES:
        if row[0] == role:
            return row
    raise KeyError(role)


class Commands:
    """Commands of one device: each a lease that lapses to its safe value, none before the first was asked.

    What the node itself holds goes before what was asked from outside. When it lets go, what is asked counts again; a
    command that nobody asked goes back to the value it had before.
    """

    def __init__(self, safe: dict) -> None:
        """Safe is {command: value once its lease is over}, in the unit of the name."""
        self.safe = safe
        self._leases: dict[str, Lease] = {}
        self._held: dict[str, Lease] = {}
        self._before: dict[str, float] = {}

    def hold(self, name: str, value: float, before: float | None, now_ms: int, span_ms: int) -> None:
        """Hold a command at a value for span_ms; before is what the device has, None where that is not known.

        KeyError for a command that the device has not.
        """
        lease = self._held.get(name)
        if lease is None:
            if name not in self.safe:
                raise KeyError(name)
            lease = self._held[name] = Lease(value, now_ms, 0)
        if not lease.live(now_ms) and before is not None:
            self._before[name] = before
        lease.renew(value, now_ms, span_ms)

    def ordered(self, name: str, otherwise: float, now_ms: int) -> float:
        """Return what is asked from outside now, `otherwise` where nothing is."""
        lease = self._leases.get(name)
        return lease.value if lease is not None and lease.live(now_ms) else otherwise

    def let_go(self, name: str) -> None:
        """End what the node holds, if it holds anything."""
        if name in self._held:
            self._held[name].end()

    def ask(self, name: str, value: float, now_ms: int, span_ms: int = 60_000) -> None:
        """Lease a value for span_ms; KeyError for a command that the device has not, ValueError for the span."""
        if name not in self.safe:
            raise KeyError(name)
        if value != value:
            raise ValueError(f"{name} is not a number")
        self._leases[name] = Lease(value, now_ms, min(span_ms, MAX_SPAN_MS))

    def asked(self, name: str) -> bool:
        """Return whether this command was ever asked: before that the device is left as it is."""
        return name in self._leases or name in self._held

    def age(self, now_ms: int) -> None:
        """Let leases that are over end for good; call it often, whether the device answers or not."""
        for lease in self._leases.values():
            lease.live(now_ms)
        for lease in self._held.values():
            lease.live(now_ms)

    def lapse(self, now_ms: int) -> None:
        """End every lease now: what was asked goes to its safe value."""
        for name in self._leases:
            self.ask(name, self.safe[name], now_ms, 0)

    def wanted(self, name: str, now_ms: int) -> float:
        """Return what the node holds, else the leased value, else the safe one or that of before."""
        held = self._held.get(name)
        if held is not None and held.live(now_ms):
            return held.value
        lease = self._leases.get(name)
        if lease is None and name in self._before:
            return self._before[name]
        if lease is None or not lease.live(now_ms):
            return self.safe[name]
        return lease.value
