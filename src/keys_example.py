# What src/keys.py looks like; `make keys` writes one with random keys. It is never committed.
# Hexadecimal text as The Things Stack shows it, most significant byte first.

JOIN_EUI = 'join_eui: 16 hexadecimal digits'
APP_KEY = 'app_key: 32 hexadecimal digits'
DEV_EUI = None  # 16 hexadecimal digits; None: the board's own (LoPy4), or the modem's
