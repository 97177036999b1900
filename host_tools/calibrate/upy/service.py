"""The device's side of `islet calibrate`: JSON lines in, JSON lines out; runs on MicroPython over any byte stream.

A request is an object with "do" and what it needs, at most MAX_LINE bytes; the answer is one object, with "error"
and a sentence when the request was refused. Nothing is stored but by "store" and "undo".
"""

import json
from array import array

from host_tools.calibrate.upy.reader import Reader
from host_tools.calibrate.upy.requests import MAX_LINE, number, parse, text, told
from islet.measure import calibrate, calibration
from islet.measure.linearise import Histogram
from islet.measure.power import Current
from islet.measure.reference import MIN_PARTS, Mean, Reference
from islet.measure.voltage import Voltage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    Stored = dict[str, Any]

    class Files(Protocol):
        """What of hal.store.Store is needed."""

        def load(self, name: str) -> bytes: ...
        def save(self, name: str, data: bytes) -> None: ...
        def remove(self, name: str) -> None: ...

    class Lines(Protocol):
        """A byte stream."""

        def readline(self, size: int) -> bytes: ...


MAX_SECONDS = 600.0
MAX_PARTS = 60
MAX_SAMPLES = 50_000_000
ENOENT = 2


class Service:
    """Reads, tries and stores calibrations of one meter; what was tried is live until "store" or "drop"."""

    def __init__(
        self, name: str, reader: Reader, store: "Files", table_of: "Callable[[Stored], array[int]]"
    ) -> None:
        """table_of(calibration) makes the converter's table. A damaged file counts as none and is told as "fault"."""
        self._name = name
        self._reader = reader
        self._store = store
        self._table_of = table_of
        self._stored = self._tried = calibration.empty()
        self._last = Mean()
        self._last_of: object = None
        self._fault = ""
        try:
            self._use(self._load(calibration.NAME))
        except ValueError as error:
            self._fault = str(error)
            self._use(self._stored)

    def answer(self, line: bytes) -> dict[str, object]:
        """Return the answer to a line."""
        try:
            request = parse(line)
            return self._do(request)
        except ValueError as error:
            return {"error": str(error)}
        except OSError as error:
            return {"error": "the device's store or sampling failed (errno %s)" % error.errno}

    def _do(self, request: dict[str, object]) -> dict[str, object]:
        do = request.get("do")
        if do == "about":
            return self._about()
        if do == "read":
            self._last = self._read(request)
            self._last_of = request.get("channel")
            return dict(told(self._last))
        if do == "step":
            return self._step(request)
        if do == "store":
            return self._keep(text(request, "date", 32), text(request, "reference", calibration.MAX_WORDS))
        if do == "drop":
            self._use(self._stored)
            return self._about()
        if do == "undo":
            return self._undo()
        if do == "widths":
            return self._widths(request)
        raise ValueError("do is %r, must be about, read, step, store, drop, undo or widths" % (do,))

    def _about(self) -> dict[str, object]:
        channels = [
            {"name": c.name, "voltage": c.is_voltage(), "rated": c.rated}
            for c in self._reader.wiring.channels
        ]
        return {
            "device": self._name,
            "channels": channels,
            "calibration": self._tried,
            "fault": self._fault,
        }

    def _load(self, name: str) -> "Stored":
        """Return a stored calibration, the empty one where there is none; raises ValueError when it is damaged."""
        try:
            data = self._store.load(name)
        except OSError as error:
            if error.errno != ENOENT:
                raise
            return calibration.empty()
        return calibration.load(data)

    def _use(self, found: "Stored") -> None:
        """Make a calibration the live and the stored one; raises ValueError when it does not fit the wiring."""
        values = {
            c.name: {"gain": 1.0, "lead_rad": 0.0, "offset_w": 0.0} for c in self._reader.wiring.channels
        }
        for name in values:
            values[name]["noise_codes"] = self._reader.noise_codes[name]
        for name in found["channels"]:
            values.setdefault(name, {}).update(found["channels"][name])
        self._reader.wiring.calibrate(values)
        self._reader.samples.table = self._table_of(found)
        self._stored = found
        self._tried = json.loads(json.dumps(found))

    def _read(self, request: dict[str, object]) -> Mean:
        seconds = number(request, "seconds", 1.0, MAX_SECONDS)
        parts = int(number(request, "parts", MIN_PARTS, MAX_PARTS))
        return self._reader.mean(self._reader.find(request.get("channel")), seconds, parts)

    def _mean(self, request: dict[str, object]) -> Mean:
        """Return the readings of a step: new ones, or with "last" those of the last read, which must be its own."""
        if not request.get("last"):
            return self._read(request)
        if self._last_of != request.get("channel"):
            raise ValueError("the last readings are not of this channel")
        self._last_of = None
        return self._last

    def _step(self, request: dict[str, object]) -> dict[str, object]:
        """Read, work out a step and make it live; the readings are those before it."""
        name = request.get("step")
        if name not in calibrate.STEP_NAMES[1:]:
            raise ValueError("step is %r, must be gain, phase or offset" % (name,))
        step = calibrate.STEP_NAMES.index(name)
        raw = request.get("reference")
        reference = Reference(raw if isinstance(raw, dict) else {})
        found = self._reader.find(request.get("channel"))
        stages = self._tried["stages"]
        calibrate.check_order(stages.get(found.channel.name, 0), step)
        mean = self._mean(request)
        values = self._values(step, found, mean, reference)
        self._reader.wiring.calibrate(values)
        for channel in values:
            self._tried["channels"].setdefault(channel, {}).update(values[channel])
            stages[channel] = max(stages.get(channel, 0), step)
        if isinstance(found, Current):
            self._note(step, found.channel.name, mean, reference)
        return {"before": told(mean), "values": values}

    def _values(
        self, step: int, found: "Voltage | Current", mean: Mean, reference: Reference
    ) -> dict[str, dict[str, float]]:
        channel = found.channel
        if isinstance(found, Voltage):
            if step != calibrate.GAIN:
                raise ValueError("%s is a voltage: it has a gain only" % channel.name)
            return calibrate.voltage_step(channel, mean, reference)
        voltage = found.voltage.channel
        if step == calibrate.GAIN:
            done = self._tried["stages"].get(voltage.name, 0) >= calibrate.GAIN
            return calibrate.gain_step(voltage, channel, mean, reference, done)
        if step == calibrate.PHASE:
            return calibrate.phase_step(voltage, channel, mean, reference)
        known = self._tried["points"].get(channel.name, [0.0, 0.0, 0.0])
        return calibrate.offset_step(voltage, channel, mean, reference, known)

    def _note(self, step: int, name: str, mean: Mean, reference: Reference) -> None:
        """Keep the powers of gain and phase steps until the offset in them is known."""
        points = self._tried["points"]
        if step == calibrate.OFFSET:
            points.pop(name, None)
        else:
            points[name] = calibrate.point(step, points.get(name, [0.0, 0.0, 0.0]), mean, reference)

    def _keep(self, date: str, reference: str) -> dict[str, object]:
        """Store what was tried, the file before it aside; what is read back is what is live from then on."""
        self._tried["date"], self._tried["reference"] = date, reference
        data = calibration.dump(self._tried)
        self._store.save(calibration.UNDO_NAME, calibration.dump(self._stored))
        self._store.save(calibration.NAME, data)
        self._use(self._load(calibration.NAME))
        self._fault = ""
        return self._about()

    def _undo(self) -> dict[str, object]:
        """Bring back the calibration before the last store; there is one to bring back only once."""
        try:
            before = calibration.load(self._store.load(calibration.UNDO_NAME))
        except OSError as error:
            if error.errno != ENOENT:
                raise
            raise ValueError("there is no earlier calibration to go back to") from None
        self._store.save(calibration.NAME, calibration.dump(before))
        self._store.remove(calibration.UNDO_NAME)
        self._use(self._load(calibration.NAME))
        return self._about()

    def _widths(self, request: dict[str, object]) -> dict[str, object]:
        """Count codes of a voltage until the widths are known; they are tried, not stored."""
        limit = int(number(request, "samples", 1, MAX_SAMPLES))
        channel = self._reader.wiring.index(str(request.get("channel")))
        histogram = Histogram()
        codes, widths = self._reader.widths(histogram, channel, limit)
        self._tried["adc_codes"], self._tried["adc_widths"] = list(codes), list(widths)
        self._reader.samples.table = self._table_of(self._tried)
        return {"adc_codes": codes, "adc_widths": widths, "samples": histogram.total}


def serve(service: Service, stream: "Lines", write: "Callable[[dict[str, object]], None]") -> None:
    """Answer the lines of a stream (readline(limit)) until it ends; what is too long is read over, not kept."""
    while True:
        line = stream.readline(MAX_LINE + 1)
        if not line:
            return
        rest = line
        while rest and rest[-1:] != b"\n":
            rest = stream.readline(MAX_LINE + 1)
        write(service.answer(line))
