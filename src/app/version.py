"""Which firmware this is; a build writes its commit in here."""

VERSION = (0, 5, 0)
# The first four hexadecimal digits of the commit, as a number; 0: of no commit, for there were changes, or run from a checkout.
COMMIT = 0
# The commit in ten digits, "+" behind it where there were changes.
BUILD = 'checkout'
