"""Where a request comes from: which names this service answers to, and whether a request was made by a page of its own. Pure."""
import ipaddress
import re
from urllib.parse import urlsplit

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")
# Nobody outside the house can make such a name point here: they are not in the public name service.
_HOUSE_ENDINGS = (".local", ".lan", ".home", ".home.arpa", ".internal", ".localdomain", ".fritz.box")


def host_name(header):
    """The name of a Host header, in small letters and without its port; None if it is none."""
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?", header or "")
    return found and found[1].strip("[]").lower().rstrip(".")


def answers_to(name, is_private, names):
    """Whether a request for that name is meant for this service. names: of home.toml; is_private: only this computer sees it.

    A page of somebody else's, whose name server leads here, comes with a name of its own and is turned away.
    """
    if name is None:
        return False
    if name in LOOPBACK_NAMES or name in names:
        return True
    if is_private:
        return False
    return _is_address(name) or "." not in name or name.endswith(_HOUSE_ENDINGS)


def is_own(headers, scheme, host, is_required):
    """Whether a page of this service made the request. headers: lower-case names; host: the Host header.

    A browser says with each POST where it comes from. is_required: a request that says nothing is not taken for ours.
    """
    own = _origin(f"{scheme}://{host}")
    for header in ("origin", "referer"):
        if header in headers:
            return own is not None and _origin(headers[header]) == own
    if "sec-fetch-site" in headers:
        return headers["sec-fetch-site"] == "same-origin"
    return not is_required


def _is_address(name):
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _origin(text):
    """(scheme, name, port) of an address; None if it has none, as "null"."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return parts.scheme, parts.hostname.lower(), port or {"http": 80, "https": 443}[parts.scheme]
