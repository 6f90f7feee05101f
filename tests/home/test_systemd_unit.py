"""linux/ev-charger-home.service: how much of the system it leaves open, by systemd's own word, and that the service lives with what it forbids."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = ROOT / "linux" / "ev-charger-home.service"
EXPOSURE_MAX = 2.5
# PR_SET_MDWE: what MemoryDenyWriteExecute asks of the kernel.
_UNDER_THE_UNIT = """\
import ctypes, mmap
assert ctypes.CDLL(None, use_errno=True).prctl(65, 1, 0, 0, 0) == 0, "this kernel knows no PR_SET_MDWE"
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    raise SystemExit("memory can be written and executed: nothing is tried here")
except PermissionError:
    pass
import importlib.util, pathlib, sys, tempfile
from home.access.passwords import Passwords
from ttn.formatter import Formatter
with tempfile.TemporaryDirectory() as folder:
    passwords = Passwords(pathlib.Path(folder) / "web.passwords")
    passwords.set("owner", True, "correct horse")
    assert passwords.check("", "correct horse")
assert Formatter().encode_downlink({"command": "stop", "id": 1})
import psycopg, sqlalchemy, home.service, home.api.app
if importlib.util.find_spec("apprise"):
    import apprise
    assert apprise.Apprise().add("json://127.0.0.1/")
print("it lives")
"""


def test_systemd_finds_little_that_the_service_could_do_to_the_system(evidence):
    said = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", UNIT], capture_output=True, text=True, check=True).stdout
    exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", said)[1])
    evidence("exposure of the service of the house by `systemd-analyze security`, 0 to 10", exposure, EXPOSURE_MAX)
    assert exposure <= EXPOSURE_MAX


def test_passwords_formatter_and_messages_live_where_no_memory_is_written_and_executed():
    assert "MemoryDenyWriteExecute=yes" in UNIT.read_text()
    done = subprocess.run([sys.executable, "-c", _UNDER_THE_UNIT], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "it lives\n"), done.stderr
