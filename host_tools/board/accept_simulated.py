"""The emulated board under acceptance, and the script that plays the person who tests it."""

import json
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

from host_tools.errors import RunError
from host_tools.hil import usual
from host_tools.hil.rp2040.rig import BOARD, Rig

PINS = {  # boards/rp2040_emulated
    "feedback": 11, "bond_feedback": 12, "genset_live": 13, "sync_relay": 14, "override_open": 15,
    "override_close": 16, "off_grid": 17,
}  # fmt: skip
RELAYS = {2: (11, 50.0), 3: (12, 20.0)}  # output: its feedback, ms from coil to contact
HALF, SPREAD = 2048, 2
WRITES_MS = 400.0  # let the board write for so long before the plug is pulled
CUT_AFTER = 5  # flash commands more, then the power fails in the midst of one
CUT_S = 10.0
MS = 1e6


class Bench:
    """A provisioned board with contactor and bond relay, nobody home; plays the Person too. `said`: its keys."""

    def __init__(self, image: Path, seed: int = 1) -> None:
        settings = usual.settings(battery_rated_w=0, battery_wh=0)
        files = {
            "settings.json": json.dumps(settings).encode(),
            "devices.json": b'{"lines": [], "devices": []}',
            "network.json": b'{"kind": "none"}',
            "key": random.Random(seed).randbytes(32),
        }
        on_flash = {f"/islet/{name}": data for name, data in files.items()}
        self.rig = Rig(image, on_flash, BOARD, epoch_s=int(time.time()))
        drawn = random.Random(seed)
        self.rig.analog.wave = lambda channel, time_s: HALF + drawn.randint(-SPREAD, SPREAD)
        self.rig.analog.keep_times = False
        self.port = self.rig.serial_port()
        self.said: list[str] = []
        self.refused: set[str] = set()  # keys that the person answers with no
        self._stack = ExitStack()
        for output in RELAYS:
            self._relay(output)

    def _relay(self, output: int) -> None:
        """Let a relay's feedback contact follow its coil; low is on."""
        answer, delay_ms = RELAYS[output]
        mcu = self.rig.mcu
        alarm = mcu.clock.create_alarm(
            lambda: self.rig.pins.drive(answer, self.rig.pins.level(output) is not True)
        )
        mcu.gpio[output].add_listener(lambda *_: alarm.schedule(delay_ms * MS))

    def __enter__(self) -> Self:
        self.rig.__enter__()
        self._stack.callback(self.rig.close)
        self._live: Any = self.rig.background()
        self._live.__enter__()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._live.__exit__(None, None, None)
        self._stack.close()

    @contextmanager
    def _paused(self) -> Iterator[None]:
        """Stop the board's time, so that its rig may be used."""
        self._live.__exit__(None, None, None)
        try:
            yield
        finally:
            self._live = self.rig.background()
            self._live.__enter__()

    def do(self, key: str, _text: str) -> None:
        """As accept.Person: work a contact, or pull the plug."""
        self.said.append(key)
        if key in self.refused:
            return
        with self._paused():
            name, _, position = key.partition(":")
            if name in PINS:
                self.rig.pins.drive(PINS[name], position == "off")
                self.rig.advance(10.0)
            elif key == "cut":
                self._pull_the_plug()

    def _pull_the_plug(self) -> None:
        rig = self.rig
        rig.advance(WRITES_MS)
        rig.flash.cut_at = rig.flash.commands + CUT_AFTER
        if not rig.until(lambda: not rig.engine.on, CUT_S):
            raise RunError("the emulated board did not write, so its power was not cut.")
        rig.power_cut()
        rig.boot()

    def agrees(self, key: str, _text: str) -> bool:
        """As accept.Person: look at the pin's relay."""
        self.said.append(key)
        return key not in self.refused

    def types(self, key: str, _text: str) -> str:
        """As accept.Person: the word that is asked for."""
        self.said.append(key)
        return "" if key in self.refused else "DEAD" if key == "dead" else key
