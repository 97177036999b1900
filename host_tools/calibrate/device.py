"""The host's side of the line to a device under calibration."""

import json
from typing import Any, Protocol

from host_tools.errors import InputError, RunError

MAX_ANSWER = 16_384


class Refused(InputError):
    """The device refused a request; the message is its sentence."""


class Transport(Protocol):
    """A byte stream to the device's service (host_tools/calibrate/upy/service.py), a line at a time."""

    def exchange(self, line: bytes) -> bytes:
        """Send a line, return the answer's; RunError when the device is gone."""

    def close(self) -> None:
        """Let go of the device."""


class Device:
    """Asks the service; every answer is an object."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def ask(self, do: str, **request: object) -> dict[str, Any]:
        """Return the answer; Refused when it is an error, RunError when it is no answer at all."""
        line = json.dumps({"do": do, **request}).encode() + b"\n"
        answer = self._transport.exchange(line)
        try:
            found = json.loads(answer)
        except ValueError:
            found = None
        if not isinstance(found, dict) or len(answer) > MAX_ANSWER:
            raise RunError(f"the device answered {answer[:80]!r}, which is no JSON object")
        if "error" in found:
            raise Refused(f"The device refuses: {found['error']}.")
        return found
