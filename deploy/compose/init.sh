#!/usr/bin/env bash
# Makes what docker-compose.yml reads as secrets: init.sh CLUSTER [NODE…]. What is there stays, so that it can be run again for more nodes.
set -euo pipefail
cd "$(dirname "$0")"
cluster=${1:?which cluster? init.sh CLUSTER [NODE…]}
shift
[ $# -gt 0 ] || set -- node-1
umask 077
mkdir -p secrets/agents
../../netverdict keys --cluster "$cluster" --node "$@" --out secrets/keys >/dev/null
cp secrets/keys/hub/*.nk "secrets/keys/$cluster/services/topology.nk" secrets/keys/nats/users.conf secrets/
cp "secrets/keys/$cluster/agents/"* secrets/agents/

random() { head -c 30 /dev/urandom | base64 | tr '+/' '-_'; }
made() { [ -s "secrets/$1" ] || printf '%s\n' "$2" >"secrets/$1"; }
made token "nv_$(random)"
made eventproc-token "nv_$(random)"
made webhook-secret "whsec_$(head -c 24 /dev/urandom | base64)"
made postgres-password "$(random)"
made database-url "postgres://netverdict:$(cat secrets/postgres-password)@postgresql:5432/netverdict"
made redis-password "$(random)"
made redis-url "redis://:$(cat secrets/redis-password)@redis:6379"
made redis.conf "requirepass $(cat secrets/redis-password)
maxmemory-policy noeviction
save \"\""
# The folder is closed; the files are not, since containers read them as other users.
find secrets -maxdepth 1 -type f -exec chmod 0644 {} +
chmod 0644 secrets/agents/*
echo "The secrets are in $PWD/secrets. The token: $PWD/secrets/token"
