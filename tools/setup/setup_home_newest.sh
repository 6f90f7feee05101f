#!/usr/bin/env bash
# The newest programs that make test-home runs against, in .home-newest: Home Assistant of requirements-home-newest.txt, and Python and
# mosquitto of the next Debian. Does nothing when it is already right. Called by make, from the root of the tree.
#
# In .home-newest are that Debian's /usr (system), Home Assistant (venv) and the programs by their names (bin: home_newest_program.sh).
# Exit status 3: not without root, as it then says; a build server (CI=true) has it, or has failed.
set -euo pipefail
exec </dev/null
umask 022
{ # Read as a whole: it may be another one before it ends.
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
suite=forky
packages=ca-certificates,libturbojpeg0,mosquitto,python3,python3-venv
pinned=requirements-home-newest.txt

say() { echo "test-home: $*"; }
fail() { echo "test-home: $*" >&2; exit 2; }
. tools/setup/debian.sh

version=$(sed -n 's/^homeassistant==\([^ ]*\).*/\1/p' "$pinned")
if [ "$(id -u)" != 0 ] && [ "${CI:-}" != true ]; then
    say "Home Assistant $version and the newest mosquitto need root, and are left out. To test with them type:  sudo make test-home ON=newest"
    exit 3
fi

wanted() { cat "$pinned" tools/setup/setup_home_newest.sh tools/setup/home_newest_program.sh | cksum; .home-newest/bin/python -V; }
made() { [ -f .home-newest/stamp ] && [ "$(wanted 2>/dev/null)" = "$(cat .home-newest/stamp)" ]; }
if [ "${RENEW:-}" != 1 ] && made; then exit 0; fi

needs_debian "test-home ON=newest"
rm -rf --one-file-system .home-newest
unpack_debian "$suite" "$packages"
mkdir -p .home-newest/bin .home-newest/system/etc
mv "$room/usr" .home-newest/system/
mv "$room/etc/ld.so.cache" .home-newest/system/etc/
for name in hass python python3 mosquitto mosquitto_passwd; do ln -s ../../tools/setup/home_newest_program.sh ".home-newest/bin/$name"; done

log=build/setup-newest.log
mkdir -p build
say "Home Assistant $version in .home-newest, $(grep -c '==' "$pinned") pinned packages (two minutes on a fast line)"
if ! { .home-newest/bin/python3 -m venv --clear .home-newest/venv &&
    .home-newest/bin/python -m pip install --disable-pip-version-check --no-input --no-compile --require-hashes -r "$pinned"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "that failed; all of it is in $log. Once it is put right, type make test-home again."
fi
# Of what only voice uses, two have no wheels for that Python. The page asks for all services, and for that their names must be there.
site=$(.home-newest/bin/python -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
echo "class MicroVad: pass" >"$site/pymicro_vad.py"
echo "class AudioProcessor: pass" >"$site/pyspeex_noise.py"
echo "$SECONDS" >.home-newest/set-up-seconds
wanted >.home-newest/stamp
exit 0
}
