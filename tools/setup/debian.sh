# Bare Debians by debootstrap, for the scripts of bash beside this one: they source it and define `say` and `fail`.
#
# Each is made once and kept, packed, in the user's cache; RENEW=1 makes it anew. The mirror is the one that apt is configured for.

needs_debian() {  # needs_debian goal: says what this machine lacks, and ends, for that goal of make
    [ "$(id -u)" = 0 ] || fail "a system of its own needs root. Type:  sudo make $1"
    command -v debootstrap >/dev/null || fail "debootstrap is missing. On Debian or Ubuntu type:  apt-get install debootstrap"
    unshare --mount --pid --fork true 2>/dev/null || fail "this machine lets not even root mount anything in a namespace of its own"
}

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

apart() {  # apart command...: in a namespace of its own, in which a signal to this script ends it at once
    unshare --mount --propagation private --pid --fork --kill-child "$@" &
    child=$!
    local code=0
    wait "$child" || code=$?
    child=""
    return "$code"
}

uris() { apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sort -u; }

unpack_debian() {  # unpack_debian suite packages: into the folder $room, which is new and goes with this script
    local suite=$1 packages=$2 cache mirror base script
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/ev-charger-monitor/debian
    mkdir -p "$cache"
    cache=$(cd "$cache" && pwd -P)
    room=$(mktemp -d "$cache/$suite.room.XXXXXX")
    trap tidy EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    # What a killed call left.
    find "$cache" -mindepth 1 -maxdepth 1 -name '*.room.*' -mtime +0 -exec rm -rf --one-file-system -- {} +

    mirror=$(uris | head -n 1)
    [ -n "$mirror" ] || { apt-get update -qq && mirror=$(uris | head -n 1); }
    [ -n "$mirror" ] || fail "apt knows no mirror of Debian"

    base=$cache/$suite-$(echo "$mirror $packages" | cksum | cut -d' ' -f1).tar
    exec 9>"$base.lock"
    flock 9
    [ "${RENEW:-}" != 1 ] || rm -f "$base"
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
}
