"""The simulated world: a wallbox, a car, a bus, a radio network, and a board for the unchanged firmware to run on."""

import os
import sys

_SRC = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'src')
if _SRC not in sys.path:
    sys.path.insert(0, _SRC)
