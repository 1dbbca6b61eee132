#!/bin/sh
# The release proof: in a bare Debian 12 a fresh clone runs (./dev run, /healthz 200) and passes its tests (./dev test).
#
#   tests/debootstrap.sh            the whole proof
#   tests/debootstrap.sh CALL...    one call of ./dev in such a root instead, such as `build`
#
# Needs root, debootstrap, git and a working apt. The mirror, proxies and certificates are those of the machine's own apt;
# nothing of them is written here. What is tested is the last commit. Everything is removed at the end; KEEP=1 leaves it.
set -eu
cd "$(dirname "$0")/.."
say() { printf '== %s\n' "$*"; }
die() { printf 'debootstrap.sh: %s\n' "$*" >&2; exit 70; }

[ "$(id -u)" -eq 0 ] || die 'needs root'
for tool in debootstrap git python3; do command -v "$tool" >/dev/null || die "needs $tool"; done
shared=${FIRSTMILE_SHARED:-../shared}

# shellcheck disable=SC2016  # the words in $() are apt's
mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' |
    awk '$1 == "bookworm" && $2 == "main" { print $3; exit }')
[ -n "$mirror" ] || die 'apt names no source for bookworm main'

scratch=$(mktemp -d)
root=$scratch/root
server=
cleanup() {
    status=$?
    trap - EXIT
    for process in /proc/[0-9]*; do          # whatever still runs inside, such as an interrupted apt
        [ "$(readlink "$process/root")" != "$root" ] || kill -KILL "${process#/proc/}" 2>/dev/null || true
    done
    sleep 1
    for mount in dev/pts dev proc; do
        ! mountpoint -q "$root/$mount" || umount "$root/$mount" || exit 70      # never remove through a mount
    done
    if [ "${KEEP:-}" = 1 ]; then say "left in $scratch"; else rm -rf --one-file-system "$scratch"; fi
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

say "debootstrap --variant=minbase bookworm"
debootstrap --variant=minbase bookworm "$root" "$mirror" >"$scratch/debootstrap.log" 2>&1 ||
    { tail -20 "$scratch/debootstrap.log"; die 'debootstrap failed'; }
say "$(chroot "$root" dpkg-query -W | wc -l) packages, Debian $(cat "$root/etc/debian_version")"

# The machine's way to its mirror: sources, keys, proxies, certificates, name servers.
rm -rf "$root/etc/apt/sources.list" "$root/etc/apt/sources.list.d"
for name in sources.list sources.list.d apt.conf apt.conf.d auth.conf auth.conf.d keyrings trusted.gpg.d; do
    [ ! -e "/etc/apt/$name" ] || { rm -rf "$root/etc/apt/$name"; cp -a "/etc/apt/$name" "$root/etc/apt/$name"; }
done
rm -f "$root"/etc/apt/apt.conf.d/*packagekit "$root"/etc/apt/apt.conf.d/*appstream     # they call programs that are not there
[ ! -d /usr/share/keyrings ] || cp -an /usr/share/keyrings/. "$root/usr/share/keyrings/"
mkdir -p "$root/etc/ssl/certs"
[ ! -f /etc/ssl/certs/ca-certificates.crt ] || cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
for name in resolv.conf hosts; do cp -L "/etc/$name" "$root/etc/$name"; done
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t devpts devpts "$root/dev/pts"

mkdir "$root/srv/house"
git clone --quiet --no-hardlinks . "$root/srv/house/firstmile"
rm -rf "$root/srv/house/firstmile/.git/hooks"
[ ! -d "$shared" ] || cp -aL "$shared" "$root/srv/house/shared"
say "commit $(git log -1 --format='%h %s')"
inside=$scratch/inside     # a program and not a function, so that the server's process is ours to signal
cat >"$inside" <<SCRIPT
#!/bin/sh
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 ${CI:+CI=$CI} chroot "$root" \\
    sh -c 'cd /srv/house/firstmile && exec "\$@"' sh "\$@"
SCRIPT
chmod +x "$inside"
healthz() {
    python3 -c 'import sys, urllib.request as u
try: print(u.build_opener(u.ProxyHandler({})).open("http://127.0.0.1:8080/healthz", timeout=2).status)
except OSError: sys.exit(1)'
}

if [ $# -gt 0 ]; then
    "$inside" ./dev "$@"
    exit
fi

! healthz >/dev/null || die 'something already answers at 127.0.0.1:8080; the proof would ask it'
say "./dev run"
: >"$scratch/run.log"
"$inside" ./dev run >"$scratch/run.log" 2>&1 &
server=$!
tries=0
until grep -q '^listening on' "$scratch/run.log" && answer=$(healthz); do      # and not somebody else's server there
    kill -0 "$server" 2>/dev/null || { cat "$scratch/run.log"; die './dev run ended'; }
    tries=$((tries + 1))
    [ "$tries" -lt 1800 ] || { cat "$scratch/run.log"; die 'no answer in 30 minutes'; }
    sleep 1
done
cat "$scratch/run.log"
say "/healthz $answer"
kill -TERM "$server"
status=0
wait "$server" || status=$?
server=
[ "$status" -eq 0 ] || die "the server ended with $status"
say "the server ended with 0"

say "./dev test"
"$inside" ./dev test
