"""Keeps the application alive: scheduling, supervision, time, and the records and settings that survive a reboot."""
