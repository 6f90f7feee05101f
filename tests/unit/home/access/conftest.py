"""Logins by the dozen, with hashes of passwords that cost little; test_commands.py has what they cost in the service."""
import pytest

from home.access import passwords


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch):
    monkeypatch.setattr(passwords, "_COST", {"time_cost": 1, "memory_cost": 8, "parallelism": 1})
