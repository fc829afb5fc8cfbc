#!/bin/sh
# The promise of the README on a machine of its own: a fresh clone in a bare Debian 12 with its own
# Node 18.20 and npm 9.2, without libatomic, as an ordinary user: `npm start` serves, `npm test` is
# green. Then once more with the pinned Node first in PATH. Needs root (chroot), a Debian 12 around
# it, and the network for packages. Takes some five minutes; the folder goes at the end.
set -eu
project=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
work=$(mktemp -d)
root="$work/root"
clean() {
  # What a failed try left running would keep the mounts busy.
  for one in /proc/[0-9]*; do
    [ "$(readlink "$one/root")" != "$root" ] || kill -KILL "${one#/proc/}" 2>/dev/null || true
  done
  for one in proc dev; do ! mountpoint -q "$root/$one" || umount -l "$root/$one"; done
  rm -rf --one-file-system "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM

# With nothing installed as far as apt knows, it fetches everything down to libc.
mkdir -p "$work/archives/partial" "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64"
: >"$work/status"
version=$(apt-cache madison nodejs | awk '$3 ~ /^18\./ { print $3; exit }')
apt-get -qq -o APT::Sandbox::User=root -o Dir::State::status="$work/status" -o Dir::Cache::archives="$work/archives" \
  -o APT::Install-Recommends=false -o Debug::NoLocking=1 --download-only -y install \
  "nodejs=$version" "libnode108=$version" npm dash bash coreutils sed grep tar gzip diffutils \
  findutils mawk util-linux base-files git ca-certificates procps curl bind9-dnsutils apt dpkg
for one in bin sbin lib lib64; do ln -s "usr/$one" "$root/$one"; done
for deb in "$work"/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$root"
done

mkdir -p "$root/proc" "$root/dev" "$root/tmp" "$root/home/tester" "$root/usr/share/keyrings"
chmod 1777 "$root/tmp"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
cp -rL /etc/ssl/certs "$root/etc/ssl/"
cp /usr/share/keyrings/debian-archive* "$root/usr/share/keyrings/"
cp /etc/apt/sources.list.d/debian.sources "$root/etc/apt/sources.list.d/"
printf 'root:x:0:0::/root:/bin/sh\n_apt:x:42:65534::/:/bin/sh\ntester:x:12345:12345::/home/tester:/bin/sh\n' \
  >"$root/etc/passwd"
printf 'root:x:0:\ntester:x:12345:\nnogroup:x:65534:\n' >"$root/etc/group"
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"
git clone -q "$project" "$root/home/tester/cairn"
chown -R 12345:12345 "$root/home/tester"

cat >"$root/tmp/try.sh" <<'TRY'
set -eu
cd ~/cairn
echo "== node $(node -v), npm $(npm -v), user $(id -un)"
: >/tmp/start.log
npm start -- --http.port=0 --dns.port=0 >/tmp/start.log 2>&1 &
started=$(date +%s)
# On a busy machine packages take their time; how long it took is told.
until grep -q readyz /tmp/start.log; do
  [ $(($(date +%s) - started)) -lt 180 ] || { cat /tmp/start.log; exit 1; }
  sleep 0.1
done
echo "== serves after $(($(date +%s) - started)) s"
http=$(sed -n 's|.*metrics *http://\([^/]*\)/.*|\1|p' /tmp/start.log)
dns=$(sed -n 's|.*dns *127.0.0.1:\([0-9]*\) .*|\1|p' /tmp/start.log)
curl -sf -X POST "http://$http/nacos/v1/ns/instance?serviceName=orders&ip=10.0.0.7&port=8080" && echo
[ "$(dig +short @127.0.0.1 -p "$dns" orders.nacos)" = 10.0.0.7 ]
kill -TERM $!
wait $! && echo "== stopped with 0"
rm /tmp/start.log
npm test
TRY
in_chroot() {
  chroot --userspec=12345:12345 "$root" /usr/bin/env -i \
    HOME=/home/tester PATH="$1:/usr/bin:/bin" LD_LIBRARY_PATH="${2:-}" \
    ${NODE_EXTRA_CA_CERTS:+NODE_EXTRA_CA_CERTS="$NODE_EXTRA_CA_CERTS"} /bin/sh /tmp/try.sh
}
runtime=/home/tester/cairn/src/launcher/runtime/node_modules
in_chroot /usr/bin
in_chroot "$runtime/node-linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')/bin" "$runtime/.lib"
