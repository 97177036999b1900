"""Registers of both RP2 chips: data sheets RP2040 2.2, 2.5.7, 4.7.6, 4.9.6; RP2350 2.2, 12.4.6, 12.6.10, 12.9.6."""

import importlib
import os
from types import SimpleNamespace

import pytest


@pytest.mark.parametrize(
    ("chip", "wanted"),
    [
        (
            "RP2040",
            (
                0x4004C000,
                0x4004C00C,
                0x4004F000,
                36,
                12,
                0x50000444,
                0x50000420,
                15,
                11,
                0x4005800C,
                0x4005B000,
            ),
        ),
        (
            "RP2350",
            (
                0x400A0000,
                0x400A000C,
                0x400A3000,
                48,
                16,
                0x50000464,
                0x50000440,
                17,
                13,
                0x400D800C,
                0x400DB000,
            ),
        ),
    ],
)
def test_registers(chip: str, wanted: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses and shifts, by the name that MicroPython gives the machine."""
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine=f"a board with {chip}"))
    r = importlib.reload(importlib.import_module("hal.rp2_registers"))
    found = (
        r.CS,
        r.FIFO,
        r.CS_CLEAR,
        r.DREQ_ADC,
        r.DMA_CHANNELS,
        r.DMA_ABORT,
        r.DMA_TIMER0,
        r.TREQ_SHIFT,
        r.CHAIN_SHIFT,
    )
    assert (*found, r.SCRATCH0, r.WATCHDOG_CTRL_CLEAR) == wanted
    assert (1 << 28 if chip == "RP2350" else 1 << 30) > r.COUNT_MAX
