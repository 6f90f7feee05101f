#!/usr/bin/env bash
# The README's two commands in a bare Debian: make other-debian [SUITE=trixie] [ARGS="run test"].
#
# debootstrap makes the system once and it is kept, packed, in the user's cache. Each call unpacks it into a new folder there, clones what
# is committed here into it, and runs make run and make test as root. The mirror is the one that apt is configured for; pip and npm are
# told what they are told here. Everything is mounted in a namespace of its own, which is gone with its last process, so no way out of here
# leaves a mount behind, and removing the folder meets none.
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

# Within the namespace: the mounts, then the commands.
if [ "${1:-}" = --within ]; then
    root=$2
    shift 2
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

[ "$(id -u)" = 0 ] || fail "a system of its own needs root. Type:  sudo make other-debian"
command -v debootstrap >/dev/null || fail "debootstrap is missing. On Debian or Ubuntu type:  apt-get install debootstrap"
unshare --mount --pid --fork true 2>/dev/null || fail "this machine lets not even root mount anything in a namespace of its own"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/ev-charger-monitor/debian
mkdir -p "$cache"
cache=$(cd "$cache" && pwd -P)
room=$(mktemp -d "$cache/$suite.room.XXXXXX")
child=""
tidy() {
    trap '' HUP INT TERM
    # Its first process dies with it, and with that all others and the mounts.
    if [ -n "$child" ]; then
        kill -KILL "$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    fi
    rm -rf --one-file-system -- "$room" "$room.log" "$room.part"
}
trap tidy EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
apart() {  # apart command...: in a namespace of its own, in which a signal to this script ends it at once
    unshare --mount --propagation private --pid --fork --kill-child "$@" &
    child=$!
    local code=0
    wait "$child" || code=$?
    child=""
    return "$code"
}
# What a killed call left.
find "$cache" -mindepth 1 -maxdepth 1 -name '*.room.*' -mtime +0 -exec rm -rf --one-file-system -- {} +

uris() { apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sort -u; }
mirror=$(uris | head -n 1)
[ -n "$mirror" ] || { apt-get update -qq && mirror=$(uris | head -n 1); }
[ -n "$mirror" ] || fail "apt knows no mirror of Debian"

base=$cache/$suite-$(echo "$mirror $packages" | cksum | cut -d' ' -f1).tar
exec 9>"$base.lock"
flock 9
if [ ! -f "$base" ]; then
    # debootstrap of an older Debian does not know the newer ones, which are made the same way.
    script=/usr/share/debootstrap/scripts/$suite
    [ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid
    say "a bare Debian $suite, once (a minute or two)"
    apart debootstrap --force-check-gpg --variant=minbase --include="$packages" "$suite" "$room" "$mirror" "$script" >"$room.log" 2>&1 ||
        { tail -n 20 "$room.log" >&2; fail "debootstrap failed"; }
    rm -rf --one-file-system -- "$room"/var/cache/apt/archives/*.deb
    tar -C "$room" --one-file-system -cf "$room.part" .
    mv "$room.part" "$base"
else
    tar -C "$room" -xf "$base"
fi
flock -u 9
exec 9>&-

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
