"""Keeps the application alive: scheduling, supervision, safe mode, time, records and settings that survive a reboot."""
