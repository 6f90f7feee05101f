"""`python -m tools.commission`: sets the box's own settings; the program is tools/charger/commission.py."""
import sys

from tools.charger.commission import main

if __name__ == "__main__":
    sys.exit(main())
