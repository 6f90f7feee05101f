#!/bin/sh
# What make test-home needs besides .venv: programs of the system, which it names, and Home Assistant in .venv-home, which it makes.
# Does nothing when it is already right. Called by make, from the root of the tree.
set -eu
cd "$(dirname "$0")/../.."
began_s=$(date +%s)

fail() { echo "test-home: $*" >&2; exit 2; }

missing=""
PATH=$PATH:/usr/sbin
command -v mosquitto >/dev/null 2>&1 || missing="$missing mosquitto"
command -v mosquitto_passwd >/dev/null 2>&1 || missing="$missing mosquitto"
command -v mosquitto_pub >/dev/null 2>&1 || missing="$missing mosquitto-clients"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v mujs >/dev/null 2>&1 || missing="$missing mujs"
command -v duk >/dev/null 2>&1 || missing="$missing duktape"
command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
command -v systemd-analyze >/dev/null 2>&1 || missing="$missing systemd"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -z "$missing" ] || fail "real programs are missing. On Debian type:  sudo apt-get install mosquitto mosquitto-clients chromium mujs duktape openssl systemd postgresql"

# The hand that drives the browser stands in .venv, where the tests run; make setup makes that anew, and this is done again.
browser() { cksum <requirements-browser.txt; }
if [ "$(browser)" != "$(cat .venv/browser-stamp 2>/dev/null)" ]; then
    mkdir -p build
    echo "test-home: what drives the browser, in .venv"
    if ! .venv/bin/python -m pip install --disable-pip-version-check --no-input --require-hashes -r requirements-browser.txt >build/setup-browser.log 2>&1; then
        tail -n 20 build/setup-browser.log >&2
        fail "that failed; all of it is in build/setup-browser.log. Once it is put right, type make test-home again."
    fi
    browser >.venv/browser-stamp
fi

wanted() { cat requirements-home.txt tools/setup/setup_home.sh | cksum; .venv-home/bin/python -V; }
made() { [ -f .venv-home/stamp ] && [ "$(wanted 2>/dev/null)" = "$(cat .venv-home/stamp)" ]; }
if made; then exit 0; fi

# That Home Assistant is of the time of these two.
python=""
for candidate in ${PYTHON:-} .venv/bin/python python3.11 python3.12; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null; then python=$candidate; break; fi
done
[ -n "$python" ] || fail "Home Assistant 2024.3 needs Python 3.11 or 3.12. On Debian 12 type:  sudo apt-get install python3 python3-venv"

log=build/setup-home.log
mkdir -p build
echo "test-home: Home Assistant in .venv-home, $(grep -c '==' requirements-home.txt) pinned packages (two minutes on a fast line)"
if ! { "$python" -m venv --clear .venv-home &&
    .venv-home/bin/python -m pip install --disable-pip-version-check --no-input --require-hashes -r requirements-home.txt; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "that failed; all of it is in $log. Once it is put right, type make test-home again."
fi
echo $(($(date +%s) - began_s)) >.venv-home/set-up-seconds
wanted >.venv-home/stamp
