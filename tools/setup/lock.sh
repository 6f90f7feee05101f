#!/bin/sh
# Makes requirements*.txt from requirements*.in, with hashes for every platform, by the pinned uv, in a place of its own.
# lock.sh newest [VERSION]: that of the newest Home Assistant alone, moved to the version, or to the newest that there is.
set -eu
cd "$(dirname "$0")/../.."
if ! cmp -s tools/setup/uv.txt build/lock/stamp; then
    .venv/bin/python -m venv --clear build/lock
    build/lock/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r tools/setup/uv.txt
    cp tools/setup/uv.txt build/lock/stamp
fi
locked() {  # locked name [option...]
    name=$1
    shift
    build/lock/bin/uv pip compile $name.in "$@" --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links --quiet --output-file $name.txt
}
everywhere="--universal --python-version 3.11"
newest=${2:-}
if [ "${1:-}" != newest ]; then
    locked requirements $everywhere
    # The same versions as above, for the computer of the house alone.
    locked requirements-service --constraint requirements.txt $everywhere
    locked requirements-home $everywhere
    locked requirements-browser --constraint requirements.txt $everywhere
    newest=$(sed -n 's/^homeassistant==//p' requirements-home-newest.in)
fi
# On Debian alone.
python=$(.venv/bin/python tools/setup/home_newest_pins.py $newest)
locked requirements-home-newest --constraint build/lock/package_constraints.txt --python-platform linux --python-version "$python"
echo "requirements*.txt are up to date; make setup and make test-home install them. requirements-service.txt is for the house"
