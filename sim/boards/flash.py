"""Models of a board's flash: contents after a power cut for each way of storing records, wear, and the duration of a write.

A Recording lists the writes of a run; cuts() gives what a boot would find after a cut in any of them. Nvs is the ESP32's key-value
store at the level of pages and entries, to count erase cycles.
"""

from sim.boards.simulated_board import Flash

# A record as it may be found: (what happened, value or None).


def _atomic(old, new):
    """A file written aside, synced and renamed (Linux, littlefs), or an entry that is valid with its last byte (NVS)."""
    return [('before', old), ('after', new)]


def _in_place(old, new):
    """FAT: a file is emptied and then filled, or removed and then renamed; sectors may hold the old, nothing, or something else."""
    was = b'' if old is None else old
    found = [('before', old), ('after', new), ('removed', None), ('empty', b'')]
    for at in sorted({1, 5, 11, len(new) // 2, len(new) - 1} & set(range(1, len(new)))):
        head = new[:at]
        rest = len(new) - at
        found += [('cut at %d' % at, head), ('cut at %d, old rest' % at, head + was[at:]), ('cut at %d, erased rest' % at, head + b'\xff' * rest),
                  ('cut at %d, old head' % at, was[:at] + new[at:]), ('cut at %d, foreign rest' % at, head + bytes(range(256))[:rest])]
    return found


KINDS = {'file': _atomic, 'nvs': _atomic, 'fat': _in_place}


def remains(kind, old, new):
    """Possible remains of the record after a cut while new is written over old: [(how, value or None)], each value once."""
    found = {}
    for how, value in KINDS[kind](old, new):
        found.setdefault(value, how)
    return [(how, value) for value, how in found.items()]


class Cut:
    """One power cut. number: of the write, from 0; t_s: its time; kind, how: see remains(); name: its record; flash: the remaining records."""

    def __init__(self, number, t_s, kind, how, name, flash):
        self.number = number
        self.t_s = t_s
        self.kind = kind
        self.how = how
        self.name = name
        self.flash = flash

    def __repr__(self):
        return '<cut in write %d of %s at %.3f s on %s: %s>' % (self.number, self.name, self.t_s, self.kind, self.how)


class Recording:
    """Every write to a flash: (t_s, name, old or None, new). kernel: the clock of its world."""

    def __init__(self, flash, kernel):
        self.before = dict(flash.records)
        self.writes = []
        self._kernel = kernel
        flash.on_put = self._on_put

    def _on_put(self, name, old, new):
        self.writes.append((self._kernel.now_us / 1000000, name, old, new))


def cuts(recording, kinds=tuple(KINDS)):
    """Yield every Cut in every write of a recording, in order, for each kind of store."""
    records = dict(recording.before)
    for number, (t_s, name, old, new) in enumerate(recording.writes):
        for kind in kinds:
            for how, value in remains(kind, old, new):
                yield Cut(number, t_s, kind, how, name, Flash(with_value(records, name, value)))
        records[name] = new


def with_value(records, name, value):
    """A copy of records in which name holds value, or is missing for None."""
    changed = dict(records)
    if value is None:
        changed.pop(name, None)
    else:
        changed[name] = value
    return changed


# --- wear

# ESP-IDF, NVS: a page is a sector of 4 KB with room for 126 entries of 32 bytes.
ENTRIES = 126
ENTRY_BYTES = 32
# esp32/lib/partitions_8MB.csv of the LoPy4's firmware: 0x7000 bytes.
LOPY4_PAGES = 7


def nvs_entries(length):
    """Entries of a value of that many bytes as the LoPy4 keeps it: a string in base64 with newline and NUL, and one for the key."""
    characters = (length + 2) // 3 * 4 + 2
    return 1 + -(-characters // ENTRY_BYTES)


class Nvs:
    """Pages that are filled entry by entry and erased as a whole. erases: cycles of each page.

    A new value is written behind all others and the old one marked; when but one free page is left, the page with the most marked
    entries is copied to it and erased.
    """

    def __init__(self, pages=LOPY4_PAGES):
        self.erases = [0] * pages
        self._live = [{} for _ in range(pages)]
        self._used = [0] * pages
        self._free = list(range(1, pages))
        self._busy = [0]    # the longest filled first: among equals it is the one to be erased
        self._page = 0

    def put(self, name, entries):
        """Write a value of that many entries; ValueError if there is no room."""
        for _ in self.erases:
            if self._used[self._page] + entries <= ENTRIES:
                break
            self._next_page()
        else:
            raise ValueError('full')
        for live in self._live:
            live.pop(name, None)
        self._live[self._page][name] = entries
        self._used[self._page] += entries

    def _next_page(self):
        page = self._free.pop(0)
        if not self._free:
            victim = min(self._busy, key=lambda number: sum(self._live[number].values()))
            self._live[page] = self._live[victim]
            self._used[page] = sum(self._live[page].values())
            self._live[victim] = {}
            self._used[victim] = 0
            self.erases[victim] += 1
            self._free.append(victim)
            self._busy.remove(victim)
        self._busy.append(page)
        self._page = page


# littlefs, of which the two blocks of a directory take a commit each for: file made, file closed, file renamed.
_COMMIT_BYTES = 3 * 96
_BLOCK_BYTES = 4096


def littlefs_erases(writes, free_blocks=64):
    """Erase cycles of a block after that many writes of records below a block's size, worn evenly over the free blocks: one for the record
    itself, and the directory's when its commits fill half a block (the other half is what lives)."""
    return writes * (1 + _COMMIT_BYTES / (_BLOCK_BYTES / 2)) / free_blocks


# --- time

# A flash chip erases a sector of 4 KB in 45 ms (typical of W25Q and its like); the board hears only what its UARTs' FIFOs hold meanwhile.
ERASE_US = 45000
# NVS writes entries; a full page is copied and erased, rarely.
NVS_PUT_US = 1000
NVS_ENTRY_US = 100
# A record in a file on littlefs, as measured on an emulated RP2040 with MicroPython 1.24 and 1.28: three commits to its directory at least; at most
# where the directory is rewritten, its blocks erased.
LITTLEFS_PUT_US = 22000
LITTLEFS_LONGEST_US = 317000


def blob_entries(length):
    """Entries of a value in esp32.NVS, a blob with one byte before it: one for its index, one for its chunk."""
    return 2 + -(-(length + 1) // ENTRY_BYTES)


class NvsTimes:
    """entries: of a value by its length."""

    def __init__(self, entries=nvs_entries, pages=LOPY4_PAGES):
        self._entries = entries
        self._nvs = Nvs(pages)

    def usual_us(self, length):
        """Without a page that is full."""
        return NVS_PUT_US + NVS_ENTRY_US * self._entries(length)

    def put_us(self, name, length):
        """(microseconds that the next record takes, those of them in which the chip erases)."""
        erases = sum(self._nvs.erases)
        self._nvs.put(name, self._entries(length))
        erased = sum(self._nvs.erases) - erases
        return self.usual_us(length) + erased * (ERASE_US + ENTRIES * NVS_ENTRY_US), erased * ERASE_US


class LittlefsTimes:
    """After a fixed number of records the directory is rewritten."""

    def __init__(self):
        self._commits = 0

    def put_us(self, name, length):
        """(microseconds that the next record takes, those of them in which the chip erases)."""
        self._commits += _COMMIT_BYTES
        if self._commits < _BLOCK_BYTES // 2:
            return LITTLEFS_PUT_US, 0
        self._commits = 0
        return LITTLEFS_LONGEST_US, (LITTLEFS_LONGEST_US - LITTLEFS_PUT_US) // ERASE_US * ERASE_US


# By board.
TIMES = {'lopy4': NvsTimes, 'esp32': lambda: NvsTimes(blob_entries, 6), 'rp2': LittlefsTimes}
