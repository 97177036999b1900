"""Several devices of one role: what they tell becomes one value, and one wish becomes a share for each."""

from islet.base.clock import elapsed_ms
from islet.names import NOT_IMPLEMENTED, OK, SUSPECT
from islet.state.image import BUS_MAX_AGE_MS
from islet.state.quantity import Quantity
from islet.state.shares import ANY_W, Shares, span_w, within
from islet.state.wishes import Wishes

ANY_HZ = (0.0, 1000.0)
CHARGE_PU = (-0.05, 1.05)


class Part:
    """One device's page of the image, filled by its driver, and what it is to do.

    `rated_w` shares wishes out, `capacity_wh` weighs states of charge; names and signs are those of the image.
    `wishes` hold while control renews them; `safe` is for a device that control does not reach any more.
    """

    def __init__(
        self,
        rated_w: float,
        capacity_wh: float = 0.0,
        step_max_ms: int = 0,
        control: bool = True,
        forms: bool = False,
    ) -> None:
        """step_max_ms as Image has it; without control it is only read; forms: beside the first, by its droop.

        ValueError for a rating below 0.
        """
        if rated_w < 0.0 or capacity_wh < 0.0:
            raise ValueError("part: rating and capacity must not be below 0")
        bus = BUS_MAX_AGE_MS + step_max_ms
        self.rated_w = rated_w
        self.capacity_wh = capacity_wh
        self.control = control
        self.forms = forms and control
        self.own_curves = False  # it answers voltage and frequency by itself; its driver says so
        self.pv_w = Quantity(bus)
        self.pv_available_w = Quantity(bus)
        self.battery_w = Quantity(bus)
        self.battery_hz = Quantity(bus)
        self.soc_pu = Quantity(bus)
        self.wishes = Wishes()
        self.safe = Wishes()


class Total:
    """The (weighted) sum of quantities, written to another; made once, so that a cycle makes nothing."""

    def __init__(
        self, target, quantities: list, spans: list, weights: list | None = None, sleeps: bool = False
    ) -> None:
        """spans[k] is (low, high), beyond which quantity k is no reading. Weights add up to 1; None for a sum.

        sleeps: what is not implemented now adds nothing, as PV at night; else the sum is not known either.
        """
        self._sleeps = sleeps
        self._target = target
        self._quantities = quantities
        self._spans = spans
        self._weights = weights

    def fold(self, now_ms: int) -> None:
        """Write the sum, as good as the worst of its parts and as old as the oldest; of nothing it is 0.

        When all are asleep, so is the sum, and the old value stays.
        """
        target = self._target
        value, quality, stamp_ms = 0.0, OK, now_ms
        awake = not self._quantities
        for k in range(len(self._quantities)):
            quantity = self._quantities[k]
            if self._sleeps and quantity.quality == NOT_IMPLEMENTED:
                continue
            if quantity.quality == OK and not within(quantity, self._spans[k]):
                quality = max(quality, SUSPECT)
            weight = self._weights[k] if self._weights else 1.0
            value += quantity.value * weight
            if not awake or elapsed_ms(stamp_ms, quantity.stamp_ms) > 0:
                stamp_ms = quantity.stamp_ms
            awake = True
            quality = max(quality, quantity.quality)
        if not awake:
            target.set(target.value, now_ms, NOT_IMPLEMENTED)
        else:
            target.set(value if quality == OK else target.value, stamp_ms, quality)


class Parts:
    """The devices of a building by role; the first battery forms the voltage, others beside it if they may.

    Those that form share by their droops, the others get set-points of the same part of their ratings.
    """

    def __init__(
        self, pv: list, batteries: list, chargers=(), gensets=(), pv_free_w: float = ANY_W[1]
    ) -> None:
        """pv and batteries are lists of Part; chargers and gensets of (power, whether behind the load CT).

        A power is a quantity or a reading in W, positive where it generates. A wish of pv_free_w is no limit.
        """
        self.shares = Shares(pv, batteries, pv_free_w)
        self.pv = pv
        self.batteries = batteries
        self._chargers = list(chargers)
        self._gensets = list(gensets)
        self._totals: list = []

    def join(self, image) -> None:
        """Fold into this image from now on."""
        batteries = self.batteries
        others = self._chargers + self._gensets
        pv_spans = [span_w(part) for part in self.pv]
        any_power = [ANY_W] * len(others)
        self._totals = [
            Total(image.pv_w, [part.pv_w for part in self.pv], pv_spans, sleeps=True),
            Total(image.pv_available_w, [part.pv_available_w for part in self.pv], pv_spans),
            Total(
                image.battery_w, [part.battery_w for part in batteries], [span_w(part) for part in batteries]
            ),
            Total(image.ev_w, [power for power, _ in self._chargers], any_power),
            Total(image.chp_w, [power for power, _ in self._gensets], any_power),
            Total(image.feeder_w, [power for power, behind in others if behind], any_power),
            Total(image.apart_w, [power for power, behind in others if not behind], any_power),
        ]
        if batteries:  # without one there is no charge that could be told
            charges = [part.soc_pu for part in batteries]
            self._totals += [
                Total(image.soc_pu, charges, [CHARGE_PU] * len(batteries), _weights(batteries)),
                Total(image.battery_hz, [batteries[0].battery_hz], [ANY_HZ]),
            ]

    def fold(self, now_ms: int) -> None:
        """Write the totals into the image: powers added up, charge weighed by capacity, the former's frequency."""
        for total in self._totals:
            total.fold(now_ms)

    def split(self, wishes, now_ms: int, safe_pv_w: float) -> None:
        """Share the wishes out as Shares.split says."""
        self.shares.split(wishes, now_ms, safe_pv_w)


def _weights(parts: list) -> list:
    """Return shares of the capacity; equal ones where it is not known."""
    total = sum([part.capacity_wh for part in parts])
    return [part.capacity_wh / total if total else 1.0 / len(parts) for part in parts]
