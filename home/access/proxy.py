"""Who asks, where a reverse proxy stands between: its word is taken only if it is one of home.toml's. Pure."""
import ipaddress

FORWARDED = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded")


def seen(peer, scheme, headers, trusted):
    """(address, scheme) of who asks. peer: the address that the connection comes from; trusted: networks of ipaddress.

    From the right, each address was written by the one after it; the first that is no proxy of ours is who asks.
    """
    if not is_trusted(peer, trusted):
        return peer, scheme
    said = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
    if said in ("http", "https"):
        scheme = said
    for address in reversed([one.strip() for one in headers.get("x-forwarded-for", "").split(",") if one.strip()]):
        if not _is_address(address):
            break
        peer = address
        if not is_trusted(address, trusted):
            break
    return peer, scheme


def is_trusted(address, trusted):
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in trusted if network.version == found.version)


def _is_address(text):
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
