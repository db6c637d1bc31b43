# One command per intent, the same on a laptop and in CI. Each does all set-up it needs.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
    $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
# The lock is complete: pip has nothing to resolve. When it resolves, a newer release of what is locked and also asked for
# with an extra ("coverage[toml]") stops it: https://github.com/pypa/pip/issues/9644
PIP := --quiet --disable-pip-version-check --no-deps
DATA ?= students
TESTS ?=
GENERATED := README.md action.yml check/action.yml docs/architecture.md docs/cli.md

# The packages that the check needs: they run on Python 3.10.
CHECK := datasets git config core runtime
# Tests that need no container, on all cores.
PYTEST := $(BIN)/python -m pytest -m "not e2e" --numprocesses=auto

.PHONY: help setup hooks demo test-fast test coverage faults e2e check-3.10 mutation audit ci lint wording format docs bench \
    bench-decision clean

help:  ## show the commands
	@grep -hE '^[a-z0-9.-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

setup: .venv/ready  ## install the locked dependencies into .venv
.venv/ready: requirements/dev.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: install it, or name one with PYTHON=..." >&2; exit 1; }
	@command -v git >/dev/null || { echo "git is needed: install it" >&2; exit 1; }
	@echo "Setting up .venv with $$($(PYTHON) --version) (once; about a minute)"
	@$(PYTHON) -m venv --clear .venv || { echo "the venv module is missing: on Debian, apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install $(PIP) --require-hashes --only-binary :all: -r requirements/dev.txt
	@$(BIN)/python -m pip install $(PIP) --no-build-isolation --editable .
	@$(BIN)/python -m pip check --quiet --disable-pip-version-check
	@touch $@

hooks: .venv/ready  ## install the git hooks that run the locked tools on what is committed
	@$(BIN)/pre-commit install

demo: .venv/ready  ## watch the whole loop on example data (DATA=real: on real data)
	@$(BIN)/ml-auto-update demo --data $(DATA) --keep .demo

test-fast: .venv/ready  ## unit and contract tests, few examples of each property, without coverage: a minute
	@HYPOTHESIS=few $(PYTEST) tests/unit tests/contract

test: .venv/ready  ## all tests that need no container, without coverage (TESTS=path for some)
	@$(if $(TESTS),$(BIN)/python -m pytest $(TESTS),$(PYTEST))

coverage: .venv/ready  ## what `test` runs, with branch coverage and its floor
	@$(PYTEST) --cov --cov-report=term

faults: .venv/ready  ## every fault at every exchange of a promotion; writes docs/faults.md (minutes)
	@$(BIN)/python -m tests.faults.matrix --write docs/faults.md

# CI=true: what is missing is an error here, not a reason to skip.
e2e: .venv/ready  ## the real container and real workflows, on this machine (needs Docker and Go)
	@docker/engine
	@docker/base-image
	@scripts/go-tool act >/dev/null
	@CI=true $(BIN)/python -m pytest --durations=5 tests/e2e/container tests/e2e/act

check-3.10: .venv/ready  ## the check on Python 3.10, the oldest that it promises to run on (where one is installed)
	@$(BIN)/python -m pytest tests/contract/test_python_310.py

# Everything that has to pass before a merge, on a machine that may be new: an hour at most on two cores. `coverage` runs
# every test that `test` does, the check on 3.10 and the worst faults among them; all faults at every exchange: `faults`.
ci: .venv/ready  ## lint, coverage and e2e, as CI runs them; installs the browser and the engine they need (as root)
	@$(MAKE) --no-print-directory lint
	@scripts/browser
	@$(MAKE) --no-print-directory coverage
	@$(MAKE) --no-print-directory e2e

lint: .venv/ready  ## formatter, linter, types, import contracts, spelling, wording, generated texts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/mypy --python-version 3.10 --cache-dir .mypy_cache/3.10 $(CHECK:%=-p ml_action.%)
	@PYTHONPATH=example-repo $(BIN)/lint-imports
	@git ls-files -z | xargs -0 $(BIN)/codespell
	@$(BIN)/python -m scripts.wording
	@$(BIN)/cog --check -I . $(GENERATED)

wording: .venv/ready  ## words that the project does not use, counted by folder (FILES=path for some)
	@$(BIN)/python -m scripts.wording $(FILES)

# Adds the tool to .venv; the versions of everything else are those of the other lock.
.venv/mutation: .venv/ready requirements/mutation.txt
	@$(BIN)/python -m pip install $(PIP) --require-hashes --only-binary :all: -r requirements/mutation.txt
	@touch $@

mutation: .venv/mutation  ## change the gate, the inventory and the verification, and expect a test to fail each time
	@$(BIN)/python -m scripts.mutation

# The tool has an environment of its own: its dependencies are no part of the product's.
.venv/audit/ready: .venv/ready requirements/audit.txt
	@$(PYTHON) -m venv --clear .venv/audit
	@.venv/audit/bin/python -m pip install $(PIP) --require-hashes --only-binary :all: -r requirements/audit.txt
	@touch $@

audit: .venv/audit/ready  ## compare every locked version with the known vulnerabilities of OSV (needs the network)
	@scripts/audit .venv/audit/bin/pip-audit

format: .venv/ready  ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: .venv/ready  ## write the generated parts of the documentation
	@$(BIN)/cog -r -I . $(GENERATED)
	@$(BIN)/python -m scripts.docs.schemas
	@$(BIN)/python -m scripts.docs.doctor

bench: .venv/ready  ## measure speed against named baselines
	@$(BIN)/python -m benchmarks.run

bench-decision: .venv/ready  ## hold the gate to its aims: worlds against true loss (QUICK=1: one minute)
	@$(BIN)/python -m benchmarks.decision $(if $(QUICK),--quick,--full --json benchmarks/decision/results.json --chart docs/decision.svg)

clean:  ## remove what the commands made
	@rm -rf .venv .demo .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache mutants *.egg-info
