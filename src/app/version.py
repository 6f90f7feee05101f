"""Version of this firmware; a build writes its commit in here."""

VERSION = (0, 5, 0)
# The first four hexadecimal digits of the commit, as a number; 0: no commit, since there were changes, or run from a checkout.
COMMIT = 0
# The commit in ten digits, with "+" behind it if there were changes.
BUILD = 'checkout'
