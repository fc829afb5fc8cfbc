#!/bin/sh
# Programs of the recipes in src/adapters/dns/README.md that would take a machine over when
# installed (systemd-resolved its /etc/resolv.conf, NetworkManager its addresses, Docker its packet
# filter) or that Debian lacks: unpacked below .cache/recipe-programs, where tests lay them over
# /usr and /etc of a namespace.
#   recipe-programs.sh        systemd-resolved, NetworkManager, musl; 10 MB, some 10 s
#   recipe-programs.sh all    Docker and Compose too, 70 MB; CoreDNS from source if there is Go
set -eu
cd "$(dirname -- "$0")/../.."
target=$PWD/.cache/recipe-programs
coredns=v1.15.0

# Packages and what they need that is not installed here. No script of theirs is run.
unpack() {
  wanted=$(apt-get install --print-uris -qq -y --no-install-recommends "$@" |
    sed -n "s/^'[^']*' \([^ ]*\.deb\) .*/\1/p")
  cd "$target/debs"
  missing=
  for file in $wanted; do [ -e "$file" ] || missing="$missing ${file%%_*}"; done
  # shellcheck disable=SC2086
  [ -z "$missing" ] || apt-get download -qq -o APT::Sandbox::User=root $missing
  for file in $wanted; do dpkg-deb -x "$file" "$target"; done
  cd "$OLDPWD"
}

# In Debian 12 these are links into /usr, which older packages do not know.
merge_usr() {
  for folder in bin lib sbin; do
    [ -d "$target/$folder" ] || continue
    mkdir -p "$target/usr/$folder"
    cp -a "$target/$folder/." "$target/usr/$folder/"
    rm -r "${target:?}/$folder"
  done
}

build_coredns() {
  if ! command -v go >/dev/null; then
    echo 'no Go: CoreDNS is not built, and its recipe is tested if it is in the PATH' >&2
  elif [ ! -e "$target/coredns-$coredns" ]; then
    GOBIN=$target/usr/bin go install "github.com/coredns/coredns@$coredns"
    touch "$target/coredns-$coredns"
  fi
}

mkdir -p "$target/debs" "$target/usr" "$target/etc"
unpack systemd-resolved network-manager dbus dnsmasq-base
if command -v gcc >/dev/null; then unpack musl-tools; fi
if [ "${1:-}" = all ]; then
  unpack docker.io docker-compose iptables
  # What the scripts of the package would do.
  ln -sf iptables-nft "$target/usr/sbin/iptables"
  build_coredns
fi
merge_usr
