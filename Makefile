# `make` alone says what there is to make.
PYTHON ?= python3
SHOP   ?= demo
BIN    := .shoplake/envs/platform/bin
.DEFAULT_GOAL := help
# `make up` remembers its shop in .env; only one that is named here or in the environment changes it.
NAMED_SHOP := $(if $(filter file,$(origin SHOP)),,--shop $(SHOP))
.PHONY: help env up down restart logs ps shell backup restore-backup upgrade test-compose test-cluster
.PHONY: demo status stop clean install install-dev generate check test test-all test-pure test-servers format lock

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

up: ## Docker: build, start everything, wait, trigger the first run (SHOP=demo|completejourney|none)
	@$(PYTHON) -m deploy.compose up $(NAMED_SHOP)

down: ## Docker: stop and remove the containers; data stay
	@$(PYTHON) -m deploy.compose down

restart: ## Docker: stop all services and start them in order
	@$(PYTHON) -m deploy.compose restart

logs: ## Docker: follow the logs of all services, or of S=spark
	@$(PYTHON) -m deploy.compose logs $(S)

ps: ## Docker: show the services and their health
	@$(PYTHON) -m deploy.compose ps

shell: ## Docker: a shell beside the jobs, or in S=postgres
	@$(PYTHON) -m deploy.compose shell $(S)

backup: ## Docker: save databases, events and lake as of one moment (TO=folder)
	@$(PYTHON) -m deploy.compose backup $(if $(TO),--folder $(TO))

restore-backup: ## Docker: put the newest backup back, or FROM=folder; asks before it does
	@$(PYTHON) -m deploy.compose restore-backup $(if $(FROM),--from $(FROM))

upgrade: ## Docker: back up, build this version, migrate; back to before when that fails
	@$(PYTHON) -m deploy.compose upgrade $(if $(TO),--folder $(TO))

env: ## Write .env with random secrets, or complete it
	@$(PYTHON) -m deploy.compose env

demo: install ## Install, start every server, load a shop, run the pipeline (SHOP=demo|completejourney|none)
	@$(BIN)/python -m deploy.processes demo --shop $(SHOP)

status: install ## Show the servers: state, process, uptime, memory, port
	@$(BIN)/python -m deploy.processes status

stop: install ## Stop the servers; data stay
	@$(BIN)/python -m deploy.processes stop

clean: ## Delete all data and passwords, of Docker and of local mode; asks before it does
	@$(PYTHON) -m deploy.compose clean
	@if [ -d .shoplake/data ]; then $(MAKE) --no-print-directory install && $(BIN)/python -m deploy.processes clean; fi

generate: install ## Write what is declared: DDL, Superset datasets and dashboards, JSON Schemas, pages, docker-compose.yml
	@$(BIN)/python -m contracts.render
	@$(BIN)/python -m ops superset generate
	@$(BIN)/python -m deploy.compose_file

check: install-dev ## Format, lint, types, import rules, freshness of generated files
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m contracts.render --check
	@$(BIN)/python -m ops superset generate --check
	@$(BIN)/python -m deploy.compose_file --check

test: ## Check, then run the tests; starts the servers it needs; says how long each part took
	@began=$$(date +%s) && $(MAKE) --no-print-directory check && echo "✓ Checks $$(($$(date +%s) - began)) s"
	@$(BIN)/python -m pytest -m "not long" --durations=25 $(PYTEST)

test-all: check ## The same and the long proofs, in two halves side by side
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-pure test-servers

test-pure: ## Of all tests, those that start no platform
	@$(BIN)/python -m pytest --durations=25 tests/unit tests/gateway tests/deploy/processes

test-servers: ## Of all tests, those that run the platform's servers
	@$(BIN)/python -m pytest --durations=25 tests/integration tests/browser tests/stack

test-compose: install-dev ## The real compose file from nothing, with Docker: a quarter of an hour
	@$(BIN)/python -m pytest -m "compose and not cluster" tests/deploy/compose --durations=0

test-cluster: install-dev ## The same on a Spark cluster of two workers, once from nothing to figures
	@$(BIN)/python -m pytest -m "compose and cluster" tests/deploy/compose

format: install-dev ## Format the code and fix what can be fixed
	@$(BIN)/ruff format -q .
	@$(BIN)/ruff check -q --fix .

lock: install ## Resolve requirements/*.in anew into the locks
	@cd requirements && for name in tools platform superset node dev s3; do \
	  ../.shoplake/tools/bin/uv pip compile -q --upgrade --python-version 3.11 --universal --generate-hashes \
	    --no-emit-index-url $$name.in -o $$name.txt || exit 1; done

install:
	@$(PYTHON) -m deploy.env.environments platform superset storefront

install-dev:
	@$(PYTHON) -m deploy.env.environments platform superset storefront dev s3
