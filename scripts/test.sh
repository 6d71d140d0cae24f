#!/usr/bin/env bash
# Runs the test suites one after the other and ends with the line `N passed, N failed`.
# Arguments are passed to vitest (a file filter, for instance).
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

suites=(unit)
if [ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ]; then
  suites+=(integration kernel scenarios alone)
else
  echo 'Only the unit tests run here: the others need Linux and root (network namespaces, containerd).'
fi
runs=()
for suite in "${suites[@]}"; do
  echo "── $suite"
  started=$SECONDS
  NETVERDICT_COUNTS="$results/$suite.json" vitest run --project "$suite" --passWithNoTests \
    --reporter=default --reporter=./scripts/counting-reporter.ts "$@"
  runs+=("$results/$suite.json" "$?")
  echo "── $suite took $((SECONDS - started)) s"
done
node scripts/test-summary.ts "${runs[@]}"
