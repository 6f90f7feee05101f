"""Imports each module named on the command line, and prints its name."""
import sys

for name in sys.argv[1:]:
    __import__(name)
    print(name)
