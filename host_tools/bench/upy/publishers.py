"""Many nodes' links in one MicroPython process: connects, waits for a line, then reports as fast as it is taken."""

import asyncio
import json
import sys
from time import ticks_diff, ticks_ms  # type: ignore[attr-defined]

from host_tools.hil.publisher import SITE, Publisher


async def main(port: int, folder: str, n: int, span_ms: int) -> None:
    """Print "ready"; after a line on the input, publish for span_ms and print [site, node, newest number] of each."""
    nodes = [Publisher("b%03d" % (k + 1), port, "%s/%d" % (folder, k)) for k in range(n)]
    for node in nodes:
        await node.step()
    print(json.dumps("ready"))
    sys.stdin.readline()
    start_ms = ticks_ms()
    while ticks_diff(ticks_ms(), start_ms) < span_ms:
        await asyncio.gather(*[node.step() for node in nodes])
    print(json.dumps([[SITE, node.node, node.link.acknowledged] for node in nodes]))
    for node in nodes:
        await node.link.close()


asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
