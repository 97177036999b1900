"""What a person may choose about a demo run."""

from dataclasses import dataclass, field
from pathlib import Path

from host_tools.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
DAY_S = 86_400
MAX_BUILDINGS = 1000
MAX_PORT = 65_535
FAULTS = ("broker",)


@dataclass(frozen=True)
class Options:
    """One run of the district; times are local seconds of the day."""

    date: str = "08-16"
    buildings: int = 17
    seed: int = 1
    start_s: int = 0
    end_s: int = DAY_S
    outage_s: int = 18 * 3600
    outage_length_s: int = 3600
    faults: tuple[str, ...] = ()
    broker: str | None = None  # host:port of an external broker; the embedded one when None
    transformer_kva: float | None = None
    out: Path = field(default=ROOT / "build" / "demo")
    serve: bool = False
    port: int = 8080

    def __post_init__(self) -> None:
        """Raise InputError naming the first option that cannot work."""
        if not 1 <= self.buildings <= MAX_BUILDINGS:
            raise InputError(f"--buildings is {self.buildings}; it must be from 1 to {MAX_BUILDINGS}.")
        if self.seed < 0:
            raise InputError(f"--seed is {self.seed}; it must be 0 or more.")
        if not 0 <= self.start_s < self.end_s <= DAY_S:
            raise InputError("--from and --to must lie within one day, the first before the second.")
        if self.transformer_kva is not None and not 5 <= self.transformer_kva <= 10_000:
            raise InputError(f"--transformer-kva is {self.transformer_kva}; it must be from 5 to 10000.")
        if not 0 <= self.port <= MAX_PORT:
            raise InputError(f"--port is {self.port}; it must be from 0 (any free one) to {MAX_PORT}.")
        if self.broker_address() and "broker" in self.faults:
            raise InputError("--fault broker kills the embedded broker; leave out --broker, or the fault.")
        for fault in self.faults:
            if fault not in FAULTS:
                raise InputError(f"--fault {fault} is unknown; known faults: {', '.join(FAULTS)}.")

    def broker_address(self) -> tuple[str, int] | None:
        """Return (host, port) of the external broker, None for the embedded one; InputError when malformed."""
        if self.broker is None:
            return None
        host, colon, port = self.broker.rpartition(":")
        if not colon or not host or not port.isdecimal() or not 0 < int(port) <= MAX_PORT:
            raise InputError(
                f"--broker is {self.broker!r}; it must be host:port, for example 127.0.0.1:1883."
            )
        return host, int(port)
