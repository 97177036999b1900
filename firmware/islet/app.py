"""Runs a site: tasks paced by the clock on a board, fixed rounds where a simulator owns the time."""

import asyncio
import gc

from islet.base import vitals
from islet.base.clock import elapsed_ms
from islet.site import Site

BUS_PAUSE_S = 0.05
LINK_PAUSE_S = 0.2
PLAN_PAUSE_S = 0.02
DELIVER_MS = 2000  # real time a lockstep simulator may need to bring a command
# The watchdog is fed only while every task has come round within its deadline; a slow line may be in the middle of
# its round, as long as it goes on asking.
COLLECT_CYCLES = 50  # between two collections: after a cycle they are in none
DEADLINES = (("cycle", 2000), ("link", 30_000), ("plan", 5000))
BUS_DEADLINE_MS = 15_000


def run(board) -> None:
    """Run for ever; whatever goes wrong leaves safe outputs, a stored reason and a reset."""
    hw = board.open_hardware()
    try:
        asyncio.run(_main(hw))
    except KeyboardInterrupt:  # somebody at the console takes over
        board.safe()
        hw.release()
    except Exception as error:
        board.safe()
        hw.store.save("last_error", repr(error).encode())
        hw.fail(error)


async def _main(hw) -> None:
    site = Site(hw)
    gc.collect()
    gc.threshold(-1)  # the heap is in one piece now: collect when it is full, no more after every few KB
    if hw.lockstep:
        await _rounds(site, hw.pacer)
    else:
        await Tasks(site, hw).run()


async def _rounds(site: Site, pacer) -> None:
    """Follow a simulator: bus, step, writes, plan, link, each complete before the next, so that order is fixed."""
    while pacer.next():
        await work(site, pacer)
    await site.link.close()


async def work(site: Site, pacer) -> None:
    """Work off the frame that the pacer has taken, and answer it."""
    if pacer.delivers:
        await _deliver(site, pacer)
    else:
        await _round(site, pacer)
    _answer(site, pacer)


def _answer(site: Site, pacer) -> None:
    """Tell the pacer that the work of this step is done, and how the node stands."""
    island, link = site.node.island, site.link
    waits = 0 if site.outbox.empty() else 1
    pacer.done(island.state, island.pace_ms(pacer.now_ms), link.acknowledged, waits, link.received)


async def _round(site: Site, pacer) -> None:
    now_ms = pacer.now_ms
    for bus in site.hookup.buses:
        await bus.poll(now_ms)
    site.step(pacer, now_ms, pacer.dt_ms)
    site.tend()
    for bus in site.hookup.buses:
        await bus.flush(now_ms)
    while not site.plan():
        pass
    site.save_if_due()
    if not site.link.idle():  # commands come in frames of their own
        await site.link.exchange(now_ms, pacer.epoch_s)


async def _deliver(site: Site, pacer) -> None:
    """Receive until all commands the simulator speaks of are here, then send their answers."""
    while site.link.up and site.link.received < pacer.expect:
        before = site.link.received
        await site.link.receive(pacer.now_ms, DELIVER_MS)
        if site.link.received == before:
            break
    await site.link.exchange(pacer.now_ms, pacer.epoch_s)


class Pulse:
    """Whether a bus goes on: it ends rounds, or asks on in a long one."""

    def __init__(self, bus, now_ms: int) -> None:
        self.bus = bus
        self._seen_ms = now_ms
        self._requests = 0

    def beat(self, now_ms: int) -> None:
        """Note that a round has ended."""
        self._seen_ms = now_ms

    def overdue(self, now_ms: int) -> bool:
        """Return whether nothing was asked and no round ended for too long; ask every cycle."""
        requests = self.bus.client.requests
        if requests != self._requests:
            self._requests = requests
            self._seen_ms = now_ms
        return elapsed_ms(now_ms, self._seen_ms) > BUS_DEADLINE_MS


class Tasks:
    """One task a rate: the cycle, each bus, the link, and planning in slices; the cycle alone feeds the watchdog."""

    def __init__(self, site: Site, hw) -> None:
        self._site = site
        self._hw = hw
        self._vitals = hw.vitals
        self._seen_ms = {name: hw.pacer.now_ms for name, _ in DEADLINES}
        self._buses = [Pulse(bus, hw.pacer.now_ms) for bus in site.hookup.buses]

    async def run(self) -> None:
        """Run all tasks until one of them fails or the pacer stops."""
        jobs = [self._bus(pulse) for pulse in self._buses] + [self._link(), self._plan()] + self._hw.jobs()
        others = [asyncio.create_task(job) for job in jobs]
        try:
            await self._cycle(others)
        finally:
            for task in others:
                task.cancel()
            await self._site.link.close()

    def _alive(self, name: str) -> None:
        self._seen_ms[name] = self._hw.pacer.now_ms

    def _since_us(self, begin_us: int) -> int:
        return elapsed_ms(self._hw.ticks_us(), begin_us)  # ticks of any unit that wrap there

    async def _cycle(self, others: list) -> None:
        pacer = self._hw.pacer
        while await pacer.ready() and pacer.next():
            self._control(pacer)
            self._alive("cycle")
            if not self._overdue(pacer.now_ms):
                self._hw.feed_watchdog()
            for task in others:
                if task.done():
                    await task  # raises what ended it
            if self._vitals.words[vitals.CYCLES] % COLLECT_CYCLES == 0:
                self._collect()

    def _control(self, pacer) -> None:
        """Work off a cycle, and note how long it took."""
        begin_us = self._hw.ticks_us()
        self._site.step(pacer, pacer.now_ms, pacer.dt_ms)
        _answer(self._site, pacer)
        noted = self._vitals
        cycle_us = self._since_us(begin_us) + pacer.take_us
        noted.note(vitals.CYCLE_US, cycle_us)
        noted.most(vitals.CYCLE_MOST_US, cycle_us)
        noted.note(vitals.TAKE_US, pacer.take_us)
        noted.count(vitals.SLIPS, pacer.late)
        noted.count(vitals.CYCLES)

    def _collect(self) -> None:
        begin_us = self._hw.ticks_us()
        gc.collect()
        span_us = self._since_us(begin_us)
        self._vitals.note(vitals.COLLECT_US, span_us)
        self._vitals.most(vitals.COLLECT_MOST_US, span_us)
        self._vitals.note(vitals.FREE_BYTES, gc.mem_free())

    def _overdue(self, now_ms: int) -> bool:
        late = any(elapsed_ms(now_ms, self._seen_ms[name]) > limit for name, limit in DEADLINES)
        return late or any(pulse.overdue(now_ms) for pulse in self._buses)

    async def _bus(self, pulse: Pulse) -> None:
        while True:
            begin_us = self._hw.ticks_us()
            now_ms = self._hw.pacer.now_ms
            await pulse.bus.poll(now_ms)
            await pulse.bus.flush(self._hw.pacer.now_ms)
            pulse.beat(self._hw.pacer.now_ms)
            self._vitals.note(vitals.POLL_US, self._since_us(begin_us))
            await asyncio.sleep(BUS_PAUSE_S)

    async def _link(self) -> None:
        link = self._site.link
        while True:
            pacer = self._hw.pacer
            if not self._site.held:  # what comes in is written down before it is obeyed
                begin_us, published = self._hw.ticks_us(), link.published
                await link.exchange(pacer.now_ms, pacer.epoch_s)
                if link.published != published:
                    self._vitals.note(vitals.PUBLISH_US, self._since_us(begin_us))
            self._alive("link")
            await asyncio.sleep(LINK_PAUSE_S)

    async def _plan(self) -> None:
        site, noted = self._site, self._vitals
        while True:
            begin_us = self._hw.ticks_us()
            site.tend()
            noted.most(vitals.TEND_MOST_US, self._since_us(begin_us))
            begin_us = self._hw.ticks_us()
            begun = site.forecasts
            done = site.plan()
            if site.forecasts != begun:
                noted.note(vitals.FORECAST_US, self._since_us(begin_us))
            else:
                noted.most(vitals.PLAN_MOST_US, self._since_us(begin_us))
            if done and not site.held:
                site.save_if_due()
            self._alive("plan")
            await asyncio.sleep(PLAN_PAUSE_S)
