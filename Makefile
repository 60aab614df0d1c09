# `make` alone says what there is to make.
PYTHON ?= python3
SHOP   ?= demo
BIN    := .shoplake/envs/platform/bin
.DEFAULT_GOAL := help
.PHONY: help demo status stop clean install install-dev generate check test format lock

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

demo: install ## Install, start every server, load a shop, run the pipeline (SHOP=demo|completejourney|none)
	@$(BIN)/python -m local demo --shop $(SHOP)

status: install ## Show the servers: state, process, uptime, memory, port
	@$(BIN)/python -m local status

stop: install ## Stop the servers; data stay
	@$(BIN)/python -m local stop

clean: install ## Delete all data and passwords; asks before it does
	@$(BIN)/python -m local clean

generate: install ## Write what contracts declare: DDL, Superset datasets, JSON Schemas, table pages
	@$(BIN)/python -m contracts.render

check: install-dev ## Format, lint, types, import rules, freshness of generated files
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m contracts.render --check

test: ## Check, then run every test; starts the servers it needs; says how long each part took
	@began=$$(date +%s) && $(MAKE) --no-print-directory check && echo "✓ Checks $$(($$(date +%s) - began)) s"
	@$(BIN)/python -m pytest --durations=25 $(PYTEST)

format: install-dev ## Format the code and fix what can be fixed
	@$(BIN)/ruff format -q .
	@$(BIN)/ruff check -q --fix .

lock: install ## Resolve requirements/*.in anew into the locks
	@cd requirements && for name in tools platform superset dev; do \
	  ../.shoplake/tools/bin/uv pip compile -q --upgrade --python-version 3.11 --universal --generate-hashes \
	    --no-emit-index-url $$name.in -o $$name.txt || exit 1; done

install:
	@$(PYTHON) -m local.environments platform superset

install-dev:
	@$(PYTHON) -m local.environments platform superset dev
