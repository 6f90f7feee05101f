"""The board's main.py: starts the firmware in the slot, a or b, named by the newest complete record (docs/flashing.md).

A new version is on trial: it has a few boots in which to run for a minute, then the one before is started again.
"""

import sys

# Two copies, written in turn: a cut during one leaves the other. A record is `number slot boots other sum`: the highest number counts;
# boots are those left to a version on trial, '-' none, for it has proven itself; other is the slot before, '-' if there is none.
RECORDS = ('slot.0', 'slot.1')
SLOTS = ('a', 'b')
NONE = '-'
BOOTS = 3
# Time for the console to interrupt a board that restarts again and again.
WAIT_MS = 5000


def _sum(text):
    """Adler-32, which every board can count by itself."""
    low, high = 1, 0
    for char in text:
        low = (low + ord(char)) % 65521
        high = (high + low) % 65521
    return '%04x%04x' % (high, low)


def pack(number, slot, boots, other):
    """The text of a record."""
    text = '%d %s %s %s' % (number, slot, boots, other)
    return text + ' ' + _sum(text)


def unpack(text):
    """(number, slot, boots, other) of a record's text, boots a number or '-'; None if it is not whole."""
    fields = text.split(' ')
    if len(fields) != 5 or _sum(' '.join(fields[:4])) != fields[4]:
        return None
    return int(fields[0]), fields[1], fields[2] if fields[2] == NONE else int(fields[2]), fields[3]


def newest(texts):
    """(the record in force or None, index of the copy to write next) of the texts of both copies."""
    found = [unpack(text) for text in texts]
    if found[1] is not None and (found[0] is None or found[1][0] > found[0][0]):
        return found[1], 0
    return found[0], 1


def read():
    """The texts of both copies, '' for what cannot be read."""
    texts = []
    for name in RECORDS:
        try:
            with open(name) as file:
                texts.append(file.read())
        except (OSError, UnicodeError):
            texts.append('')
    return texts


def write(slot, boots, other):
    """Name a slot from now on. A flash that fails leaves what was."""
    record, copy = newest(read())
    try:
        with open(RECORDS[copy], 'w') as file:
            file.write(pack(record[0] + 1, slot, boots, other))
    except OSError as error:
        sys.stdout.write('record: %s\n' % error)


def choose():
    """(slot, is it on trial?) to start now, and that is written down; (None, False) if there is none."""
    record, _ = newest(read())
    if record is None:
        return None, False
    slot, boots, other = record[1:]
    if boots == NONE:
        return slot, False
    if boots > 0:
        write(slot, boots - 1, other)
        return slot, True
    sys.stdout.write('slot %s did not run for a minute in %d boots\n' % (slot, BOOTS))
    write(other, NONE, NONE)
    return other, False


def run():
    """Start the slot that is due. Comes back only if its settings are wrong and there is no other to go back to."""
    slot, on_trial = choose()
    if slot is None:
        sys.stdout.write('no firmware here yet: make flash\n')
        return
    sys.stdout.write('slot %s%s\n' % (slot, ' on trial' if on_trial else ''))
    # No other folder of the firmware is importable: a module missing in a slot is not found elsewhere.
    sys.path[:] = [slot, '.frozen']
    try:
        import main
        main.run((lambda: write(slot, NONE, NONE)) if on_trial else None)
        if not on_trial:
            return
    except Exception as error:
        report(error)
    again()


def report(error):
    """The trace on the console."""
    if hasattr(sys, 'print_exception'):
        sys.print_exception(error)
    else:
        sys.stdout.write('%s %s\n' % (type(error).__name__, error))


def again():
    """Reset, a little later."""
    import machine
    import time
    sys.stdout.write('starts again in %d s\n' % (WAIT_MS // 1000))
    time.sleep_ms(WAIT_MS)
    machine.reset()


if __name__ == '__main__':
    run()
