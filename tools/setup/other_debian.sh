#!/usr/bin/env bash
# The README's two commands in a bare Debian: make other-debian [SUITE=trixie] [ARGS="run test"].
#
# Each call unpacks the system (debian.sh) into a new folder of the user's cache, clones what is committed here into it, and runs make run
# and make test as root. pip and npm are told what they are told here. Everything is mounted in a namespace of its own, which is gone with
# its last process, so no way out of here leaves a mount behind, and removing the folder meets none.
#
# SUITE: by default trixie (Debian 13, Python 3.13) on Debian 12, and bookworm (Debian 12, Python 3.11) elsewhere. Any other that the mirror
# has: forky has Python 3.14. ARGS: run, test and home (make test-home, with the programs that it needs).
set -euo pipefail
exec </dev/null
umask 022
{ # Read as a whole: it may be another one before it ends.
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
packages=ca-certificates,git,make,python3,python3-venv

say() { echo "other-debian: $*"; }
fail() { echo "other-debian: $*" >&2; exit 2; }
. "$tree/tools/setup/debian.sh"

# Within the namespace: the mounts, then the commands.
if [ "${1:-}" = --within ]; then
    root=$2
    shift 2
    # Its root is a mount, or nothing in there could have a namespace of its own (home_newest_program.sh).
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    for device in null zero full random urandom tty; do
        touch "$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done
    mkdir "$root/dev/pts" "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    for number in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${number%:*}" "$root/dev/${number#*:}"; done
    exec chroot "$root" "$@"
fi

codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
suite=${1:-}
[ $# = 0 ] || shift
if [ -z "$suite" ]; then
    suite=bookworm
    [ "$codename" = bookworm ] && suite=trixie
fi
[[ $suite =~ ^[a-z]+$ ]] || fail "SUITE is the name of a Debian, as in SUITE=trixie"
steps=("$@")
[ $# -gt 0 ] || steps=(run test)
for step in "${steps[@]}"; do
    case $step in run | test | home) ;; *) fail "ARGS is of run, test and home, not $step" ;; esac
done

needs_debian other-debian
unpack_debian "$suite" "$packages"

# What pip, npm and TLS are told here, they are told there.
for name in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt /etc/pip.conf /etc/xdg/pip; do
    [ ! -e "$name" ] || { mkdir -p "$room$(dirname "$name")" && cp -rLT "$name" "$room$name"; }
done
home=/srv   # of whoever runs the commands there
for name in .config/pip .pip .npmrc; do
    [ ! -e "$HOME/$name" ] || { mkdir -p "$(dirname "$room$home/$name")" && cp -rLT "$HOME/$name" "$room$home/$name"; }
done
environment=("HOME=$home" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "CI=${CI:-}")
while IFS= read -r -d '' setting; do
    case $setting in
    PIP_* | NPM_CONFIG_* | npm_config_* | NODE_EXTRA_CA_CERTS=* | SSL_CERT_FILE=* | *_proxy=* | *_PROXY=*) environment+=("$setting") ;;
    esac
done < <(env -0)

[ -z "$(git -C "$tree" status --porcelain)" ] || say "what is not committed is not in it"
git clone -q --no-hardlinks "$tree" "$room$home/monitor"
in_room() { apart bash "$tree/tools/setup/other_debian.sh" --within "$room" env -i "${environment[@]}" sh -c "cd $home/monitor && $1"; }

say "Debian $suite, $(chroot "$room" python3 -V)"
for step in "${steps[@]}"; do
    case $step in
    run)
        code=0
        in_room "echo plug | make run ARGS='--speed 60 --for 180'" >"$room.log" 2>&1 || code=$?
        cat "$room.log"
        [ "$code" = 0 ] || fail "make run failed on Debian $suite"
        grep -q "B1  car waits for permission" "$room.log" || fail "make run on Debian $suite: no car was seen at the box"
        ! grep -n "Warning\|Traceback" "$room.log" || fail "make run on Debian $suite warned"
        say "make run passed on Debian $suite"
        ;;
    test)
        in_room "make test JOBS='${JOBS:-2}'" || fail "make test failed on Debian $suite"
        ;;
    home)
        in_room "bash .ci/run test-home" || fail "make test-home failed on Debian $suite"
        ;;
    esac
done
exit 0
}
