"""The lists of the live view: uplinks, downlinks and log, from the newest on, the words of each in as many lines as they need."""

import textwrap
from datetime import datetime, timedelta, timezone

from rich import box
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sim.live import typed_commands, uplink_words

# From this width on, uplinks stand beside downlinks and log.
WIDE = 160
# From this width on, an uplink's bytes are shown.
ROOMY = 110
# From this width on, an uplink's time on the air is.
AIRY = 84
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_OUTCOME_STYLES = {'': 'yellow', 'received': 'green', 'acknowledged': 'green', 'lost': 'red', 'failed': 'bold red'}
_SOURCE_STYLES = {'story': 'bold yellow', 'firmware': 'cyan', 'you': 'bold', 'mqtt': 'magenta', 'write': 'yellow', 'reset': 'bold red',
                  'problem': 'red'}


def clock(utc_s, offset_s=0):
    """Time of day, offset_s east of UTC."""
    return (EPOCH + timedelta(seconds=utc_s + offset_s)).strftime('%H:%M:%S')


def panel(title, content, topic=''):
    """Content in a frame, with a heading."""
    heading = Text(title, style='bold')
    if topic:
        heading.append(' ' + topic, style='not bold dim')
    return Panel(content, title=heading, title_align='left', box=box.ROUNDED, border_style='bright_black', padding=(0, 1))


def section(title, content, topic=''):
    """The same without a frame, where there is little room."""
    heading = Text('── ', style='bright_black', no_wrap=True, overflow='crop')
    heading.append(title, style='bold')
    if topic:
        heading.append(' ' + topic, style='dim')
    heading.append(' ' + '─' * 200, style='bright_black')
    return Group(heading, content)


def _since_join(watch, t_s):
    return None if watch.joined_s is None or t_s is None or t_s < watch.joined_s else t_s - watch.joined_s


class _Rows:
    """Rows of a list from the newest on, as many as fit; the words of each are in as many lines as they need."""

    def __init__(self, rows, width, *columns):
        """columns: the widths before the words; width: of the words."""
        self.room, self._width = rows, max(width, 10)
        self.table = Table.grid(padding=(0, 1), expand=True)
        for one in columns:
            self.table.add_column(no_wrap=True, overflow='crop', width=one)
        self.table.add_column(no_wrap=True, overflow='crop', ratio=1)
        self._found = []

    def add(self, cells, words, style=''):
        """False if there is no room for another."""
        lines = textwrap.wrap(words, self._width) or ['']
        if self._found and len(lines) > self.room:
            return False
        lines = lines[:max(self.room, 1)]
        self._found.append([(cells if place == 0 else [''] * len(cells), Text(line, style=style)) for place, line in enumerate(lines)])
        self.room -= len(lines)
        return self.room > 0

    def made(self, is_newest_last=False):
        """The table."""
        for entry in reversed(self._found) if is_newest_last else self._found:
            for cells, text in entry:
                self.table.add_row(*cells, text)
        return self.table


def uplinks(facts, watch, rows, width, framed):
    """As many rows of them; framed: panel or section."""
    start_utc_s = facts.utc_s - facts.now_s
    inner = width - (4 if framed is panel else 0)
    with_bytes, with_airtime = ROOMY <= width < WIDE, width >= AIRY
    columns = [8, 4, 4] + ([7] if with_airtime else []) + ([22] if with_bytes else [])
    made = _Rows(rows, inner - sum(columns) - len(columns), *columns)
    for entry in reversed(watch.uplinks):
        words = uplink_words.sentence(entry['decoded'], facts.offset_s, _since_join(watch, entry['t']))
        cells = [clock(start_utc_s + entry['t'], facts.offset_s), 'p%d' % entry['f_port'], 'SF%d' % entry['sf']]
        cells += ['%.0f ms' % entry['airtime_ms']] if with_airtime else []
        cells += [Text(entry['hex'], style='dim')] if with_bytes else []
        if not made.add(cells, words + ('' if entry['received'] else ' (lost)'), '' if entry['received'] else 'dim'):
            break
    return framed('Uplinks', made.made() if watch.uplinks else Text('none yet', style='dim'), facts.topic + facts.dialect.up)


def downlinks(facts, watch, rows, width, framed):
    """As many rows of them; framed: panel or section."""
    start_utc_s = facts.utc_s - facts.now_s
    inner = width - (4 if framed is panel else 0)
    columns = (8, 4, 21)
    made = _Rows(rows, inner - sum(columns) - len(columns), *columns)
    for sent in reversed(watch.downlinks):
        outcome = Text(sent.outcome or ('on its way' if sent.is_out else 'queued'), style=_OUTCOME_STYLES[sent.outcome])
        if sent.outcome:
            outcome.append(' ' + clock(start_utc_s + sent.outcome_s, facts.offset_s), style='dim')
        words = sent.words or typed_commands.printable(sent.payload_hex, 40)
        if not made.add([clock(start_utc_s + sent.queued_s, facts.offset_s), 'p%d' % sent.f_port, outcome], words):
            break
    return framed('Downlinks', made.made() if watch.downlinks else Text('none yet: type reset, or publish there', style='dim'),
                   facts.topic + facts.dialect.commands[0])


def log(facts, watch, rows, width, framed):
    """As many rows of it, the newest last; framed: panel or section."""
    start_utc_s = facts.utc_s - facts.now_s
    inner = width - (4 if framed is panel else 0)
    columns = (8, 9)
    made = _Rows(rows, inner - sum(columns) - len(columns), *columns)
    for t_s, source, text in reversed(watch.log):
        look = Text(source, style=_SOURCE_STYLES.get(source, 'dim'))
        if not made.add([clock(start_utc_s + t_s, facts.offset_s), look], text, 'red' if source == 'problem' else ''):
            break
    return framed('Log', made.made(is_newest_last=True))
