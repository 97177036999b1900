"""What the tests on the emulated RP2040 share: places, the files of the sampler, inputs that count."""

from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HAL = ("__init__", "kernels_rows", "kernels_viper", "rp2_registers", "rp2_ring", "rp2_adc")
Compile = Callable[[Path], bytes]


class Counter:
    """Inputs that tell each sample apart: bits 0..1 the input, bits 2..11 its number, of input 1 its higher digit."""

    def __init__(self) -> None:
        self.taken = [0, 0, 0, 0, 0]

    def __call__(self, channel: int, time_s: float) -> int:
        """Return the next code of a channel."""
        number = self.taken[channel]
        self.taken[channel] += 1
        return ((number >> (10 if channel == 1 else 0)) & 1023) << 2 | channel & 3
