"""What an image is made of: flash and RAM, and the frozen modules byte by byte."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from host_tools.errors import InputError
from host_tools.provision.firmware.elf import SHT_NOBITS, Elf, Symbol

OURS = ("islet", "hal", "umqtt", "board.py", "boot.py", "main.py")
BUDGET_BYTES = 256_000  # for what is ours
NAMES = "(names)"  # strings that more than one module may use
TABLES = (
    "(functions and classes)"  # boards/rp2_build/rom.c: what would otherwise be made in RAM at each start
)
TABLE_PREFIX = "rom_"
FROZEN_FILE = "frozen_content.c"
_KIND = re.compile(
    r"(?:frozen_module|const_qstr_table_data|const_obj_table_data|proto_fun|fun_data|children|raw_code|rodata|prelude)_"
    r"|const_(?:obj|str|bytes|long_int|float|int|list|tuple|dict|slice)_"
)


@dataclass(frozen=True)
class Sizes:
    """Bytes of an image: text (code, constants), data and bss in RAM, heap left to Python, flash, frozen modules."""

    text: int
    data: int
    bss: int
    heap: int
    flash: int
    modules: dict[str, int]  # by name on the board, "islet/node.py"; NAMES and TABLES

    @property
    def frozen(self) -> int:
        """Everything frozen: MicroPython's own modules, strings and tables too."""
        return sum(self.modules.values())

    @property
    def ours(self) -> int:
        """Frozen code of this project with all strings, without the tables."""
        return sum(size for name, size in self.modules.items() if name == NAMES or name.split("/")[0] in OURS)

    def folders(self) -> dict[str, int]:
        """Return bytes of frozen code by folder, the largest first."""
        found: Counter[str] = Counter()
        for name, size in self.modules.items():
            found[name.rpartition("/")[0] or name] += size
        return dict(found.most_common())


def sizes(path: Path) -> Sizes:
    """Return the sizes of a linked image; InputError when it is none of MicroPython with frozen modules."""
    elf = Elf(path)
    symbols = {symbol.name: symbol for symbol in elf.symbols if not symbol.file}
    for name in ("mp_frozen_names", "mp_qstr_frozen_const_pool", "__GcHeapStart", "__GcHeapEnd"):
        if name not in symbols:
            raise InputError(f"{path} has no {name}; it is not an image of MicroPython for an RP2 chip.")
    kept = [section for section in elf.sections if section.allocated]
    stored = sum(
        section.size for section in kept if section.kind != SHT_NOBITS and _in_flash(section.address)
    )
    data = sum(
        section.size for section in kept if section.kind != SHT_NOBITS and not _in_flash(section.address)
    )
    bss = sum(section.size for section in kept if section.name == ".bss")
    heap = symbols["__GcHeapEnd"].address - symbols["__GcHeapStart"].address
    return Sizes(stored, data, bss, heap, stored + data, _modules(elf, symbols))


def _in_flash(address: int) -> bool:
    return 0x10000000 <= address < 0x20000000


def _modules(elf: Elf, symbols: dict[str, Symbol]) -> dict[str, int]:
    """Return bytes by frozen module; what belongs to no module is NAMES."""
    names = symbols["mp_frozen_names"]
    listed = elf.read(names.address, names.size).split(b"\0")
    by_symbol = {re.sub(r"\W", "_", name[:-3]): name for name in (word.decode() for word in listed) if name}
    found: Counter[str] = Counter(dict.fromkeys(by_symbol.values(), 0))
    for symbol in elf.symbols:
        ours = symbol.file == FROZEN_FILE or symbol.name.startswith(("mp_frozen_", "mp_qstr_frozen_"))
        if ours and not symbol.name.startswith("$") and _in_flash(symbol.address):
            rest = TABLES if symbol.name.startswith(TABLE_PREFIX) else NAMES
            found[by_symbol.get(_owner(symbol.name, by_symbol), rest)] += symbol.size
    found[NAMES] += _strings(elf, symbols["mp_qstr_frozen_const_pool"].address)
    return dict(found.most_common())


def _owner(symbol: str, modules: dict[str, str]) -> str:
    """Return the longest module's name that the symbol's begins with, after its kind; "" for none."""
    rest = _KIND.sub("", symbol, count=1) if _KIND.match(symbol) else ""
    words = rest.split("_")
    cuts = ("_".join(words[:n]) for n in range(len(words), 0, -1))
    return next((cut for cut in cuts if cut in modules), "")


def _strings(elf: Elf, pool: int) -> int:
    """Return the bytes of a pool's strings, which have no symbols: py/qstr.h, qstr_pool_t."""
    count, lengths = elf.word(pool + 12), elf.word(pool + 20)
    return sum(elf.read(lengths, count)) + count


def table(found: Sizes, flash_bytes: int) -> list[str]:
    """Return lines for a person: frozen code by folder, then flash and RAM."""
    lines = [f"  {name:28} {size:9,}" for name, size in found.folders().items()]
    share = f"{100 * found.ours / BUDGET_BYTES:.0f} % of {BUDGET_BYTES:,}"
    return [
        "frozen by folder             bytes",
        *lines,
        f"  {'all that is frozen':28} {found.frozen:9,}",
        f"  {'of it our code':28} {found.ours:9,}  ({share})",
        f"flash: image {found.flash:,}, left below the file system {flash_bytes - found.flash:,}",
        f"RAM: data {found.data:,}, bss {found.bss:,}, left to Python's heap {found.heap:,}",
    ]
