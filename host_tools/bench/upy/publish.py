"""Publishes with QoS 1 in turn by hal.mqtt's client and by bare umqtt.simple: prints [ours_ms, bare_ms] a line."""

import asyncio
import json
import sys
from time import ticks_diff, ticks_us  # type: ignore[attr-defined]

from hal.mqtt import MqttClient, simple  # type: ignore[attr-defined]

TOPIC = b"islet/f1/b001/up/report"
PAYLOAD = b"x" * 300  # as long as a report


async def main(port: int, count: int) -> None:
    """Publish count times by each client."""
    ours = MqttClient("127.0.0.1", port, "ours")
    await ours.connect()
    bare = simple.MQTTClient(b"bare", "127.0.0.1", port)
    bare.connect()
    for _ in range(count):
        start = ticks_us()
        await ours.publish(TOPIC, PAYLOAD)
        between = ticks_us()
        bare.publish(TOPIC, PAYLOAD, False, 1)
        end = ticks_us()
        print(json.dumps([ticks_diff(between, start) / 1000, ticks_diff(end, between) / 1000]))
    bare.disconnect()
    await ours.disconnect()


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
