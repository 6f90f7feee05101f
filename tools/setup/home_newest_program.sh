#!/bin/sh
# A program of the newest system, as setup_home_newest.sh made it, by the name under which this is called: its /usr stands in the
# place of ours for this one process and what it starts. All else is as it is here, so paths, ports and signals mean the same; needs root.
set -eu
newest=$(cd "$(dirname "$0")/.." && pwd)
name=${0##*/}
case $name in
hass) set -- "$newest/venv/bin/python" -m homeassistant "$@" ;;
python) set -- "$newest/venv/bin/python" "$@" ;;
*) set -- "$name" "$@" ;;
esac
exec unshare --mount --propagation private sh -c '
    mount --bind "$0/usr" /usr
    mount --bind "$0/etc/ld.so.cache" /etc/ld.so.cache
    PATH=/usr/sbin:/usr/bin exec "$@"' "$newest/system" "$@"
