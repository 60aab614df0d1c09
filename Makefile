# `make` without a target lists the targets.
PYTHON ?= python3
SHOP   ?= demo
BIN    := .shoplake/envs/platform/bin
.DEFAULT_GOAL := help
# `make up` remembers its shop in .env; only SHOP on the command line or in the environment changes it.
NAMED_SHOP := $(if $(filter file,$(origin SHOP)),,--shop $(SHOP))
.PHONY: help env up down restart logs ps shell backup restore-backup upgrade test-compose test-cluster
.PHONY: demo status stop clean install install-dev generate check test test-all test-pure test-servers format lock

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

up: ## Docker: build and start everything, wait, trigger the first run (SHOP=demo|completejourney|none)
	@$(PYTHON) -m deploy.compose up $(NAMED_SHOP)

down: ## Docker: stop and remove the containers; data is kept
	@$(PYTHON) -m deploy.compose down

restart: ## Docker: restart all services in order
	@$(PYTHON) -m deploy.compose restart

logs: ## Docker: follow the logs of all services, or of one (S=spark)
	@$(PYTHON) -m deploy.compose logs $(S)

ps: ## Docker: show the health of the services
	@$(PYTHON) -m deploy.compose ps

shell: ## Docker: open a shell with the jobs' code, or in a service (S=postgres)
	@$(PYTHON) -m deploy.compose shell $(S)

backup: ## Docker: back up databases, events and lake as of one point in time (TO=folder)
	@$(PYTHON) -m deploy.compose backup $(if $(TO),--folder $(TO))

restore-backup: ## Docker: restore the newest backup, or FROM=folder; asks first
	@$(PYTHON) -m deploy.compose restore-backup $(if $(FROM),--from $(FROM))

upgrade: ## Docker: back up, build this version, migrate; roll back if that fails
	@$(PYTHON) -m deploy.compose upgrade $(if $(TO),--folder $(TO))

env: ## Create .env with random secrets, or add the missing ones
	@$(PYTHON) -m deploy.compose env

demo: install ## Install, start every server, load a shop, run the pipeline (SHOP=demo|completejourney|none)
	@$(BIN)/python -m deploy.processes demo --shop $(SHOP)

status: install ## Show state, process, uptime, memory and port of the servers
	@$(BIN)/python -m deploy.processes status

stop: install ## Stop the servers; data is kept
	@$(BIN)/python -m deploy.processes stop

clean: ## Delete all data and passwords of Docker and local mode; asks first
	@$(PYTHON) -m deploy.compose clean
	@if [ -d .shoplake/data ]; then $(MAKE) --no-print-directory install && $(BIN)/python -m deploy.processes clean; fi

generate: install ## Generate DDL, Superset datasets and dashboards, JSON Schemas, docs pages and docker-compose.yml
	@$(BIN)/python -m contracts.render
	@$(BIN)/python -m ops superset generate
	@$(BIN)/python -m deploy.compose_file

check: install-dev ## Check format, lint, types, import rules and generated files
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m contracts.render --check
	@$(BIN)/python -m ops superset generate --check
	@$(BIN)/python -m deploy.compose_file --check

test: ## Check, then run the tests and report durations; starts the servers they need
	@began=$$(date +%s) && $(MAKE) --no-print-directory check && echo "✓ Checks $$(($$(date +%s) - began)) s"
	@$(BIN)/python -m pytest -m "not long" --durations=25 $(PYTEST)

test-all: check ## Run all tests, long ones included, in two parallel halves
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-pure test-servers

test-pure: ## Run the half of all tests that does not start the platform
	@$(BIN)/python -m pytest --durations=25 tests/unit tests/gateway tests/deploy/processes

test-servers: ## Run the half of all tests that uses the platform's servers
	@$(BIN)/python -m pytest --durations=25 tests/integration tests/browser tests/stack

test-compose: install-dev ## Test the real compose file from scratch, with Docker; takes 15 minutes
	@$(BIN)/python -m pytest -m "compose and not cluster" tests/deploy/compose --durations=0

test-cluster: install-dev ## Test one run from scratch on a Spark cluster with two workers
	@$(BIN)/python -m pytest -m "compose and cluster" tests/deploy/compose

format: install-dev ## Format the code and apply automatic fixes
	@$(BIN)/ruff format -q .
	@$(BIN)/ruff check -q --fix .

lock: install ## Resolve requirements/*.in again and rewrite the lock files
	@cd requirements && for name in tools platform superset node dev s3; do \
	  ../.shoplake/tools/bin/uv pip compile -q --upgrade --python-version 3.11 --universal --generate-hashes \
	    --no-emit-index-url $$name.in -o $$name.txt || exit 1; done

install:
	@$(PYTHON) -m deploy.env.environments platform superset storefront

install-dev:
	@$(PYTHON) -m deploy.env.environments platform superset storefront dev s3
