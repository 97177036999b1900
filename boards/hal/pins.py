"""A board's pins: outputs made safe before anything else runs, inputs read once a cycle. Nothing here takes long."""

from machine import Pin

from hal.tail import BOND_PIN, CONTACTOR_PIN, GENSET_PIN

NONE = -1  # a pin that the board has not
OVERRIDE_OPEN, OVERRIDE_CLOSE = 1, 2  # islet.names has them too; importing that here would take time


class Pinout:
    """Which pin does what, NONE where the board has it not. Outputs are high when on, inputs low when on.

    `bond` ties neutral to earth, `genset` starts it, `shed` are the relays of the load groups, on while served.
    """

    def __init__(
        self, contactor=NONE, feedback=NONE, bond=NONE, bond_feedback=NONE, genset=NONE, genset_live=NONE,
        sync_relay=NONE, override_open=NONE, override_close=NONE, off_grid=NONE, shed=(), led=NONE,
    ) -> None:  # fmt: skip
        self.contactor, self.feedback = contactor, feedback
        self.bond, self.bond_feedback = bond, bond_feedback
        self.genset, self.genset_live = genset, genset_live
        self.sync_relay = sync_relay
        self.override_open, self.override_close = override_open, override_close
        self.off_grid = off_grid
        self.shed = shed
        self.led = led

    def inputs(self) -> tuple:
        """Return the pins that are inputs."""
        found = (
            self.feedback, self.bond_feedback, self.genset_live, self.sync_relay, self.override_open,
            self.override_close, self.off_grid,
        )  # fmt: skip
        return tuple([number for number in found if number != NONE])

    def outputs(self) -> tuple:
        """Return the pins that are outputs."""
        found = (self.contactor, self.bond, self.genset) + self.shed + (self.led,)
        return tuple([number for number in found if number != NONE])


def _on(number: int) -> bool:
    """Return whether an input is on; an input that is not there is off."""
    return number != NONE and not Pin(number, Pin.IN, Pin.PULL_UP).value()


def safe(pinout: Pinout) -> None:
    """Drive every output to its safe position, as it is found: a healthy supply is not dropped.

    On the grid: contactor held closed, neutral parted, no genset, all load served. Off it: contactor open, neutral
    and genset as they are; load groups stay as the reset left them, for nobody knows what the island can carry.
    """
    closed = _on(pinout.feedback)
    _drive(pinout.contactor, closed)
    _drive(pinout.bond, not closed and _on(pinout.bond_feedback))
    _drive(pinout.genset, not closed and _on(pinout.genset_live))
    for number in pinout.shed:
        if closed:
            _drive(number, True)


def _drive(number: int, on: bool) -> None:
    if number != NONE:
        Pin(number, Pin.OUT, value=1 if on else 0)


class Outputs:
    """The pins that the door drives. What the guard has opened stays open while it holds it."""

    def __init__(self, pinout: Pinout) -> None:
        """Take the pins over as they are driven."""
        self._contactor = _output(pinout.contactor)
        self._bond = _output(pinout.bond)
        self._genset = _output(pinout.genset)
        self._shed = tuple([_output(number) for number in pinout.shed])
        self._led = _output(pinout.led)
        self.guard = None  # set once the guard is there
        self.shed_level = 0

    def open_contactor(self) -> None:
        """Open at once; for an interrupt, allocates nothing."""
        if self._contactor is not None:
            self._contactor.off()

    def set_contactor(self, closed: bool) -> None:
        """Drive the contactor's pin."""
        if self._contactor is None:
            return
        if not closed:
            self._contactor.off()
            return
        if self.guard is not None and self.guard.holding:
            return
        self._contactor.on()
        if self.guard is not None and self.guard.holding:  # it may have opened between
            self._contactor.off()

    def set_bond(self, closed: bool) -> None:
        """Drive the contact between neutral and earth."""
        if self._bond is not None:
            self._bond.value(closed)

    def set_genset(self, run: bool) -> None:
        """Drive the genset's start contact."""
        if self._genset is not None:
            self._genset.value(run)

    def set_shed(self, level: int) -> None:
        """Drop the last `level` load groups, serve the others."""
        self.shed_level = level
        served = len(self._shed) - level
        for k in range(len(self._shed)):
            self._shed[k].value(k < served)

    def blink(self) -> None:
        """Turn the light over."""
        if self._led is not None:
            self._led.value(not self._led.value())

    def levels(self) -> int:
        """Return what is driven, as the pins of hal.tail."""
        bits = CONTACTOR_PIN if _is_on(self._contactor) else 0
        if _is_on(self._bond):
            bits |= BOND_PIN
        return bits | GENSET_PIN if _is_on(self._genset) else bits


def _is_on(pin) -> bool:
    return pin is not None and bool(pin.value())


def _output(number: int):
    return Pin(number, Pin.OUT) if number != NONE else None


class Inputs:
    """What the board's inputs say, read once a cycle; what is not there says nothing is wrong."""

    def __init__(self, pinout: Pinout) -> None:
        self._pins = [
            _input(number)
            for number in (
                pinout.feedback, pinout.sync_relay, pinout.bond_feedback, pinout.genset_live, pinout.off_grid,
                pinout.override_open, pinout.override_close,
            )
        ]  # fmt: skip
        self.contactor_closed = self.ats_on_grid = True
        self.sync_relay_ok = self.bond_closed = self.genset_live = False
        self.override = 0

    def _low(self, k: int) -> bool:
        pin = self._pins[k]
        return pin is not None and not pin.value()

    def read(self) -> None:
        """Read all; both positions of the switch at once count as open, the safer."""
        self.contactor_closed = self._pins[0] is None or self._low(0)
        self.sync_relay_ok = self._low(1)
        self.bond_closed = self._low(2)
        self.genset_live = self._low(3)
        self.ats_on_grid = not self._low(4)
        self.override = OVERRIDE_OPEN if self._low(5) else OVERRIDE_CLOSE if self._low(6) else 0


def _input(number: int):
    return Pin(number, Pin.IN, Pin.PULL_UP) if number != NONE else None
