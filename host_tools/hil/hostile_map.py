"""A hostile SunSpec device behind Modbus TCP: maps whose ids, lengths and counts lie, answers that are spoiled."""

from struct import pack, unpack_from

from host_tools.hil.hostile import Mutator, Wire
from host_tools.sunspec.maps import BASE, standard, standard_map, values
from islet.drivers.modbus_tcp import ADU_MAX

WORDS = (0, 1, 2, 3, 4, 16, 64, 101, 103, 125, 160, 701, 705, 711, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF)
SHORT_CHAINS = ((1, 103), (1, 120, 160), (1, 705, 711), (1, 802, 804), (1, 1, 1), (1, 64900))
_EXCEPTIONS = 0.01  # share of the answers that refuse
_SPOILED = 0.004  # share of those that are spoiled as a frame


class HostileDevice(Wire):
    """Answers reads from a map that is spoiled anew by `change`; `frames` counts its answers."""

    def __init__(self, seed: int) -> None:
        super().__init__(ADU_MAX)
        self.frames = 0
        self.spoiling = True
        self._mutator = Mutator(seed)
        self._random = self._mutator.random
        self._maps = [*standard().values(), *(standard_map(ids, values(seed)) for ids in SHORT_CHAINS)]
        self._words: dict[int, int] = dict(self._maps[0])

    def change(self) -> None:
        """Take another map, with some registers changed, those that hold the chain together most of all."""
        self._words = dict(self._random.choice(self._maps))
        heads = self._heads()
        for _ in range(self._random.choice((0, 1, 1, 2, 5, 50))):
            chosen = self._random.choice(heads) + self._random.randrange(8)
            address = chosen if self._random.random() < 0.8 else self._random.choice(list(self._words))
            self._words[address] = self._word()
        if self._random.random() < 0.1:
            shift = self._random.choice((-BASE, 50000 - BASE, 65535 - BASE - len(self._words), 1))
            self._words = {address + shift: word for address, word in self._words.items()}
        if self._random.random() < 0.1:
            last = max(self._words)
            self._words = {
                a: word for a, word in self._words.items() if a < last - self._random.randrange(60)
            }

    def _heads(self) -> list[int]:
        heads, address = [BASE], BASE + 2
        while address + 1 in self._words and self._words[address] != 0xFFFF:
            heads.append(address)
            address += 2 + self._words[address + 1]
        return heads

    def _word(self) -> int:
        return self._random.choice(WORDS) if self._random.random() < 0.7 else self._random.randrange(0x10000)

    async def send(self, buf: bytearray, n: int) -> None:
        """Take a read, and have its answer come."""
        await super().send(buf, n)
        self.frames += 1
        transaction, _, _, unit, function, address, count = unpack_from(">HHHBBHH", buf, 0)
        data = self._data(address, count)
        refused = data is None or (self.spoiling and self._random.random() < _EXCEPTIONS)
        pdu = (
            bytes([function | 0x80, self._code()])
            if refused
            else bytes([function, 2 * count]) + (data or b"")
        )
        answer = pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu
        if self.spoiling and self._random.random() < _SPOILED:
            answer = self._mutator.spoiled(answer)
        self.left = answer

    def _code(self) -> int:
        return self._random.choice((1, 2, 2, 2, 3, 4, 5, 6, 10, 11, 0, 255)) if self.spoiling else 2

    def _data(self, address: int, count: int) -> bytes | None:
        """Return registers; None, or those that are there and noise, when some are not."""
        wanted = range(address, address + count)
        there = [a in self._words for a in wanted]
        if not all(there) and (not self.spoiling or self._random.random() < 0.8):
            return None
        return pack(f">{count}H", *(self._words.get(a, 0xFFFF) for a in wanted))
