"""Which firmware this is; a build writes its commit in here."""

VERSION = (0, 5, 0)
# The first four hexadecimal digits of the commit, as a number; 0: not built, run from a checkout.
COMMIT = 0
