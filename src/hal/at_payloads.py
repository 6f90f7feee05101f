"""What an AT modem lets through as long as it has not said so itself."""

# Application bytes by data rate, dwell limit kept wherever a frame fits under it (LoRaWAN Regional Parameters 1.0.3 revision A).
PAYLOADS = {
    'AU915': (51, 51, 11, 53, 125, 242, 242),
    'US915': (11, 53, 125, 242, 242),
    'EU868': (51, 51, 51, 115, 242, 242),
    'AS923': (51, 51, 11, 53, 125, 242),
}
