# alicloud.os_migration: what can be done from a checkout. Everything installs what it needs by itself.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help venv system demo lab test test-full unit lint sanity acceptance policies catalogue bench clean
VENV = $$(tests/setup/venv.sh)

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

venv: ## Make the virtual environment .venv, in which alicloud.os_migration.* resolves from any directory
	@tests/setup/venv.sh

system: ## Install the Debian packages that lab and tests need
	@tests/setup/system.sh

demo: system ## Migrate a small fleet of lab hosts with the stock ansible-playbook command
	@tests/setup/root.sh demo && venv=$(VENV) && exec "$$venv/bin/python" tests/demo.py $(DEMO_ARGS)

lab: system ## Start the demo's fleet, print the command, and leave it up until Ctrl-C
	@tests/setup/root.sh lab && venv=$(VENV) && exec "$$venv/bin/python" tests/demo.py --keep

test: system ## Run everything that CI runs
	@tests/setup/test.sh

unit: ## Run the unit tests and the simulator's tests only
	@venv=$(VENV) && exec "$$venv/bin/python" -m pytest -q -n 2 tests/unit

lint: system ## Run ruff, mypy, shellcheck and ansible-lint
	@tests/setup/lint.sh

sanity: system ## Run ansible-test sanity
	@tests/setup/sanity.sh

acceptance: system ## Run the roles against lab hosts
	@tests/setup/root.sh test && venv=$(VENV) && exec "$$venv/bin/python" -m pytest -q tests/acceptance

policies: system ## Write docs/ram anew, from the operations that the playbooks really call
	@tests/setup/root.sh policies && venv=$(VENV) && OS_MIGRATION_UPDATE_POLICIES=1 "$$venv/bin/python" -m pytest -q tests/acceptance/test_ram_policies.py tests/acceptance/test_migrate.py -m "full or not full" -k "ram_policy or newest"

catalogue: ## Print the catalogue of checks, and write docs/checks.md anew
	@venv=$(VENV) && exec "$$venv/bin/python" tests/catalogue.py --write

test-full: test ## Everything that CI runs, and what takes too long for it: a large fleet, every fault on every operation
	@venv=$(VENV) && exec "$$venv/bin/python" -m pytest -q -m full tests/unit tests/acceptance

bench: system ## Measure probe, precheck and conversion
	@tests/setup/root.sh bench && venv=$(VENV) && exec "$$venv/bin/python" tests/bench/bench.py

clean: ## Remove the virtual environment's link, reports and labs that were left behind
	@venv=$(VENV) && (cd tests && "$$venv/bin/python" -m lab reap); rm -rf .venv os_migration_runs .pytest_cache .mypy_cache .ruff_cache
