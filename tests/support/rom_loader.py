"""The loader in the ROM of an ESP32-S3 behind a pseudo-terminal, as far as esptool needs it: it takes code into its memory, erases, writes and
digests its flash. Protocol: Espressif's "Serial Protocol". It may become a MicroPython when it is reset."""
import hashlib
import os
import pty
import select
import struct
import threading
import tty
import zlib

ESP32_S3, ESP32_C3 = 9, 5
FLASH_SIZE = 8 << 20
FLASH_ID = 0x1740C8         # its third byte is the binary logarithm of the size
SPI = 0x60002000
SPI_COMMAND, SPI_W0 = SPI, SPI + 0x58
(FLASH_BEGIN, FLASH_DATA, FLASH_END, MEM_BEGIN, MEM_END, MEM_DATA, SYNC, WRITE_REG, READ_REG) = range(2, 11)
SPI_SET_PARAMS, SPI_ATTACH, CHANGE_BAUDRATE, DEFL_BEGIN, DEFL_DATA, DEFL_END, MD5, SECURITY = 0x0B, 0x0D, 0x0F, 0x10, 0x11, 0x12, 0x13, 0x14
ERASE_FLASH, ERASE_REGION = 0xD0, 0xD1


class RomLoader:
    """port: the terminal. chip: its number in images. flash: its content. is_deaf: the button was not held. spoil: a byte of what is written
    turns over. erased, written: what was done. on_end(): all is written and it starts."""

    def __init__(self, chip=ESP32_S3, is_deaf=False, spoil=False, on_end=lambda: None):
        self.chip, self.is_deaf, self.spoil, self.on_end = chip, is_deaf, spoil, on_end
        self.flash = bytearray(b"\x00" * FLASH_SIZE)
        self.erased = self.written = 0
        self._in_ram = False        # the stub of esptool runs, which answers shorter than the ROM
        self._registers = {}
        self._at = 0
        self._inflate = None
        self._master, self._terminal = pty.openpty()
        tty.setraw(self._terminal)
        self.port = os.ttyname(self._terminal)
        self._wake, self._end = os.pipe()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self):
        os.write(self._end, b".")
        self._thread.join()
        for fd in (self._master, self._terminal, self._wake, self._end):
            os.close(fd)

    def _serve(self):
        packet, escaped = None, False
        while True:
            ready, _, _ = select.select([self._master, self._wake], [], [])
            if self._wake in ready:
                return
            for byte in os.read(self._master, 65536):
                if byte == 0xC0:
                    if packet:
                        self._packet(bytes(packet))
                    packet = bytearray() if not packet else None
                elif packet is not None:
                    if byte == 0xDB:
                        escaped = True
                    else:
                        packet.append({0xDC: 0xC0, 0xDD: 0xDB}[byte] if escaped else byte)
                        escaped = False

    def _say(self, data):
        os.write(self._master, b"\xc0" + data.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0")

    def _packet(self, packet):
        if self.is_deaf or len(packet) < 8 or packet[0] != 0:
            return
        command, data = packet[1], packet[8:]
        value, answer, is_right = self._obey(command, data)
        status = (b"\0\0" if is_right else b"\1\5") + (b"" if self._in_ram else b"\0\0")
        for _ in range(8 if command == SYNC else 1):
            self._say(struct.pack("<BBHI", 1, command, len(answer) + len(status), value) + answer + status)
        if command == MEM_END:
            self._in_ram = True
            self._say(b"OHAI")
        if command in (DEFL_END, FLASH_END):
            self.on_end()

    def _obey(self, command, data):
        """(value, bytes of the answer, was it right)"""
        words = struct.unpack_from("<%dI" % (len(data) // 4), data)
        if command == READ_REG:
            return (FLASH_ID if words[0] == SPI_W0 else self._registers.get(words[0], 0)), b"", True
        if command == WRITE_REG:
            if words[0] != SPI_COMMAND:     # a command is over before anybody looks
                self._registers[words[0]] = words[1]
        elif command == SECURITY:
            return 0, struct.pack("<IB7sII", 0, 0, bytes(7), self.chip, 0), True
        elif command == ERASE_FLASH:
            self.erased += 1
            self.flash[:] = b"\xff" * FLASH_SIZE
        elif command in (DEFL_BEGIN, FLASH_BEGIN):
            self._at, self._inflate = words[3], zlib.decompressobj()
        elif command in (DEFL_DATA, FLASH_DATA):
            self._write(data[16:], command == DEFL_DATA)
        elif command == MD5:
            return 0, hashlib.md5(self.flash[words[0]:words[0] + words[1]]).digest(), True
        elif command not in (SYNC, MEM_BEGIN, MEM_DATA, MEM_END, SPI_SET_PARAMS, SPI_ATTACH, CHANGE_BAUDRATE, DEFL_END, FLASH_END):
            return 0, b"", False
        return 0, b"", True

    def _write(self, data, is_packed):
        content = self._inflate.decompress(data) if is_packed else data
        if self.spoil and content:
            content = bytes((content[0] ^ 1,)) + content[1:]
        self.flash[self._at:self._at + len(content)] = content
        self._at += len(content)
        self.written += len(content)
