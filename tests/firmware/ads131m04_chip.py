"""A register-level ADS131M04 for tests, written from data sheet TI SBAS890D alone (sections 8.4 to 8.6)."""

REGISTERS_END = 0x1D
POWER_ON = ((0x02, 0x0510), (0x03, 0x0F0E), (0x06, 0x0600))
GAIN_CALIBRATIONS = (0x0C, 0x11, 0x16, 0x1B)  # 0x8000 at power-on
RATIOS = (128, 256, 512, 1024, 2048, 4096, 8192, 16256)
UNSETTLED = 77 << 8  # what sets of a filter that has not settled are off by
TICKS = (1 << 30) - 1


def ramp(n, channel):
    """Return the 24-bit code of set n: its window code is 32768 + n % 4096 + 4096 * channel - 8192."""
    return (n % 4096 + 4096 * channel - 8192) << 8


class Chip:
    """The chip with SPI pins `cs(level)`, `write_readinto(out, into)`, its DRDY by `ready()`, and the host's clock.

    Time passes (in nanoseconds) by each byte, each call of `ready` and of `ticks_us`, and by `advance`.
    `lost` counts sets that were made and dropped unread. Faults: `flip` (frame, bit), `dead` (first, stop, byte),
    counted from `arm`; `absent`, `stopped` (no conversions), `stuck_low`, `deny` (a register that takes no write).
    """

    def __init__(self, clkin_hz=8_192_000, source=ramp, keeps_oldest=False):
        self.clkin_hz = clkin_hz
        self.source = source
        self.keeps_oldest = keeps_oldest
        self.regs = [0] * 64
        self.fifo = [0, 0]
        self.off = [0, 0]
        self.frame = bytearray(3 * 70)
        self.heard = bytearray(3 * 70)
        self.now_ns = ((1 << 30) - 3000) * 1000  # the host's microseconds wrap soon
        self.poll_ns, self.byte_ns, self.tick_ns = 3000, 1000, 1000
        self.id = 0x2451
        self.absent = self.deny = -1
        self.stopped = self.stuck_low = self.selected = False
        self.arm()
        self.power_up()

    def arm(self, flip=(-1, 0), dead=(0, 0, 0)):
        """Set the faults to come, counted from now; without arguments: none."""
        self.number = -1
        self.flip, self.dead = flip, dead

    def power_up(self):
        """Reset: registers to their power-on values, conversions begin anew (8.4.1)."""
        for address in range(64):
            self.regs[address] = 0
        for address, value in POWER_ON:
            self.regs[address] = value
        for address in GAIN_CALIBRATIONS:
            self.regs[address] = 0x8000
        self.locked = self.standby = self.flag_map = self.flag_crc = False
        self.command = self.acknowledge = self.made = self.lost = self.waiting = self.latest = 0
        self.blocked = False
        self.restart(2)
        self.flag_resync = False

    def restart(self, unsettled):
        """Start the filters anew: so many sets are not settled (8.4.2, 8.5.2)."""
        turbo = self.regs[0x03] & 0x20
        self.ratio = 64 if turbo else RATIOS[self.regs[0x03] >> 2 & 7]
        self.period_ns = self.ratio * 2_000_000_000 // self.clkin_hz
        self.next_ns = self.now_ns + self.period_ns + 300 * 2_000_000_000 // self.clkin_hz
        self.unsettled = unsettled
        self.flag_resync = True

    def advance(self, span_ns):
        """Let time pass and sets be made."""
        self.now_ns += span_ns
        while self.now_ns >= self.next_ns:
            self.next_ns += self.period_ns
            if not self.stopped and not self.standby and self.absent < 0:
                self.make()

    def make(self):
        """Put one more set into the FIFO of two; DRDY is not pulsed while data are read (8.5.1.5)."""
        if self.waiting == 2:
            self.lost += 1
            if not self.keeps_oldest:
                self.shift()
        if self.waiting < 2:
            self.fifo[self.waiting] = self.made
            self.off[self.waiting] = UNSETTLED if self.unsettled else 0
            self.waiting += 1
        self.blocked = self.selected
        self.made += 1
        self.unsettled = max(self.unsettled - 1, 0)

    def shift(self):
        """Drop the oldest set of the FIFO."""
        self.fifo[0], self.off[0] = self.fifo[1], self.off[1]
        self.waiting -= 1

    def ready(self):
        """Return whether DRDY is low."""
        self.advance(self.poll_ns)
        return self.stuck_low or (self.waiting > 0 and not self.blocked and not self.stopped)

    def ticks_us(self):
        """Return the host's microseconds, wrapping at 2**30."""
        self.advance(self.tick_ns)
        return self.now_ns // 1000 & TICKS

    def cs(self, level):
        """Begin a frame (0) or end it (1): commands are latched then (8.5.1.10)."""
        if level:
            if self.selected and self.absent < 0:
                self.finish()
            self.selected = False
            return
        self.selected = True
        self.number += 1
        self.at = 0
        self.compose()

    def write_readinto(self, out, into):
        """Exchange bytes."""
        assert self.selected, "cs must be low"
        assert len(out) == len(into), "machine.SPI wants buffers of one length"
        for i in range(len(out)):
            self.heard[self.at] = out[i]
            into[i] = self.spoiled(self.frame[self.at] if self.at < self.length else 0)
            self.at += 1
            self.advance(self.byte_ns)

    def spoiled(self, answer):
        """Apply the faults of the line to one byte."""
        if self.number == self.flip[0] and self.flip[1] // 8 == self.at:
            answer ^= 0x80 >> self.flip[1] % 8
        if self.dead[0] <= self.number < self.dead[1]:
            answer = self.dead[2]
        return answer if self.absent < 0 else self.absent

    def status(self):
        """Return STATUS (8.6.2)."""
        mode = self.regs[0x02]
        word = 0x8000 if self.locked else 0
        word |= (0x4000 if self.flag_resync else 0) | (0x2000 if self.flag_map else 0)
        word |= (0x1000 if self.flag_crc else 0) | mode & 0x0F00
        return word | (0x0F if self.waiting else 0)

    def compose(self):
        """Lay out the answer to the command before: response, channels (or registers), CRC."""
        command = self.command
        self.tells_status, self.at_word = False, 0
        count = command & 0x7F if command >> 13 == 5 else 0
        if self.acknowledge:
            self.put(self.acknowledge, 0)
        elif command >> 13 == 5:
            if count:
                self.put(0xE000 | command & 0x1FFF, 0)
            for k in range(count + 1):
                self.put(self.register((command >> 7 & 0x3F) + k), 0)
        else:
            self.tells_status = True
            self.put(self.status(), 0)
        if not count:
            oldest = self.fifo[0] if self.waiting else self.latest  # else the one before again
            for k in range(4):
                code = self.source(oldest, k) + (self.off[0] if self.waiting else 0)
                self.put(code >> 8 & 0xFFFF, code & 0xFF)
        self.length = 3 * self.at_word
        self.put(self.crc(self.frame, self.length), 0)
        self.length += 3
        self.carried = self.waiting > 0 and not count

    def put(self, high, low):
        """Append one word of 24 bits."""
        at = 3 * self.at_word
        self.frame[at], self.frame[at + 1], self.frame[at + 2] = high >> 8, high & 0xFF, low
        self.at_word += 1

    def register(self, address):
        """Return a register as RREG does."""
        if address == 0:
            return self.id
        return self.status() if address == 1 else self.regs[address] if address < 64 else 0

    def crc(self, data, length):
        """Return CRC-16 of 8.3.12, bit by bit: x16 + x12 + x5 + 1, or x16 + x15 + x2 + 1 by CRC_TYPE."""
        polynomial = 0x8005 if self.regs[0x02] & 0x0800 else 0x1021
        crc = 0xFFFF
        for i in range(length):
            for bit in range(8):
                top = (crc >> 15) ^ (data[i] >> (7 - bit) & 1)
                crc = crc << 1 & 0xFFFF
                if top:
                    crc ^= polynomial
        return crc

    def finish(self):
        """Take what the frame brought: a set read, flags told, a command."""
        if self.at >= self.length:
            if self.carried:
                self.latest = self.fifo[0]
                self.shift()
            if self.tells_status:
                self.flag_resync = self.flag_map = self.flag_crc = False
        if self.at < 3:
            return
        command = self.heard[0] << 8 | self.heard[1]
        words = command & 0x7F if command >> 13 == 3 else -1
        self.acknowledge = self.command = 0
        if self.regs[0x02] & 0x1000:  # input CRC after the command and its data
            at = 3 * (words + 2)
            if self.crc(self.heard, at) != self.heard[at] << 8 | self.heard[at + 1]:
                self.flag_crc = True
                if words < 0:
                    return
        self.obey(command, words, self.at >= 18)

    def obey(self, command, words, whole):
        """Carry out one command (table 8-11); what is unknown or locked is answered as NULL."""
        if command == 0x0655:
            self.locked = False
            self.acknowledge = command
        elif command >> 13 == 5:
            self.command = command
        elif self.locked:
            return
        elif command == 0x0011:
            if whole:
                self.power_up()
            self.acknowledge = 0xFF24 if whole else command
        elif command in (0x0022, 0x0033, 0x0555):
            self.standby = command == 0x0022 or (self.standby and command != 0x0033)
            self.locked = command == 0x0555
            self.acknowledge = command
        elif words >= 0:
            self.write_registers(command, words)

    def write_registers(self, command, words):
        """Write registers and answer how many were (8.5.1.10.8)."""
        base, before, written = command >> 7 & 0x3F, self.regs[0x03], 0
        for k in range(words + 1):
            address = base + k
            if 2 <= address < REGISTERS_END and address not in (5, self.deny) and self.at >= 3 * (k + 2):
                self.change(address, self.heard[3 * k + 3] << 8 | self.heard[3 * k + 4])
                written += 1
        self.acknowledge = 0x4000 | base << 7 | max(written - 1, 0)
        if (before ^ self.regs[0x03]) & 0x3F:
            self.restart(3)

    def change(self, address, value):
        """Change a register; the register map CRC notices (8.3.13)."""
        if value != self.regs[address]:
            self.regs[address] = value
            self.flag_map = bool(self.regs[0x02] & 0x2000)
