"""The kinds of networks of home.toml: a module each, with the same names in it (tests/unit/home/network/test_kinds.py).

| name | what it gives |
|---|---|
| `LIMITS` | home.network.limits.Limits |
| `UP` | the end of the topic that brings uplinks |
| `SAYS_QUEUED` | whether it says what it took into its queue; then its silence has a meaning, `AT_SENDING` |
| `AT_LOGIN`, `AT_SUBSCRIBING`, `AT_SENDING`, `AT_DECODING` | what to look at where it refuses login, topics or requests, or decodes nothing |
| `KEEPS_UPLINKS` | whether it has a Storage Integration |
| `problems(application, device ids)` | what is wrong with these ids: [(setting of home.toml, sentence)] |
| `login(network)`, `subscriptions(network, device ids)` | of MQTT |
| `requests(network, device id)` | topics of requests to it |
| `place(network, topic)` | (device id, end of the topic), or None |
| `uplink(message, text)`, `decoded(message)`, `gateways(message)` | a message on UP as an Uplink, what its codec made, who received it |
| `told(end of the topic, message)` | (word of home.commands.hearing.WORDS, Downlink), or None |
| `push(network, device id, request, correlation id, expires_at)` | (topic, body) of a request |
| `replace(network, device id, items)` | (topic, body) that makes these all that waits; None where it takes no such message |
"""
from home.network import chirpstack, the_things_stack

KINDS = {"the-things-stack": the_things_stack, "chirpstack": chirpstack}
USUAL = "the-things-stack"


def of(network):
    """The module of a Network of the settings."""
    return KINDS[network.kind]
