"""What the node tells: reports, events, answers, births, disturbances and devices, as JSON of wire version 1."""

import binascii
import json

from islet.names import NEVER, NOT_IMPLEMENTED, OK, QUALITY_NAMES, STATE_NAMES, SUSPECT

VERSION = 1
REPORT = 0
EVENT = 1
ACK = 2
BIRTH = 3
QUALITY = 4
DEVICE = 5
KIND_NAMES = ("report", "event", "ack", "birth", "quality", "device")
CHECKS_TOLD = 4
AUTONOMY_MAX_H = 1000.0  # told at most

LIVE = b'"bf":0'
BACKFILLED = b'"bf":1'

# quantities of the image and the decimals told
QUANTITIES = (
    ("grid_w", 0),
    ("pv_w", 0),
    ("battery_w", 0),
    ("ev_w", 0),
    ("chp_w", 0),
    ("load_w", 0),
    ("residual_w", 0),
    ("soc_pu", 4),
    ("grid_v", 1),
    ("grid_hz", 3),
    ("bus_v", 1),
)
# decimals of a device's readings by the unit their names end in; none for the others
READING_DECIMALS = (("soc_pu", 4), ("hz", 3), ("v", 1), ("a", 2), ("limit_a", 2))
_BOOT_FILE = "boot"
_FINITE = 3.0e38  # the largest 32-bit float is 3.4e38


def next_boot(store) -> int:
    """Count this start in `store` and return the count, from 1; a damaged count starts again from 1."""
    try:
        data = store.load(_BOOT_FILE)
        boot = int(data[8:]) if int(data[:8], 16) == binascii.crc32(data[8:]) else 0
    except (OSError, ValueError):
        boot = 0
    text = b"%d" % (boot + 1)
    store.save(_BOOT_FILE, b"%08x" % binascii.crc32(text) + text)
    return boot + 1


def _encode(message: dict) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def _number(value: float, decimals: int):
    return round(value, decimals) if decimals else round(value)


def _decimals(name: str) -> int:
    for ending, decimals in READING_DECIMALS:
        if name == ending:
            return decimals
    return 0


class Reports:
    """Builds the messages of one start of one node; `seq` numbers reports and events together, from 1."""

    def __init__(self, boot: int, version: str) -> None:
        self.boot = boot
        self.seq = 0
        self.forgot: list = []  # saved state that was missing or damaged at this start
        self._version = version

    def _quantities(self, image, now_ms: int, message: dict) -> None:
        """Fill in values that may be used; for the others null, and why."""
        bad = {}
        for name, decimals in QUANTITIES:
            quantity = getattr(image, name)
            good = quantity.usable(now_ms)
            if good and not -_FINITE < quantity.value < _FINITE:
                good = False
                quantity.degrade(SUSPECT)
            message[name] = _number(quantity.value, decimals) if good else None
            if not good:
                bad[name] = QUALITY_NAMES[quantity.quality]
        message["q"] = bad

    def report(
        self, image, now_ms: int, state: int, reasons: dict, shed: int, meter: dict, next_w, autonomy_h=None
    ) -> bytes:
        """Return a report; reasons holds why and the others of Node.reasons; next_w is the planned power or None.

        autonomy_h is how long the building could be its own island from now on, None when that is not known.
        meter holds import_wh and export_wh since it was new, checks (texts, the first CHECKS_TOLD are told) and
        circuits: name to [W, Wh imported, Wh exported].
        """
        self.seq += 1
        message = {
            "v": VERSION,
            "t": image.epoch_s,
            "seq": self.seq,
            "boot": self.boot,
            "state": STATE_NAMES[state],
            "shed": shed,
            "next_w": None if next_w is None else round(next_w),
            "autonomy_h": None if autonomy_h is None else round(min(autonomy_h, AUTONOMY_MAX_H), 1),
            "bf": 0,
        }
        message.update(reasons)
        message.update(meter)
        message["checks"] = meter["checks"][:CHECKS_TOLD]
        self._quantities(image, now_ms, message)
        return _encode(message)

    def _numbered(self, epoch_s: int, rest: dict) -> bytes:
        self.seq += 1
        message = {"v": VERSION, "t": epoch_s, "seq": self.seq, "boot": self.boot}
        message.update(rest)
        return _encode(message)

    def event(self, epoch_s: int, was: int, now: int, why: str) -> bytes:
        """Return the event of a change of state."""
        return self._numbered(epoch_s, {"from": STATE_NAMES[was], "to": STATE_NAMES[now], "why": why})

    def quality(self, epoch_s: int, kind: str, event) -> bytes:
        """Return a disturbance of the supply that is over; epoch_s is when it began, kind its name."""
        told = {
            "kind": kind,
            "ms": event.duration_ms,
            "unsure_ms": event.unsure_ms,
            "worst_v": round(event.extreme_v, 1),
            "phases": event.phases,
        }
        return self._numbered(epoch_s, told)

    def device(self, epoch_s: int, name: str, role: str, readings: dict, counts: dict) -> bytes:
        """Return what a device tells and how it fares; readings is {name: value with quality}, counts {name: n}.

        What it never told and has not, is left out; what is not to be trusted is null, and `q` says why.
        """
        values, bad = {}, {}
        for key in readings:
            reading = readings[key]
            good = reading.quality == OK and -_FINITE < reading.value < _FINITE
            if good:
                values[key] = _number(reading.value, _decimals(key))
            elif reading.quality not in (NEVER, NOT_IMPLEMENTED):
                values[key] = None
                bad[key] = QUALITY_NAMES[reading.quality or SUSPECT]
        told = {"name": name, "role": role, "readings": values, "q": bad}
        told.update(counts)
        return self._numbered(epoch_s, told)

    def ack(self, epoch_s: int, seq: int, answer: str) -> bytes:
        """Return the answer to the command numbered seq."""
        return _encode({"v": VERSION, "t": epoch_s, "seq": seq, "boot": self.boot, "answer": answer})

    def birth(self, epoch_s: int, lost: int) -> bytes:
        """Return the message of a new connection; lost counts records given up for want of room."""
        return _encode(
            {
                "v": VERSION,
                "t": epoch_s,
                "boot": self.boot,
                "online": 1,
                "version": self._version,
                "lost": lost,
                "forgot": self.forgot,
            }
        )

    def death(self) -> bytes:
        """Return the last will: what the broker tells when the connection ends without a word."""
        message = {"v": VERSION, "t": 0, "boot": self.boot, "online": 0, "version": self._version, "lost": 0}
        message["forgot"] = []
        return _encode(message)
