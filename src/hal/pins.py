"""Limits of the boards whose pins are settings: rules checked by the board at its start and by the tool that flashes it."""

# sys.platform: (its UARTs, highest GPIO number, longest watchdog in seconds).
BOARDS = {'esp32': ((1, 2), 48, 600), 'rp2': ((0, 1), 47, 8)}
NAMES = ('BUS_TX_PIN', 'BUS_RX_PIN', 'BUS_DE_PIN', 'RADIO_TX_PIN', 'RADIO_RX_PIN', 'RADIO_RESET_PIN', 'LIGHT_PIN')
# An RP2 has its UARTs on certain pins: (setting of the pin, of its UART, GPIO number modulo 4).
_RP2_PINS = (('BUS_TX_PIN', 'BUS_UART', 0), ('BUS_RX_PIN', 'BUS_UART', 1), ('RADIO_TX_PIN', 'RADIO_UART', 0), ('RADIO_RX_PIN', 'RADIO_UART', 1))


def check(settings, wrong, platform):
    """Every error as (setting, error), like config.validate(); settings that it found wrong already are left out."""
    if platform not in BOARDS:
        return []
    values = {}
    for name in ('WATCHDOG_S', 'BUS_UART', 'RADIO_UART', 'LIGHT') + NAMES:
        values[name] = None if name in wrong else getattr(settings, name)
    if values['LIGHT'] is None:
        values['LIGHT_PIN'] = None
    uarts, highest, longest_s = BOARDS[platform]
    errors = []
    if values['WATCHDOG_S'] is not None and values['WATCHDOG_S'] > longest_s:
        errors.append(('WATCHDOG_S', 'is %d, must be 5 to %d seconds on this board' % (values['WATCHDOG_S'], longest_s)))
    for name in ('BUS_UART', 'RADIO_UART'):
        if values[name] is not None and values[name] not in uarts:
            errors.append((name, 'is %d, must be %d or %d on this board' % ((values[name],) + uarts)))
    if values['BUS_UART'] is not None and values['BUS_UART'] == values['RADIO_UART']:
        errors.append(('RADIO_UART', 'is %d, which is BUS_UART already' % values['RADIO_UART']))
    errors.extend(_check_pins(values, highest))
    if platform == 'rp2':
        for name, uart, rest in _RP2_PINS:
            pin, number = values[name], values[uart]
            if pin is not None and number in uarts and (pin % 4 != rest or (pin + 4) // 8 % 2 != number):
                errors.append((name, 'is %d, which is no such pin of UART %d: docs/hardware.md' % (pin, number)))
    return errors


def _check_pins(values, highest):
    errors = []
    taken = {}
    for name in NAMES:
        pin = values[name]
        if pin is None:
            continue
        if pin in taken:
            errors.append((name, 'is %s, which is %s already' % (pin, taken[pin])))
        elif pin != 'LED' and pin > highest:
            errors.append((name, 'is %d, must be 0 to %d on this board' % (pin, highest)))
        taken[pin] = name
    return errors
