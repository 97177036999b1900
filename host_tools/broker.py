"""A broker on loopback in a process of its own: `python -m host_tools.broker`, or `Broker` from a program."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import logging
import os
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from amqtt.broker import Broker as AmqttBroker  # type: ignore[import-untyped]
from amqtt.errors import BrokerError  # type: ignore[import-untyped]

HOST = "127.0.0.1"
READY = "broker ready on port"
START_TIMEOUT_S = 20.0
Kind = Literal["amqtt", "mosquitto"]

_MOSQUITTO_CONF = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 0
max_inflight_messages 0
set_tcp_nodelay true
log_type error
"""


def find_mosquitto() -> str | None:
    """Return the path of mosquitto, which distributions put outside a user's PATH, or None."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    """Return a TCP port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def check_free(port: int) -> None:
    """Raise OSError(EADDRINUSE) that names the port when something listens on it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            message = f"cannot listen on {HOST}:{port}: {error.strerror}; port 0 takes a free one"
            raise OSError(error.errno, message) from error


class Broker:
    """A broker process bound to loopback; a context manager that leaves nothing running."""

    def __init__(self, port: int = 0, kind: Kind = "amqtt") -> None:
        """port 0 takes a free one, and keeps it over restarts."""
        self.port = port or free_port()
        self.kind = kind
        self._process: subprocess.Popen[str] | None = None
        self._directory: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Broker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start and wait until it listens; raises OSError when the port is taken or it does not come up."""
        if self._process is not None:
            return
        check_free(self.port)
        self._process = subprocess.Popen(
            self._command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[1],
            start_new_session=True,  # Ctrl-C is for the program that started it
        )
        try:
            self._await_ready()
        except OSError:
            self.kill()
            raise

    def _command(self) -> list[str]:
        if self.kind == "amqtt":
            return [sys.executable, "-m", "host_tools.broker", "--port", str(self.port), "--with-parent"]
        program = find_mosquitto()
        if program is None:
            raise FileNotFoundError(errno.ENOENT, "mosquitto is not installed")
        self._directory = self._directory or tempfile.TemporaryDirectory(prefix="islet-broker-")
        config = Path(self._directory.name) / "mosquitto.conf"
        config.write_text(_MOSQUITTO_CONF.format(port=self.port))
        os.chmod(self._directory.name, 0o755)  # mosquitto gives up root before it reads
        return [program, "-c", str(config)]

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                code = self._process.returncode
                raise OSError(errno.EIO, f"{self.kind} ended with code {code} while starting")
            if self._listens(self._process):
                return
        raise TimeoutError(errno.ETIMEDOUT, f"{self.kind} does not listen after {START_TIMEOUT_S:.0f} s")

    def _listens(self, process: subprocess.Popen[str]) -> bool:
        if self.kind == "amqtt":
            assert process.stdout is not None
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                return bool(selector.select(0.2)) and process.stdout.readline().startswith(READY)
        time.sleep(0.02)
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), 0.2):
            return True
        return False

    def stop(self) -> None:
        """Ask it to end, and make it end after 5 s."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        self.kill()
        if self._directory is not None:
            self._directory.cleanup()
            self._directory = None

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def restart(self) -> None:
        """Kill it and start it again on the same port."""
        self.kill()
        self.start()


class _Subscriptions(dict[str, Any]):
    """amqtt 0.12 awaits while it iterates over its subscriptions; a client that subscribes meanwhile broke that."""

    def __iter__(self) -> Iterator[str]:
        return iter(list(self.keys()))

    def items(self) -> Any:
        """Return a copy of the items."""
        return list(super().items())


async def serve(port: int) -> None:
    """Run the embedded broker on loopback until cancelled; raises OSError when the port is taken."""
    check_free(port)
    plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    listeners = {"default": {"type": "tcp", "bind": f"{HOST}:{port}"}}
    broker = AmqttBroker({"listeners": listeners, "plugins": plugins})
    broker._subscriptions = _Subscriptions()
    try:
        await broker.start()
    except BrokerError as error:
        raise OSError(errno.EADDRINUSE, str(error)) from error
    print(READY, port, flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await broker.shutdown()


def _end_with_parent() -> None:
    sys.stdin.read()  # returns when the parent closes the pipe or dies
    os._exit(0)


def main() -> int:
    """Entry of `python -m host_tools.broker`; returns 2 when the port cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m host_tools.broker", description=__doc__)
    parser.add_argument("--port", type=int, default=1883, help="TCP port on 127.0.0.1 (default 1883)")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input is closed")
    options = parser.parse_args()
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="broker: %(message)s")
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    if options.with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        asyncio.run(serve(options.port))
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        print(f"broker: {error.strerror}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
