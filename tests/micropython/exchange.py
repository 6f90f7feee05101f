"""The firmware in virtual time, printed: first the bus client on a difficult bus, then twenty minutes of the application.

Run on CPython and on MicroPython; both must print the same.
"""
from binascii import hexlify

import config
import main
from modbus import registers
from modbus.charger import WRITTEN, ChargerClient
from tests.support.fake_board import Board
from tests.support.fake_bus import Box, Panel, Wire, telegram

MINUTE_MS = 60000


def text(data):
    return hexlify(data).decode()


def table(values):
    """A dictionary in an order that every interpreter prints alike."""
    return [(name, values[name]) for name in sorted(values)]


def client_on(wire, title):
    print('--', title)
    return ChargerClient(wire)


def run(wire, client, until_ms):
    """Run the client, print each event and then every telegram sent."""
    def event_seen(ms, event):
        reading = client.reading
        print(ms, 'event', event, client.code, client.outcome if event == WRITTEN else client.failed_address, client.limits)
        print(reading.code, reading.ev_connected, reading.limit_duty, reading.currents_da, reading.at_ms)

    wire.run(client, until_ms, event_seen)
    for start_us, end_us, frame in wire.sent:
        print(start_us, end_us, frame.decode().strip())
    print(table(client.counts))


def quiet_bus():
    wire = Wire()
    Box(wire)
    client = client_on(wire, 'a quiet bus, limits wanted')
    client.watch_limits = True
    run(wire, client, 30000)


def busy_bus():
    wire = Wire()
    box = Box(wire, latency_ms=35, sleeps_after_ms=3000)
    Panel(wire, box, 1000, jitter_ms=20)
    client = client_on(wire, 'another master, a sleeping box, noise')
    for number in range(40):
        wire.at((2000 + 701 * number) * 1000, lambda number=number: wire.inject(bytes((number * 37 % 256,)) * (number % 5) + b'>0103\r'))
    run(wire, client, 40000)
    print(wire.collisions)


def writes():
    wire = Wire()
    box = Box(wire)
    client = client_on(wire, 'writes: acknowledged, refused, silent, forbidden')
    wire.run(client, 3500)
    for refuses, silent, register, value in (
            (False, False, registers.ICMAX, registers.DUTY_PAUSE), (True, False, registers.STATE, registers.JUMP_E0),
            (False, True, registers.STATE, registers.RESET), (False, False, registers.STATE, 0xF1F1)):
        box.refuses = refuses
        box.silent_writes = silent
        now_ms = wire.now_us // 1000
        print(client.write(register, value, now_ms), client.write(register, value, now_ms))
        run(wire, client, now_ms + 4100)
    print(box.writes)


def traced_board():
    """A board that prints what its parts are asked for, with the time."""
    board = Board()
    transmit, send = board.bus.transmit, board.radio.send

    def say(*values):
        print(board.clock.now_ms(), *values)

    def transmit_and_say(frame):
        say('bus', frame.decode().strip())
        transmit(frame)

    def send_and_say(port, payload, *rest):
        say('air', port, text(payload), *rest)
        return send(port, payload, *rest)

    board.bus.transmit = transmit_and_say
    board.radio.send = send_and_say
    board.indicator.show = lambda colour: say('colour', colour)
    board.system.log = lambda line: say('log', line)
    return board


def set_at(board, minutes, **values):
    def change():
        for name in values:
            setattr(board.box, name, values[name])

    board.at(minutes * MINUTE_MS, change)


def evening():
    """Car plugged in, charging, locked, unlocked, full, fault, power cut at the box, reset; noise and rubbish in between."""
    print('--', 'the application')
    board = traced_board()
    box = board.box
    box.code = 0xA1
    monitor = main.build(board, config.Settings({'REGION': 'AU915'}))
    Panel(board.wire, box, 1000)

    def obey():
        """The box carries out the write of a second ago."""
        if box.writes:
            register, value = box.writes[-1][1:]
            if register == registers.ICMAX:
                box.icmax = value
                box.code = 0xB2 if value == registers.DUTY_PAUSE and box.code == 0xC2 else box.code
            elif value == registers.JUMP_E0:
                box.code = 0xE0
            else:
                box.code = 0xB2
            box.writes.clear()
        board.at(board.clock.now_ms() + 1000, obey)

    board.at(0, obey)
    set_at(board, 1, code=0xB1)
    set_at(board, 2, code=0xC2)
    board.at(4 * MINUTE_MS, lambda: board.radio.push(1, b'\x01'))
    board.at(6 * MINUTE_MS, lambda: board.radio.push(2, b'\x02'))
    set_at(board, 7, code=0xC2)
    board.at(8 * MINUTE_MS, lambda: board.radio.push(1, b'\x07rubbish'))
    board.at(8 * MINUTE_MS, lambda: board.wire.inject(telegram('>', '01030204f4')[:-3] + b'\xff\r\n:'))
    set_at(board, 9, code=0xF4)
    set_at(board, 10, code=0xB2)
    set_at(board, 11, off=True)
    set_at(board, 14, off=False)
    board.at(15 * MINUTE_MS, lambda: board.radio.push(1, b'\x03'))
    print(board.run(lambda: main.loop(board, monitor), 20 * MINUTE_MS))
    print(table(monitor.charger.counts))
    print([(name, text(board.records[name])) for name in sorted(board.records)])
    print(monitor.evse_monitor.code, monitor.controller.claims.locked, monitor.dispatcher.bad_downlinks)
    print(board.radio.joins, len(board.fed), board.active.count(True))


quiet_bus()
busy_bus()
writes()
evening()
