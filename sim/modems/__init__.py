"""Fakes of LoRaWAN modems at the level of their AT commands."""
