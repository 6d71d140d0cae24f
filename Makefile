# Netverdict. `make demo` shows the main job, `make test` runs all tests; both install what is missing.
SHELL := /bin/bash
# Node 24 comes from npm (package `node`), so that an older system Node does not matter.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
NETVERDICT := ./netverdict

.PHONY: help setup demo up down test check bench bench-setup scenarios-full verify mutants chaos
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

setup: ## install what is missing and build the native parts
	@scripts/setup.sh

demo: setup ## break a cluster in a box, diagnose it, mend it, diagnose again, clean up
	@$(NETVERDICT) demo

up: setup ## the same cluster, services and API on http://127.0.0.1:8080, until `make down`
	@$(NETVERDICT) up --lab

down: ## stop what `make up` started
	@$(NETVERDICT) down

test: setup ## all tests
	@scripts/test.sh

check: setup ## format, lint, types, architecture rules, dead code
	@npm run --silent check

bench: bench-setup ## measure, and print each number with the machine and what it is compared with
	@node bench/main.ts

bench-setup:
	@scripts/setup.sh bpftrace dropwatch # what the monitoring is measured beside

scenarios-full: setup ## every scenario in every combination of CNI mode and iptables variant
	@NETVERDICT_SCENARIOS=full vitest run --project scenarios

chaos: setup ## diagnoses and webhooks while everything is killed and cut off; counts what is lost: make chaos SEED=7 N=2000
	@node tests/chaos/main.ts --seed $(or $(SEED),1) --diagnoses $(or $(N),2000) $(if $(WITHOUT),--without $(WITHOUT))

verify: setup ## compare the simulator with this kernel: make verify N=20000 SEED=7
	@$(NETVERDICT) verify --flows $(or $(N),1000) $(if $(SEED),--seed $(SEED))

mutants: setup ## turn every place of the simulator round (N: a sample of them): would verify notice? make mutants FLOWS=6000
	@$(NETVERDICT) verify --flows $(or $(FLOWS),6000) --seed $(or $(SEED),1) --workers 1 --no-shrink --record .mutants-corpus.gz > /dev/null || true
	@node libs/verify/src/mutate/record-fixtures.ts .mutants-fixtures.gz
	@node libs/verify/src/mutate/main.ts .mutants-fixtures.gz .mutants-corpus.gz $(if $(N),--most $(N)) --report docs/fidelity/mutants.json; rm -f .mutants-corpus.gz .mutants-fixtures.gz
