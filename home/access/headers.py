"""What every answer carries, so that a browser runs and asks nothing that is not of this service. Pure."""

CONTENT_SECURITY_POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'", "manifest-src 'self'",
    "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"))
ALWAYS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Of other pages nobody learns which of ours was open; ours learn it, for the check of the origin.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
HTTPS_ONLY = {"strict-transport-security": "max-age=31536000"}
# Nothing of the house stays in a cache; what everybody may have says itself for how long.
UNKEPT = {"cache-control": "no-store"}


def missing(present, scheme):
    """{name: value} of what an answer still needs. present: names of its headers, in small letters."""
    wanted = {**ALWAYS, **UNKEPT, **(HTTPS_ONLY if scheme == "https" else {})}
    return {name: value for name, value in wanted.items() if name not in present}
