"""Turns what happened into messages of the outbox: changes of state, disturbances of the supply, devices."""

from islet.sync.report import DEVICE, EVENT, QUALITY

DEVICE_S = 900  # between two messages of a device


class Teller:
    """Tells each thing once; what was overwritten before it was told is lost, and the counts show it."""

    def __init__(self, reports, outbox) -> None:
        self._reports, self._outbox = reports, outbox
        self._changes = self._disturbances = 0
        self._devices = -1

    def _put(self, kind: int, message: bytes) -> None:
        self._outbox.put(kind, message, self._reports.seq)

    def changes(self, changed, epoch_s: int) -> bool:
        """Queue the changes of state (control.changes.Changes) that were not told; return whether there were any."""
        self._changes = max(self._changes, changed.count - len(changed.why))
        if self._changes == changed.count:
            return False
        while self._changes < changed.count:
            i = self._changes % len(changed.why)
            was, now, why = changed.from_state[i], changed.to_state[i], changed.why[i]
            self._put(EVENT, self._reports.event(epoch_s, was, now, why))
            self._changes += 1
        return True

    def disturbances(self, supply) -> None:
        """Queue the disturbances (measure.events.Events) that are over and were not told; the oldest may be gone.

        A sag that went on to an interruption is told as that (EN 50160).
        """
        self._disturbances = max(self._disturbances, supply.count - supply.kept)
        while self._disturbances < supply.count:
            event = supply.get(self._disturbances)
            self._disturbances += 1
            if not event.interrupted:
                self._put(QUALITY, self._reports.quality(event.epoch_s, supply.names[event.kind], event))

    def devices(self, hookup, epoch_s: int) -> None:
        """Queue a message of each device, once in DEVICE_S."""
        if epoch_s // DEVICE_S == self._devices:
            return
        self._devices = epoch_s // DEVICE_S
        for name, role, readings, counts in hookup.told():
            self._put(DEVICE, self._reports.device(epoch_s, name, role, readings, counts))
