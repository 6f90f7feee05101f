"""`python -m tools.console`: talks with a charger from a computer; the program is tools/charger/console.py."""
import sys

from tools.charger.console import main

if __name__ == "__main__":
    sys.exit(main())
