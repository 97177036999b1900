"""A register-level ATM90E32AS for tests, written from data sheet Atmel-46003B alone (tables 5 to 15, section 4.2)."""

READ_ONLY = (0x71, 0x72, 0x78, 0x79)  # and everything from 0x80 up to 0xFF
ONES_CLEAR = (0x73, 0x74)
POWER_ON = (
    (0x01, 0x0210), (0x02, 0x0654), (0x05, 0x143F), (0x06, 0xC000), (0x07, 0x0001), (0x08, 0x1000),
    (0x09, 0x0400), (0x0A, 0xFFFF), (0x0B, 0xC000), (0x0C, 0x1324), (0x0D, 0x13EC), (0x0E, 0x010F),
    (0x22, 5000), (0x23, 25), (0x31, 0x0861), (0x32, 0xC468), (0x33, 0x0087), (0x61, 0x8000),
    (0x62, 0x8000), (0x65, 0x8000), (0x66, 0x8000), (0x69, 0x8000), (0x6A, 0x8000),
)  # fmt: skip


class Chip:
    """The chip with its SPI pins: `cs(level)`, `write_readinto(out, into)`, `write(out)`.

    Faults are told by the number of the transfer, counted from 0 at `arm()`: `flip` (number, bit) inverts one bit of
    its answer, `dead` (first, stop, byte) makes answers all one byte, `deaf` (first, stop) lets the chip
    miss transfers, `update` (number, address, value, ...) changes registers after a transfer.
    """

    def __init__(self):
        self.regs = [0] * 0x400
        self.power_w = [0, 0, 0]
        self.power_var = [0, 0, 0]
        self.absent = -1  # 0x00 or 0xFF: nothing answers
        self.transfers = 0
        self.resets = 0
        self._carry = [0] * 6  # microjoules and microvar-seconds below one count
        self.arm()
        self.power_up()

    def arm(self, flip=(-1, 0), dead=(0, 0, 0), deaf=(0, 0), update=(-1,)):
        """Set the faults to come, counted from now; without arguments: none."""
        self.number = -1
        self.flip, self.dead, self.deaf, self.update = flip, dead, deaf, update

    def power_up(self):
        """Reset: registers to their power-on values, energies gone (3.3.3)."""
        for address in range(0x400):
            if not 0xB0 <= address <= 0xFF:
                self.regs[address] = 0
        for address, value in POWER_ON:
            self.regs[address] = value
        for k in range(6):
            self._carry[k] = 0
        self.golden = -1
        self.selected = False
        self.resets += 1

    def cs(self, level):
        """Select (0), or end the transfer (1): a write takes effect then, of exactly 32 clocks (4.2.2)."""
        if level:
            if self.selected and self.count == 4 and not self.address & 0x8000 and self.hears:
                self.write_register(self.address & 0x3FF, self.data)
            if self.selected:
                self.after()
            self.selected = False
            return
        self.selected = True
        self.number += 1
        self.transfers += 1
        self.hears = self.absent < 0 and not self.deaf[0] <= self.number < self.deaf[1]
        self.count = self.address = self.data = self.answer = 0

    def after(self):
        """Let registers change between two transfers, where `update` says so."""
        if self.number == self.update[0]:
            for i in range(1, len(self.update), 2):
                self.regs[self.update[i]] = self.update[i + 1]

    def write_readinto(self, out, into):
        """Exchange bytes."""
        assert self.selected, "cs must be low"
        assert len(out) == len(into), "machine.SPI wants buffers of one length"
        for i in range(len(out)):
            into[i] = self.exchange(out[i])

    def write(self, out):
        """Take bytes and throw the answers away."""
        assert self.selected
        for byte in out:
            self.exchange(byte)

    def exchange(self, byte):
        """Shift one byte in and one out."""
        answer = 0xFF  # high impedance, pulled up
        if self.count < 2:
            self.address = self.address << 8 | byte
        else:
            self.data = self.data << 8 | byte
            if self.address & 0x8000 and self.hears:
                answer = self.answer >> 8 if self.count == 2 else self.answer & 0xFF
        self.count += 1
        if self.count == 2 and self.address & 0x8000 and self.hears:
            self.answer = self.read_register(self.address & 0x3FF)
        return self.spoiled(answer)

    def spoiled(self, answer):
        """Apply the faults of the line to one byte that the chip sends."""
        at = self.count - 1
        if self.number == self.flip[0] and at >= 2 and self.flip[1] // 8 == 3 - at:
            answer ^= 1 << self.flip[1] % 8
        if self.dead[0] <= self.number < self.dead[1]:
            answer = self.dead[2]
        return answer if self.absent < 0 else self.absent

    def read_register(self, address):
        """Read as the chip does: LastSPIData first, then read-to-clear."""
        value = self.regs[address]
        if address == 0x70:
            value = 0
        elif address == 0x79:
            value |= 1 if self.golden >= 0 and self.digest() != self.golden else 0
        elif address == 0x7A:
            value = self.digest()
        self.regs[0x78] = value
        if 0x80 <= address <= 0xAF:
            self.regs[address] = 0
        return value

    def write_register(self, address, value):
        """Write as the chip does: settings only with the access key, status by ones."""
        self.regs[0x78] = value
        if address == 0x70:
            if value == 0x789A:
                self.power_up()
        elif address in ONES_CLEAR:
            self.regs[address] &= ~value
        elif address == 0x7F:
            self.regs[address] = value
            self.golden = -1 if value == 0x55AA else self.digest()
        elif address <= 0x6F:
            if self.regs[0x7F] == 0x55AA:
                self.regs[address] = value
        elif address not in READ_ONLY and not 0x80 <= address <= 0xFF:
            self.regs[address] = value

    def digest(self):
        """Return the CRC over the user settings, x16 + x12 + x5 + 1 (5.2.1); the seed is not published."""
        crc = 0
        for address in range(0x70):
            crc ^= self.regs[address]
            for _ in range(16):
                crc = (crc << 1 ^ 0x1021) & 0xFFFF if crc & 0x8000 else crc << 1
        return crc

    def put(self, address, value):
        """Set a measured register pair: a signed 32-bit value, low word 16 addresses above."""
        self.regs[address] = value >> 16 & 0xFFFF
        self.regs[address + 16] = value & 0xFFFF

    def run(self, span_ms):
        """Let energy flow: power_w and power_var over a span, as 3.5.1 counts it."""
        if not self.regs[0x00]:
            return
        count_uj = (self.regs[0x31] << 16 | self.regs[0x32]) * 2 // 25  # 46103A 4.2.2: 140625000 is 11.25 J
        for k in range(6):
            power = self.power_w[k] if k < 3 else self.power_var[k - 3]
            base = (0x81 if k < 3 else 0x89) + k % 3
            total = self._carry[k] + power * span_ms * 1000
            counts = abs(total) // count_uj
            self._carry[k] = abs(total) % count_uj * (1 if total >= 0 else -1)
            self.regs[base if total >= 0 else base + 4] += counts
