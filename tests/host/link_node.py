"""A node's side of the link on MicroPython, driven by lines on standard input; run by test_broker_link.py."""

import asyncio
import sys

sys.path.append(__file__.rsplit("/", 3)[0])


async def main(port: int, directory: str) -> None:
    """Do a step for every line, and tell how it went."""
    from host_tools.hil.publisher import Publisher

    node = Publisher("b01", port, directory)
    while sys.stdin.readline():
        await node.step()
        print(int(node.link.up), node.link.acknowledged, node.link.received, len(node.inbox.leases))
    await node.link.close()


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
