"""Several devices of one role: what they tell becomes one value, and one wish becomes a share for each."""

from islet.base.clock import elapsed_ms
from islet.names import NOT_IMPLEMENTED, OK, SUSPECT
from islet.state.image import BUS_MAX_AGE_MS
from islet.state.quantity import Quantity
from islet.state.wishes import Wishes

ANY_W = (-10_000_000.0, 10_000_000.0)
ANY_HZ = (0.0, 1000.0)
CHARGE_PU = (-0.05, 1.05)
OVER_RATING = 3.0  # no inverter gives or takes more


class Part:
    """One device's page of the image, filled by its driver, and what it is to do.

    `rated_w` shares wishes out, `capacity_wh` weighs states of charge; names and signs are those of the image.
    `wishes` hold while control renews them; `safe` is for a device that control does not reach any more.
    """

    def __init__(
        self, rated_w: float, capacity_wh: float = 0.0, step_max_ms: int = 0, control: bool = True
    ) -> None:
        """step_max_ms as Image has it; without control it is only read. ValueError for a rating below 0."""
        if rated_w < 0.0 or capacity_wh < 0.0:
            raise ValueError("part: rating and capacity must not be below 0")
        bus = BUS_MAX_AGE_MS + step_max_ms
        self.rated_w = rated_w
        self.capacity_wh = capacity_wh
        self.control = control
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
            if quantity.quality == OK and not _within(quantity, self._spans[k]):
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
    """The devices of a building by role; the first battery is the one that forms the voltage."""

    def __init__(
        self, pv: list, batteries: list, chargers=(), gensets=(), pv_free_w: float = ANY_W[1]
    ) -> None:
        """pv and batteries are lists of Part; chargers and gensets of (power, whether behind the load CT).

        A power is a quantity or a reading in W, positive where it generates. A wish of pv_free_w is no limit.
        """
        self._pv_free_w = pv_free_w
        self.pv = pv
        self.batteries = batteries
        self._chargers = list(chargers)
        self._gensets = list(gensets)
        self._totals: list = []

    def join(self, image) -> None:
        """Fold into this image from now on."""
        batteries = self.batteries
        others = self._chargers + self._gensets
        pv_spans = [_span(part) for part in self.pv]
        any_power = [ANY_W] * len(others)
        self._totals = [
            Total(image.pv_w, [part.pv_w for part in self.pv], pv_spans, sleeps=True),
            Total(image.pv_available_w, [part.pv_available_w for part in self.pv], pv_spans),
            Total(
                image.battery_w, [part.battery_w for part in batteries], [_span(part) for part in batteries]
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
        """Share the wishes out by ratings; safe_pv_w is what all PV may give when control is not heard.

        A battery that does not answer or is only read leaves its share to the others; what PV that is only read
        gives is taken from the share of the others.
        """
        self._split_pv(wishes.pv_limit_w, safe_pv_w, now_ms)
        answering_w = self._told_w(now_ms)
        told_w = answering_w or self._told_w(None)
        for k in range(len(self.batteries)):
            part = self.batteries[k]
            share = 0.0
            if part.control and (not answering_w or part.battery_w.usable(now_ms)):
                share = _rated_w(part) / told_w
            part.wishes.battery_w = wishes.battery_w * share
            _hold_up(part.wishes, wishes, k == 0)
            _hold_up(part.safe, wishes, k == 0)

    def _split_pv(self, limit_w: float, safe_w: float, now_ms: int) -> None:
        rated_w = 0.0
        free = limit_w >= self._pv_free_w  # then no share is to look like a limit
        for part in self.pv:
            if part.control:
                rated_w += _rated_w(part)
            else:
                given_w = _given_w(part, now_ms)
                limit_w -= given_w
                safe_w -= given_w
        for part in self.pv:
            if part.control:
                share = _rated_w(part) / rated_w
                part.wishes.pv_limit_w = self._pv_free_w if free else max(0.0, limit_w) * share
                part.safe.pv_limit_w = min(part.wishes.pv_limit_w, max(0.0, safe_w) * share)

    def _told_w(self, now_ms: int | None) -> float:
        """Return the rating of the batteries that may be told; with a tick, of those alone that answer."""
        rated_w = 0.0
        for part in self.batteries:
            if part.control and (now_ms is None or part.battery_w.usable(now_ms)):
                rated_w += _rated_w(part)
        return rated_w


def _span(part: Part) -> tuple:
    """Return what a part's power can be, beyond all doubt."""
    return (-OVER_RATING * part.rated_w, OVER_RATING * part.rated_w) if part.rated_w else ANY_W


def _within(quantity, span: tuple) -> bool:
    """Return whether a value can be a reading; one that is no number cannot."""
    low, high = span
    return low <= quantity.value <= high


def _rated_w(part: Part) -> float:
    """Return what a part's share goes by; a rating that is not told is that of the only one."""
    return part.rated_w or 1.0


def _given_w(part: Part, now_ms: int) -> float:
    """Return what PV that is only read gives; the most that it can where that is not known."""
    if part.pv_w.quality == NOT_IMPLEMENTED:
        return 0.0
    if part.pv_w.usable(now_ms) and _within(part.pv_w, _span(part)):
        return part.pv_w.value
    return part.rated_w


def _hold_up(mine, wishes, first: bool) -> None:
    """Copy what holds an island up: it is held whoever is silent."""
    mine.forming = wishes.forming and first
    mine.form_hz = wishes.form_hz
    mine.form_v = wishes.form_v


def _weights(parts: list) -> list:
    """Return shares of the capacity; equal ones where it is not known."""
    total = sum([part.capacity_wh for part in parts])
    return [part.capacity_wh / total if total else 1.0 / len(parts) for part in parts]
