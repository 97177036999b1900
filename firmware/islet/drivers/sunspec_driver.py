"""What the drivers of inverters and batteries by SunSpec share: readings, counted writes, how trust is lost."""

from islet.base.reading import Reading
from islet.drivers import roles
from islet.drivers.sunspec_dc import DcPorts
from islet.drivers.sunspec_write import Writer
from islet.names import COMM


class SunSpecDriver:
    """A driver says its `role` and what `forget` forgets."""

    role = ""

    def __init__(self, device, safe: dict) -> None:
        """device is a SunSpecDevice; safe as in roles.Commands."""
        self.device = device
        self.rated_w = 0.0
        self.dc: DcPorts | None = None  # its DC side, where models tell of it
        self.readings = {name: Reading() for name in roles.readings(self.role)}
        self.commands = roles.Commands(safe)
        self.grid_curves: list = []  # a GridCurves, where it is to have curves of its own
        self._writer = Writer(device)

    @property
    def own_curves(self) -> bool:
        """Return whether the device answers the voltage at its terminals by curves of its own."""
        return any(curves.own for curves in self.grid_curves)

    @property
    def writes(self) -> int:
        """Return how often the device was written; a set of a curve counts once."""
        return self._writer.writes + sum([curves.adopted for curves in self.grid_curves])

    @property
    def mismatches(self) -> int:
        """Return how often what was written did not read back."""
        return self._writer.mismatches

    async def step_curves(self, now_ms: int) -> None:
        """Bring the device's own curves on by a step."""
        for curves in self.grid_curves:
            await curves.step(now_ms)

    def start_curves(self) -> None:
        """Look at them anew: the device was discovered."""
        for curves in self.grid_curves:
            curves.start()

    def fill(self, image, now_ms: int) -> None:
        """Set the quantities of the role to what was just read."""
        for name, quantity in roles.binding(self.role)[0]:
            getattr(image, quantity).take(self.readings[name], now_ms)

    def lose(self, image) -> None:
        """Lower the trust in what this device told: it does not answer. The image may be None."""
        if image is not None:
            for _, quantity in roles.binding(self.role)[0]:
                getattr(image, quantity).degrade(COMM)
        for reading in self.readings.values():
            reading.degrade(COMM)
        if self.dc:
            self.dc.lose()
        self.forget()

    def forget(self) -> None:
        """Hold nothing for written any more: the next `apply` writes everything."""
