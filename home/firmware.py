"""The firmware's own modules, which the service shares: importing this makes `app` importable, from whatever place the service was started."""
import pathlib
import sys

SRC = str(pathlib.Path(__file__).resolve().parents[1] / "src")
if SRC not in sys.path:
    sys.path.append(SRC)
