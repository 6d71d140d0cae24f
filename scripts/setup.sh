#!/usr/bin/env bash
# Installs what is missing, and only that: Debian packages, npm packages (Node 24 among them), the native build.
# Arguments are further Debian packages. Safe to run again. Without root or off Linux it leaves the system alone and installs the npm packages only.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '· %s\n' "$*"; }

can_lab=no
[ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ] && can_lab=yes

# What the lab, the embedded engines and the native helpers need (Debian 12 names).
packages=(nats-server redis-server containerd runc containernetworking-plugins
  iproute2 iptables nftables ipset conntrack iputils-ping gcc libc6-dev make procps ca-certificates
  clang llvm bpftool libbpf-dev libelf-dev zlib1g-dev # for the eBPF probes
  libpcap-dev prometheus # for captures; the tests ask rules and dashboards of a real Prometheus
  "$@")
if [ "$can_lab" = yes ] && command -v dpkg-query >/dev/null; then
  missing=()
  for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" = 'install ok installed' ] || missing+=("$package")
  done
  # Commands that more than one package has: whichever is there will do. The tests use the first two.
  for pair in kubectl:kubernetes-client python3:python3 modprobe:kmod; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    say "installing Debian packages: ${missing[*]}"
    # Package scripts must not start daemons: everything here is started by Netverdict, as its children.
    policy=/usr/sbin/policy-rc.d
    made_policy=no
    if [ ! -e "$policy" ]; then
      printf '#!/bin/sh\nexit 101\n' >"$policy"
      chmod +x "$policy"
      made_policy=yes
    fi
    trap '[ "$made_policy" = yes ] && rm -f "$policy"' EXIT
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
elif [ "$can_lab" = yes ]; then
  say "no dpkg here: please install what these Debian packages hold: ${packages[*]}"
fi

if ! command -v npm >/dev/null; then
  echo "npm is needed: install nodejs and npm (Debian: apt-get install nodejs npm)" >&2
  exit 1
fi
# npm writes node_modules/.package-lock.json last; older than the lockfile means not installed or out of date.
if [ ! -x node_modules/.bin/node ] || [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  say 'installing npm packages'
  # Not `npm ci`: it refuses a lockfile without the optional packages of other platforms, and not every registry has those.
  npm install --no-save --no-audit --no-fund --loglevel=error
  touch node_modules/.package-lock.json
fi
version=$(node_modules/.bin/node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo none)
if [ "$version" = none ] || [ "$version" -lt 24 ]; then
  echo "node_modules/.bin/node does not run as Node 24 or newer (found: $version). Remove node_modules and run this again." >&2
  exit 1
fi

if [ "$can_lab" = yes ]; then
  make --silent -C services/collector-agent/native
  make --silent -C libs/lab/native
  make --silent -C libs/verify/native
fi
