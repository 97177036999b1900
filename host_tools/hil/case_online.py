"""What benches share whose node speaks to a real broker: that broker, the aggregator's link, signed commands."""

from contextlib import AsyncExitStack

import aiomqtt
from sqlalchemy import select

from host_tools.aggregator.fleet import Fleet
from host_tools.aggregator.link import AggregatorLink
from host_tools.aggregator.store import AckRow, Store
from host_tools.broker import Broker
from host_tools.hil.case_bench import KEY, Desk

DRAIN_S = 5.0


class OnlineBench:
    """The part of a Bench that has to do with the broker; `acknowledged` is the node's newest word of it."""

    def __init__(self) -> None:
        self.sent = 0
        self.acknowledged = 0
        self._desk, self._store = Desk(), Store()
        self._broker: Broker
        self._link: AggregatorLink

    async def _go_online(self, stack: AsyncExitStack) -> int:
        """Start broker and link, which the stack ends; return the broker's port."""
        stack.callback(self._store.close)
        self._broker = stack.enter_context(Broker())
        self._link = AggregatorLink(Fleet(self._store), self._broker.port)
        stack.push_async_callback(self._link.stop)
        await self._link.start()
        return self._broker.port

    async def mqtt(self, up: bool) -> None:
        """As Bench."""
        if up:
            self._broker.restart()
            await self._link.reconnect()
        else:
            self._broker.kill()

    async def command(self, do: str, begin_s: int, end_s: int, now_s: int) -> bool:
        """As Bench."""
        try:
            await self._link.send(KEY, self._desk.issue(do, begin_s, end_s, now_s))
        except aiomqtt.MqttError:
            return False
        self.sent += 1
        return True

    async def answers(self) -> list[str]:
        """As Bench."""
        await self._link.drain({KEY: self.acknowledged}, DRAIN_S)
        return [row.answer for row in self._store.all(select(AckRow).order_by(AckRow.id))]
