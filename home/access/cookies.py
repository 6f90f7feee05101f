"""The signed cookie that a browser is known by, and the token against forged requests that belongs to it.

The cookie holds a random number and, after a login, a name and a mark of his password; whoever reads it learns no secret, and nobody can make one
without the key, which lies beside home.toml. A changed password has another mark, which ends what was logged in with the old one.
"""
import dataclasses
import hmac
import secrets

import itsdangerous

LIFE_S = 30 * 86400
# A cookie that is older is given again, so that its 30 days begin with the last visit.
RENEW_S = 86400


@dataclasses.dataclass(frozen=True)
class Visit:
    """What a cookie says. number: random, of this browser; user: "" before a login; mark: of the password then; age_s: since it was given."""
    number: str
    user: str = ""
    mark: str = ""
    age_s: int = 0


class Cookies:
    """key: bytes; clock(): UTC seconds."""

    def __init__(self, key, clock):
        self._clock = clock
        self._signing = _Timed(key, clock)
        self._csrf = itsdangerous.Signer(key, salt="csrf", key_derivation="hmac", digest_method=_sha256())

    def read(self, text):
        """The Visit of a cookie; None if it is not one of ours, or too old."""
        try:
            (number, user, mark), given = self._signing.loads(text, max_age=LIFE_S, return_timestamp=True)
        except (itsdangerous.BadData, ValueError, TypeError):
            return None
        if not all(isinstance(one, str) for one in (number, user, mark)):
            return None
        return Visit(number, user, mark, max(0, int(self._clock() - given.timestamp())))

    def text(self, visit):
        """The cookie of a Visit, given now."""
        return self._signing.dumps((visit.number, visit.user, visit.mark))

    def csrf(self, visit):
        """The token that a form of that visit carries."""
        return self._csrf.get_signature(visit.number).decode()

    def is_csrf(self, visit, given):
        return hmac.compare_digest(self.csrf(visit).encode(), (given or "").encode())


def new_visit(user="", mark=""):
    return Visit(secrets.token_urlsafe(18), user, mark)


def name(scheme, port):
    """Of the cookie: with TLS no other service of that computer can set it; without, two services on two ports do not take each other's."""
    return "__Host-ev-charger" if scheme == "https" else f"ev-charger-{port}"


def header(its_name, text, scheme, life_s=LIFE_S):
    """Set-Cookie. Lax and not Strict, for who follows a link out of a message is to be still logged in; what changes anything is no such link."""
    return f"{its_name}={text}; Path=/; Max-Age={life_s}; HttpOnly; SameSite=Lax" + ("; Secure" if scheme == "https" else "")


def _sha256():
    import hashlib
    return hashlib.sha256


class _Timed(itsdangerous.URLSafeTimedSerializer):
    """On a clock that is given."""

    def __init__(self, key, clock):
        class Signer(itsdangerous.TimestampSigner):
            def get_timestamp(self):
                return int(clock())

        super().__init__(key, salt="visit", signer=Signer, signer_kwargs={"key_derivation": "hmac", "digest_method": _sha256()})
