"""The live view: the whole system on one screen of at least 80x24. facts_of() reads the world, render() only draws."""

import io
import textwrap
from collections import namedtuple
from datetime import timedelta

from rich.console import Console, Group
from rich.layout import Layout
from rich.table import Table
from rich.text import Text

from sim.live import lists, typed_commands, story, tonight, uplink_words
from sim.live.lists import EPOCH, WIDE, panel, section
from sim.mqtt.network_dialects import DIALECTS, TheThingsStackDialect

# Limit of this project, uplink seconds in 24 h; that of a network's fair use is its dialect's (sim/mqtt/network_dialects.py).
BUDGET_S = 24
# From this height on, the lists have frames.
TALL = 30
PROMPT = '> '
# Indicator colours of hal.contract.
LEDS = {0x000000: 'off', 0x00007F: 'blue', 0x007F00: 'green', 0x7F7F00: 'yellow', 0x7F7F7F: 'white', 0x7F007F: 'purple', 0x7F0000: 'red'}

Facts = namedtuple('Facts', (
    'now_s', 'utc_s', 'speed', 'lag', 'code', 'powered', 'key_on', 'contactor', 'plugged', 'next_model', 'drawing', 'session_kwh', 'total_kwh',
    'led', 'active', 'monitor', 'region', 'klass', 'broker', 'broker_connected', 'topic', 'reads', 'tonight', 'offset_s', 'page',
    'dialect'), defaults=(TheThingsStackDialect,))


def facts_of(world, pace, mqtt, next_model, page=''):
    """What the view shows of the world at this moment. page: address of the house's page, '' without one."""
    charger, now_s = world.box, world.kernel.now_us / 1e6
    indicator = world.board.indicator if world.app is not None else None
    vehicle = charger.vehicle
    arbiter = world.app.arbiter if world.app is not None else None
    utc_s = world.start_utc_s + now_s
    local = world.peak.tariff.local.local_of(int(utc_s))
    return Facts(
        now_s=now_s, utc_s=utc_s, speed=pace.speed, lag=pace.lag_s > 0.5, code=charger.code, powered=charger.powered,
        key_on=charger.en1, contactor=charger.contactor, plugged=vehicle.model if vehicle else None, next_model=next_model,
        drawing=charger.currents_da, session_kwh=charger.session_wh / 1000, total_kwh=charger.energy_wh / 1000,
        led=indicator.colour if indicator else 0, active=bool(indicator and indicator.active), monitor=world.app is not None,
        region=world.settings.REGION, klass=world.settings.LORAWAN_CLASS, broker='%s:%d' % (mqtt.host, mqtt.port),
        broker_connected=mqtt.connected, topic=mqtt.topic, reads=charger.reads,
        tonight=_tonight_now(arbiter, world, utc_s, vehicle is not None),
        offset_s=round((local - (EPOCH.replace(tzinfo=None) + timedelta(seconds=int(utc_s)))).total_seconds()), page=page,
        dialect=DIALECTS[world.network.kind.name])


def _tonight_now(arbiter, world, utc_s, has_car):
    """arbiter: the firmware's, None while it is down."""
    tariff = world.peak.tariff
    if arbiter is None:
        return tonight.tonight_of(None, tariff, utc_s, has_car)
    claims = arbiter.claims
    standing = [(holder, until or 0) for holder, until, _, _ in arbiter.standing_claims()]
    return tonight.tonight_of(arbiter.decision, tariff, utc_s, has_car, (claims.skip_from, claims.skip_until), arbiter.wh_left, standing,
                              world.board.clock.utc_s() is not None)


def render(facts, watch, width, height, help_shown=False, typed=''):
    """The screen as a rich renderable of exactly that size."""
    layout = Layout()
    layout.split_column(Layout(_title(facts, width), size=1), Layout(name='body'), Layout(_input(typed, width), size=1))
    if help_shown:
        layout['body'].update(panel('Commands', Group(*map(Text, typed_commands.help_lines()), Text('Enter goes back', style='dim'))))
        return layout
    body, room = layout['body'], max(height - 2, 3)
    frame = 2 if height >= TALL else 1
    told = _told(facts, watch, width)
    now = Layout(name='now', size=min(7, room))
    now.split_row(Layout(_box_panel(facts), ratio=43), Layout(_radio_panel(facts, watch), ratio=37))
    head = [now, Layout(Group(*told), size=len(told))]
    rest = max(room - 7 - len(told), 0)
    framed = panel if frame == 2 else section
    if width >= WIDE:
        lower, right = Layout(name='lower'), Layout(name='right')
        left_width, right_width = width * 11 // 21, width - width * 11 // 21
        downlink_rows = max(rest // 3, 4)
        right.split_column(Layout(lists.downlinks(facts, watch, downlink_rows - frame, right_width, framed), size=downlink_rows),
                           Layout(lists.log(facts, watch, rest - downlink_rows - frame, right_width, framed)))
        lower.split_row(Layout(lists.uplinks(facts, watch, rest - frame, left_width, framed), size=left_width), Layout(right, size=right_width))
        body.split_column(*head, lower)
        return layout
    downlink_rows = max(rest // 4, 2 + frame)
    log_rows = max((rest + 1) // 3, 2 + frame)
    uplink_rows = max(rest - downlink_rows - log_rows, 2 + frame)
    body.split_column(*head, Layout(lists.uplinks(facts, watch, uplink_rows - frame, width, framed), size=uplink_rows),
                      Layout(lists.downlinks(facts, watch, downlink_rows - frame, width, framed), size=downlink_rows),
                      Layout(lists.log(facts, watch, log_rows - frame, width, framed)))
    return layout


def to_lines(renderable, width, height, colours='auto'):
    """height lines of text with the terminal's colour codes."""
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, force_terminal=True, color_system=colours, legacy_windows=False, highlight=False)
    console.print(renderable, end='')
    return (out.getvalue().split('\n') + [''] * height)[:height]


def input_window(typed, cursor, width):
    """(the part of the line that is shown, column of the cursor) in a terminal that narrow."""
    room = max(width - len(PROMPT) - 1, 1)
    begin = max(cursor - room, 0)
    return typed[begin:begin + room], len(PROMPT) + cursor - begin


# --- parts

def _lines(*lines):
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True, style='dim', width=9)
    table.add_column(no_wrap=True, overflow='ellipsis', ratio=1)
    for name, text in lines:
        table.add_row(name, text)
    return table


def _title(facts, width):
    sign, minutes = '+' if facts.offset_s >= 0 else '-', abs(facts.offset_s) // 60
    zone = 'UTC' + ('%s%d%s' % (sign, minutes // 60, ':%02d' % (minutes % 60) if minutes % 60 else '') if minutes else '')
    day = (EPOCH + timedelta(seconds=facts.utc_s + facts.offset_s)).strftime('%a %d %b %Y %H:%M:%S ') + zone
    left = Text(' EV charger monitor ', style='bold white on blue')
    right = Text('%s   %s ' % (day, '%gx%s' % (facts.speed, ', cannot keep up' if facts.lag else '')), style='white on blue')
    if facts.page and left.cell_len + len(facts.page) + right.cell_len < width:
        left.append(facts.page + ' ', style='not bold')
    left.append(' ' * max(width - left.cell_len - right.cell_len, 0), style='on blue')
    left.append_text(right)
    left.no_wrap = True
    return left


def _input(typed, width):
    line = Text(PROMPT, style='bold green', no_wrap=True)
    line.append(typed, style='default not bold')
    if not typed:
        line.append('plug   reset   plan mon-fri 22:00-07:00 16A   skip   boost until 07:30   help'[:max(width - 3, 0)], style='dim not bold')
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


def _box_panel(facts):
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
    switches = Text.assemble('on' if facts.key_on else 'off', ('   contactor ', 'dim'), ('closed', 'green') if facts.contactor else 'open')
    return panel('Wallbox', _lines(
        ('state', code), ('light', _led(facts)), ('key', switches), ('car', car),
        ('energy', '%.2f kWh now, %.1f in all' % (facts.session_kwh, facts.total_kwh))))


def _radio_panel(facts, watch):
    used_s = watch.airtime_s(facts.now_s)
    state = Text('joined' if watch.joined else 'joining', style='green' if watch.joined else 'yellow')
    if not facts.monitor:
        state = Text('monitor down,', style='red')
    state.append(' %s class %s' % (facts.region, facts.klass) if facts.monitor else ' %s' % facts.region, style='default')
    bar = Text('█' * min(round(used_s / BUDGET_S * 5), 5), style='green' if used_s < BUDGET_S else 'red')
    bar.append('░' * (5 - len(bar.plain)), style='dim')
    bar.append(' %.1f of %d s' % (used_s, BUDGET_S), style='default')
    bar.append(' (%d)' % facts.dialect.fair_use_s if facts.dialect.fair_use_s else '', style='dim')
    mqtt = Text(facts.broker, style='bold')
    mqtt.append(' ✓' if facts.broker_connected else ' away', style='green' if facts.broker_connected else 'red')
    count = watch.downlinks_of_day(facts.now_s)
    most = facts.dialect.fair_downlinks
    downlinks = Text('%d of %d today' % (count, most) if most else '%d today' % count, style='red' if most and count > most else '')
    return panel('Radio and network', _lines(
        ('radio', state), ('airtime', bar), ('downlinks', downlinks),
        ('uplinks', '%d, bus reads %d' % (watch.uplink_count, facts.reads)), ('MQTT', mqtt)))


def _told(facts, watch, width):
    """What the monitor reported last, and tonight, in as many lines as that takes."""
    said = 'nothing yet'
    if watch.reported:
        said = uplink_words.reported(watch.reported)
    style = 'not bold green' if facts.tonight.is_open and not facts.tonight.is_skipped else 'not bold'
    room = max(width - 11, 10)
    rows = [(' Reported ', line, 'not bold') for line in textwrap.wrap(said, room) or ['']]
    rows += [(' Tonight  ', part, style) for line in tonight.lines(facts.tonight, room) for part in textwrap.wrap(line, room) or ['']]
    shown, before = [], ''
    for name, line, look in rows:
        text = Text(name if name != before else ' ' * len(name), style='bold', no_wrap=True, overflow='crop')
        text.append(line, style=look)
        shown.append(text)
        before = name
    return shown
