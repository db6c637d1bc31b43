# One command per intent, the same on a laptop and in CI. Each does all set-up it needs.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
    $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
DATA ?= students
TESTS ?=

.PHONY: help demo test lint format docs bench setup clean

help:  ## show the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: .venv/ready  ## install the locked dependencies into .venv
.venv/ready: requirements/dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: install it, or name one with PYTHON=..." >&2; exit 1; }
	@command -v git >/dev/null || { echo "git is needed: install it" >&2; exit 1; }
	@echo "Setting up .venv with $$($(PYTHON) --version) (once; about a minute)"
	@$(PYTHON) -m venv --clear .venv || { echo "the venv module is missing: on Debian, apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: .venv/ready  ## watch the whole loop on example data (DATA=real: on real data)
	@$(BIN)/ml-auto-update demo --data $(DATA) --keep .demo

test: .venv/ready  ## run every test, with branch coverage (TESTS=path for some)
	@$(BIN)/python -m pytest $(if $(TESTS),$(TESTS),--numprocesses=auto --cov --cov-report=term)

lint: .venv/ready  ## formatter, linter, types, layers, generated texts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/cog --check -I . README.md action.yml check/action.yml docs/cli.md ml-auto-update.schema.json

format: .venv/ready  ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: .venv/ready  ## write the generated parts of the documentation anew
	@$(BIN)/cog -r -I . README.md action.yml check/action.yml docs/cli.md ml-auto-update.schema.json

bench: .venv/ready  ## measure speed against named baselines
	@$(BIN)/python benchmarks/run.py

clean:  ## remove what the commands made
	@rm -rf .venv .demo .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
