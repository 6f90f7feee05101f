# src/keys.py, which only its owner has.
JOIN_EUI: str
APP_KEY: str
DEV_EUI: str | None
