"""When a case's events happen: at their time, or so long after the node was seen in a state."""

from host_tools.hil.case_events import Event


class Script:
    """Hands out events as their time comes; `state` tells what the node was last seen in."""

    def __init__(self, events: list[Event]) -> None:
        self._due_ms: list[tuple[float, int, Event]] = []
        self._waiting: list[Event] = []
        for k, event in enumerate(events):
            if event.in_state is None:
                self._due_ms.append((1000.0 * (event.at_s or 0.0), k, event))
            else:
                self._waiting.append(event)

    def state(self, name: str, t_ms: float) -> None:
        """Note the state at t_ms: events that wait for it get their time."""
        for event in [
            one for one in self._waiting if one.in_state == name and t_ms >= 1000.0 * (one.at_s or 0.0)
        ]:
            self._waiting.remove(event)
            self._due_ms.append((t_ms + 1000.0 * event.after_s, len(self._due_ms), event))

    def take(self, until_ms: float) -> list[tuple[float, Event]]:
        """Return the events before until_ms that were not handed out yet, with their times, in order."""
        due = sorted((row for row in self._due_ms if row[0] < until_ms), key=lambda row: row[:2])
        self._due_ms = [row for row in self._due_ms if row[0] >= until_ms]
        return [(t_ms, event) for t_ms, _, event in due]

    @property
    def left(self) -> list[Event]:
        """What has not happened."""
        return [*(event for _, _, event in self._due_ms), *self._waiting]
