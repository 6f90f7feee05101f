"""Addresses of a name: each once, and nobody waits for a network that is not there."""
import threading

from home import name_lookup


def row(address):
    return (2, 1, 6, "", (address, 0))


def test_each_address_is_told_once_and_in_the_order_given():
    found = name_lookup.addresses("stack", lookup=lambda *given, **kind: [row("192.0.2.2"), row("192.0.2.1"), row("192.0.2.2")])
    assert found == ["192.0.2.2", "192.0.2.1"]


def test_a_name_that_nobody_knows_has_none():
    def unknown(*given, **kind):
        raise OSError("Name or service not known")
    assert name_lookup.addresses("stack", lookup=unknown) == []


def test_a_lookup_that_hangs_is_not_waited_for():
    never = threading.Event()
    assert name_lookup.addresses("stack", patience_s=0.05, lookup=lambda *given, **kind: never.wait(10) and []) == []
    never.set()
