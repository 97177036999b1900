"""The emulated board's network: lwIP over PPP on a UART, to sockets and a real broker on this host."""

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from host_tools.broker import Broker
from host_tools.errors import RunError
from host_tools.hil.rp2040.flash import TYPICAL
from host_tools.hil.rp2040.net import Network
from host_tools.hil.rp2040.rig import BOARD, Rig

DIAL = """
import machine, network, os, socket, time
u = machine.UART(0, 460800, tx=machine.Pin(0), rx=machine.Pin(1), rxbuf=4096, txbuf=2048)
ppp = network.PPP(u)
ppp.connect()
for _ in range(200):
    if ppp.isconnected():
        break
    time.sleep_ms(20)
print(ppp.isconnected(), ppp.ifconfig())
"""
PORT_MISSING, TIME_PORT = 47808, 123


@pytest.fixture(scope="module")
def online(board_image: Path) -> Iterator[tuple[Rig, Network, socket.socket]]:
    """Yield a board with PPP up, its network, and a UDP socket where the board's port 123 leads."""
    with socket.socket(type=socket.SOCK_DGRAM) as clock, Rig(board_image, None, BOARD, times=TYPICAL) as rig:
        clock.bind(("127.0.0.1", 0))
        clock.settimeout(5)
        network = Network(rig.mcu, 0, {TIME_PORT: clock.getsockname()[1]})
        rig.engine.ports.append(network)
        assert rig.run(DIAL) == "True ('10.0.0.2', '255.255.255.255', '10.0.0.1', '10.0.0.1')\n"
        yield rig, network, clock
        network.close()


def serving(work: Callable[[socket.socket], None]) -> tuple[int, threading.Thread]:
    """Serve one connection on loopback in a thread; return port and thread."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listening:
            connection, _ = listening.accept()
        with connection:
            connection.settimeout(20)
            work(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return listening.getsockname()[1], thread


GET = """
import hashlib
s = socket.socket()
s.settimeout(20)
s.connect(("10.0.0.1", %d))
s.send(b"go")
digest, n = hashlib.sha256(), 0
while n < %d:
    part = s.recv(1024)
    if not part:
        break
    digest.update(part)
    n += len(part)
    if n < 9000:
        with open("part", "wb") as f:
            f.write(part)
s.send(b"thank you")
s.close()
print(n, digest.digest().hex())
"""


def test_a_stream_survives_flash_erases(online: tuple[Rig, Network, socket.socket]) -> None:
    """40 kB while the board writes its flash, deaf for 45 ms a sector: all arrives, once and in order."""
    rig, _, _ = online
    data = hashlib.shake_128(b"stream").digest(40_000)
    heard = []

    def work(connection: socket.socket) -> None:
        heard.append(connection.recv(10))
        connection.sendall(data)
        heard.append(connection.recv(100))
        heard.append(connection.recv(100))

    port, thread = serving(work)
    lost, erases = rig.mcu.uart[0].overruns, rig.flash.erases  # type: ignore[attr-defined]
    told = rig.run(GET % (port, len(data)))
    assert told == f"{len(data)} {hashlib.sha256(data).hexdigest()}\n"
    assert rig.until(lambda: not thread.is_alive(), 5.0)
    assert heard == [b"go", b"thank you", b""]
    assert rig.flash.erases > erases
    assert rig.mcu.uart[0].overruns > lost  # type: ignore[attr-defined] # bytes were lost on the way


def test_a_port_where_nobody_listens_is_refused(online: tuple[Rig, Network, socket.socket]) -> None:
    """lwIP's word for a reset is ECONNRESET, 104, and it comes at once."""
    rig, _, _ = online
    begun_s = rig.emulated_s
    code = "s = socket.socket()\ntry:\n s.connect(('10.0.0.1', %d))\nexcept OSError as e:\n print(e.errno)\ns.close()"
    assert rig.run(code % PORT_MISSING) == "104\n"
    assert rig.emulated_s - begun_s < 1.0


def test_datagrams_reach_the_port_named_for_them(online: tuple[Rig, Network, socket.socket]) -> None:
    """The board asks port 123, a socket of this test answers."""
    rig, _, clock = online
    seen = []

    def answer() -> None:
        data, place = clock.recvfrom(100)
        seen.append(data)
        clock.sendto(data[::-1], place)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    ask = "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.settimeout(3)\n"
    ask += "s.sendto(b'abc', ('10.0.0.1', 123))\nprint(s.recvfrom(100))\ns.close()"
    assert rig.run(ask) == "(b'cba', ('10.0.0.1', 123))\n"
    assert seen == [b"abc"]


MQTT = """
import asyncio
from hal.mqtt import MqttClient
heard = []
async def talk():
    c = MqttClient("10.0.0.1", %d, "chip")
    c.set_callback(lambda topic, payload: heard.append((bytes(topic), bytes(payload))))
    await c.connect()
    await c.subscribe(b"islet/echo")
    for k in range(3):
        await c.publish(b"islet/echo", b"%%d" %% k)
    for _ in range(50):
        if len(heard) == 3:
            break
        await c.check()
        await asyncio.sleep_ms(20)
    await c.disconnect()
    await c.close()
asyncio.run(talk())
print(heard)
"""


def test_messages_go_to_a_real_broker_and_back(online: tuple[Rig, Network, socket.socket]) -> None:
    """The firmware's MQTT client subscribes and publishes at QoS 1 to a broker process."""
    rig, _, _ = online
    with Broker() as broker:
        told = rig.run(MQTT % broker.port)
    assert told == "[(b'islet/echo', b'0'), (b'islet/echo', b'1'), (b'islet/echo', b'2')]\n"


def test_the_line_comes_up_again_after_a_reset(online: tuple[Rig, Network, socket.socket]) -> None:
    """The board begins anew while the other end thinks all is agreed."""
    rig, network, _ = online
    assert network.ppp.up
    rig.power_cut()
    network.close()
    rig.boot()
    assert rig.run(DIAL).startswith("True ('10.0.0.2'")
    with pytest.raises(RunError, match="was reset"):
        rig.run("machine.reset()")  # nobody tells the other end
    assert rig.run(DIAL).startswith("True ('10.0.0.2'")
