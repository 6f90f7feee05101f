"""The live view: the whole system on one screen of at least 80x24. facts_of() reads the world, render() only draws."""

import io
from collections import namedtuple
from datetime import datetime, timedelta, timezone

from rich import box
from rich.console import Console, Group
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sim.live import typed_commands, story, tonight

# Limit of this project and of the network's fair use, uplink seconds in 24 h; downlinks in 24 h of fair use.
BUDGET_S = 24
FAIR_USE_S = 30
FAIR_DOWNLINKS = 10
# From this width on, uplinks stand beside downlinks and log.
WIDE = 160
# From this width on, an uplink's bytes are shown.
ROOMY = 110
PROMPT = '> '
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_OUTCOME_STYLES = {'': 'yellow', 'received': 'green', 'lost': 'red', 'failed': 'bold red'}
_SOURCE_STYLES = {'story': 'bold yellow', 'firmware': 'cyan', 'you': 'bold', 'mqtt': 'magenta', 'write': 'yellow', 'reset': 'bold red',
                  'problem': 'red'}
# Indicator colours of hal.contract.
LEDS = {0x000000: 'off', 0x00007F: 'blue', 0x007F00: 'green', 0x7F7F00: 'yellow', 0x7F7F7F: 'white', 0x7F007F: 'purple', 0x7F0000: 'red'}

Facts = namedtuple('Facts', (
    'now_s', 'utc_s', 'speed', 'lag', 'code', 'powered', 'key_on', 'contactor', 'plugged', 'next_model', 'drawing', 'session_kwh', 'total_kwh',
    'led', 'active', 'monitor', 'region', 'klass', 'broker', 'broker_connected', 'topic', 'reads', 'tonight'))


def facts_of(world, pace, mqtt, next_model):
    """What the view shows of the world at this moment."""
    charger, now_s = world.box, world.kernel.now_us / 1e6
    indicator = world.board.indicator if world.app is not None else None
    vehicle = charger.vehicle
    arbiter = world.app.arbiter if world.app is not None else None
    utc_s = world.start_utc_s + now_s
    return Facts(
        now_s=now_s, utc_s=utc_s, speed=pace.speed, lag=pace.lag_s > 0.5, code=charger.code, powered=charger.powered,
        key_on=charger.en1, contactor=charger.contactor, plugged=vehicle.model if vehicle else None, next_model=next_model,
        drawing=charger.currents_da, session_kwh=charger.session_wh / 1000, total_kwh=charger.energy_wh / 1000,
        led=indicator.colour if indicator else 0, active=bool(indicator and indicator.active), monitor=world.app is not None,
        region=world.settings.REGION, klass=world.settings.LORAWAN_CLASS, broker='%s:%d' % (mqtt.host, mqtt.port),
        broker_connected=mqtt.connected, topic=mqtt.topic, reads=charger.reads,
        tonight=_tonight_now(arbiter, world.peak.tariff, utc_s, vehicle is not None))


def _tonight_now(arbiter, tariff, utc_s, has_car):
    """arbiter: the firmware's, None while it is down."""
    if arbiter is None:
        return tonight.tonight_of(None, tariff, utc_s, has_car)
    claims = arbiter.claims
    return tonight.tonight_of(arbiter.decision, tariff, utc_s, has_car, (claims.skip_from, claims.skip_until), arbiter.wh_left)


def render(facts, watch, width, height, help_shown=False, typed=''):
    """The screen as a rich renderable of exactly that size."""
    layout = Layout()
    layout.split_column(Layout(_title(facts, width), size=1), Layout(name='body'), Layout(_input(typed, width), size=1))
    if help_shown:
        layout['body'].update(_panel('Commands', Group(*map(Text, typed_commands.help_lines()), Text('Enter goes back', style='dim'))))
        return layout
    body, room = layout['body'], max(height - 2, 3)
    now = Layout(name='now', size=min(8, room))
    now.split_row(Layout(_box_panel(facts, watch)), Layout(_radio_panel(facts, watch)))
    night = Layout(_tonight(facts), size=1)
    rest = max(room - 9, 0)
    if width >= WIDE:
        lower = Layout(name='lower')
        right = Layout(name='right')
        downlink_rows = max(rest // 3, 4)
        right.split_column(Layout(_downlinks_panel(facts, watch, downlink_rows - 2), size=downlink_rows),
                           Layout(_log_panel(facts, watch, rest - downlink_rows - 2)))
        lower.split_row(Layout(_uplinks_panel(facts, watch, rest - 2, False), ratio=11), Layout(right, ratio=10))
        body.split_column(now, night, lower)
        return layout
    downlink_rows = max(rest // 4, 4)
    log_rows = max((rest + 1) // 3, 4)
    uplink_rows = max(rest - downlink_rows - log_rows, 3)
    body.split_column(now, night, Layout(_uplinks_panel(facts, watch, uplink_rows - 2, width >= ROOMY), size=uplink_rows),
                      Layout(_downlinks_panel(facts, watch, downlink_rows - 2), size=downlink_rows),
                      Layout(_log_panel(facts, watch, log_rows - 2)))
    return layout


def to_lines(renderable, width, height, colours='auto'):
    """height lines of text with the terminal's colour codes."""
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, force_terminal=True, color_system=colours, legacy_windows=False, highlight=False)
    console.print(renderable, end='')
    return (out.getvalue().split('\n') + [''] * height)[:height]


def clock(utc_s):
    """Time of day, UTC."""
    return (_EPOCH + timedelta(seconds=utc_s)).strftime('%H:%M:%S')


def input_window(typed, cursor, width):
    """(the part of the line that is shown, column of the cursor) in a terminal that narrow."""
    room = max(width - len(PROMPT) - 1, 1)
    begin = max(cursor - room, 0)
    return typed[begin:begin + room], len(PROMPT) + cursor - begin


# --- parts

def _panel(title, content, topic=''):
    heading = Text(title, style='bold')
    if topic:
        heading.append(' ' + topic, style='not bold dim')
    return Panel(content, title=heading, title_align='left', box=box.ROUNDED, border_style='bright_black', padding=(0, 1))


def _lines(*lines):
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True, style='dim', width=9)
    table.add_column(no_wrap=True, overflow='ellipsis', ratio=1)
    for name, text in lines:
        table.add_row(name, text)
    return table


def _title(facts, width):
    day = (_EPOCH + timedelta(seconds=facts.utc_s)).strftime('%a %d %b %Y %H:%M:%S UTC')
    left = Text(' EV charger monitor ', style='bold white on blue')
    right = Text('%s   %s ' % (day, '%gx%s' % (facts.speed, ', cannot keep up' if facts.lag else '')), style='white on blue')
    left.append(' ' * max(width - left.cell_len - right.cell_len, 0), style='on blue')
    left.append_text(right)
    left.no_wrap = True
    return left


def _input(typed, width):
    line = Text(PROMPT, style='bold green', no_wrap=True)
    line.append(typed, style='default not bold')
    if not typed:
        line.append('plug   reset   key on   send {"mode": "Lock Outlet"}   help   quit'[:max(width - 3, 0)], style='dim not bold')
    return line


def _led(facts):
    if not facts.monitor:
        return Text('○ off: the monitor is down', style='dim')
    name = LEDS.get(facts.led, '#%06X' % facts.led)
    # Twice the duty the firmware gives it: a monitor of half the brightness would be hard to see.
    colour = '#%06x' % min(facts.led * 2, 0xFFFFFF)
    text = Text('○ off' if name == 'off' else '● %s' % name, style='dim' if name == 'off' else 'bold ' + colour)
    text.append('   bus ', style='dim not bold')
    text.append('▪' if facts.active else '▫', style='bright_white not bold' if facts.active else 'dim not bold')
    return text


def _box_panel(facts, watch):
    amperes = max(facts.drawing or (0,)) / 10
    if facts.plugged is None:
        car = Text('none (%s comes next)' % facts.next_model, style='dim')
    elif facts.contactor and amperes > 0.1:
        car = Text('%s, draws %.1f A' % (facts.plugged, amperes), style='green')
    else:
        car = Text('%s, plugged in' % facts.plugged)
    code = Text('%s  %s' % (facts.code, story.meaning(facts.code)), style='bold red' if facts.code[0] == 'F' else 'bold')
    if not facts.powered:
        code = Text('no supply', style='bold red')
    says = story.gist(watch.decoded) if watch.decoded else 'nothing yet'
    switches = Text.assemble('on' if facts.key_on else 'off', ('   contactor ', 'dim'), ('closed', 'green') if facts.contactor else 'open')
    return _panel('Wallbox', _lines(
        ('state', code), ('light', _led(facts)), ('key', switches), ('car', car),
        ('energy', '%.2f kWh now, %.2f in all' % (facts.session_kwh, facts.total_kwh)), ('reported', Text(says))))


def _radio_panel(facts, watch):
    used_s = watch.airtime_s(facts.now_s)
    state = Text('joined' if watch.joined else 'joining', style='green' if watch.joined else 'yellow')
    if not facts.monitor:
        state = Text('monitor down', style='red')
    state.append('   %s class %s' % (facts.region, facts.klass), style='default')
    bar = Text('█' * min(round(used_s / BUDGET_S * 8), 8), style='green' if used_s < BUDGET_S else 'red')
    bar.append('░' * (8 - len(bar.plain)), style='dim')
    bar.append(' %.1f of %d s' % (used_s, BUDGET_S), style='default')
    bar.append(' (%d)' % FAIR_USE_S, style='dim')
    mqtt = Text(facts.broker, style='bold')
    mqtt.append(' ✓' if facts.broker_connected else ' away', style='green' if facts.broker_connected else 'red')
    count = watch.downlinks_of_day(facts.now_s)
    downlinks = Text('%d of %d today' % (count, FAIR_DOWNLINKS), style='' if count <= FAIR_DOWNLINKS else 'red')
    return _panel('Radio and network', _lines(
        ('radio', state), ('airtime', bar), ('downlinks', downlinks),
        ('uplinks', '%d since the start' % watch.uplink_count), ('MQTT', mqtt), ('bus', '%d reads answered' % facts.reads)))


def _tonight(facts):
    line = Text(' Tonight  ', style='bold', no_wrap=True, overflow='ellipsis')
    line.append(tonight.text(facts.tonight), style='not bold green' if facts.tonight.is_open else 'not bold')
    return line


def _table(*columns):
    table = Table.grid(padding=(0, 2), expand=True)
    for width in columns:
        table.add_column(no_wrap=True, overflow='ellipsis', width=width, ratio=None if width else 1)
    return table


def _uplinks_panel(facts, watch, rows, with_bytes):
    start_utc_s = facts.utc_s - facts.now_s
    table = _table(8, 4, 4, 7, *([22] if with_bytes else []), None)
    for entry in list(watch.uplinks)[:-max(rows, 1) - 1:-1]:
        words = Text(story.gist(entry['decoded']), style='' if entry['received'] else 'strike dim')
        if not entry['received']:
            words.append(' lost', style='red')
        table.add_row(clock(start_utc_s + entry['t']), 'p%d' % entry['f_port'], 'SF%d' % entry['sf'], '%.0f ms' % entry['airtime_ms'],
                      *([Text(entry['hex'], style='dim')] if with_bytes else []), words)
    return _panel('Uplinks', table if watch.uplinks else Text('none yet', style='dim'), facts.topic + 'up')


def _downlinks_panel(facts, watch, rows):
    start_utc_s = facts.utc_s - facts.now_s
    table = _table(8, 4, 6, None, 17)
    for sent in list(watch.downlinks)[:-max(rows, 1) - 1:-1]:
        outcome = Text(sent.outcome or 'queued', style=_OUTCOME_STYLES[sent.outcome])
        if sent.outcome:
            outcome.append(' ' + clock(start_utc_s + sent.outcome_s), style='dim')
        table.add_row(clock(start_utc_s + sent.queued_s), 'p%d' % sent.f_port, typed_commands.printable(sent.payload_hex, 6),
                      Text(sent.words), outcome)
    return _panel('Downlinks', table if watch.downlinks else Text('none yet: type reset, or publish there', style='dim'), facts.topic + 'down/push')


def _log_panel(facts, watch, rows):
    start_utc_s = facts.utc_s - facts.now_s
    table = _table(8, 9, None)
    for t_s, source, text in list(watch.log)[-max(rows, 1):]:
        table.add_row(clock(start_utc_s + t_s), Text(source, style=_SOURCE_STYLES.get(source, 'dim')), Text(text))
    return _panel('Log', table)
