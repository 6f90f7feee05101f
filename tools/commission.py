"""`python -m tools.commission`: sets what is set once in the box; the program is tools/charger/commission.py."""
import sys

from tools.charger.commission import main

if __name__ == "__main__":
    sys.exit(main())
