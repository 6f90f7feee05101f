#!/bin/sh
# Makes requirements*.txt from requirements*.in, with hashes for every platform. Needs the package uv, in a place of its own.
set -eu
cd "$(dirname "$0")/../.."
[ -x build/lock/bin/uv ] || { .venv/bin/python -m venv build/lock && build/lock/bin/pip install -q uv; }
locked() {  # locked name [option...]
    name=$1
    shift
    build/lock/bin/uv pip compile $name.in "$@" --universal --python-version 3.11 --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links --quiet --output-file $name.txt
}
locked requirements
# The same versions as above, for the computer of the house alone.
locked requirements-service --constraint requirements.txt
locked requirements-home
locked requirements-browser --constraint requirements.txt
echo "requirements.txt, requirements-home.txt and requirements-browser.txt are up to date; make setup and make test-home install them. requirements-service.txt is for the house"
