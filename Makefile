# One command per intent, the same on a laptop and in CI. Each does all set-up it needs.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
    $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
# The lock is complete: pip has nothing to resolve. When it resolves, a newer release of what is locked and also asked for
# with an extra ("coverage[toml]") stops it: https://github.com/pypa/pip/issues/9644
PIP := --quiet --disable-pip-version-check --no-deps
DATA ?= students
TESTS ?=
GENERATED := README.md action.yml check/action.yml docs/cli.md

.PHONY: help demo test faults e2e lint wording format docs bench bench-decision setup clean

help:  ## show the commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

setup: .venv/ready  ## install the locked dependencies into .venv
.venv/ready: requirements/dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: install it, or name one with PYTHON=..." >&2; exit 1; }
	@command -v git >/dev/null || { echo "git is needed: install it" >&2; exit 1; }
	@echo "Setting up .venv with $$($(PYTHON) --version) (once; about a minute)"
	@$(PYTHON) -m venv --clear .venv || { echo "the venv module is missing: on Debian, apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install $(PIP) --require-hashes --only-binary :all: -r requirements/dev.txt
	@$(BIN)/python -m pip install $(PIP) --no-build-isolation --editable .
	@$(BIN)/python -m pip check --quiet --disable-pip-version-check
	@touch $@

demo: .venv/ready  ## watch the whole loop on example data (DATA=real: on real data)
	@$(BIN)/ml-auto-update demo --data $(DATA) --keep .demo

test: .venv/ready  ## run every test but those of e2e, with branch coverage (TESTS=path for some)
	@$(BIN)/python -m pytest $(if $(TESTS),$(TESTS),-m "not container" --numprocesses=auto --cov --cov-report=term)

faults: .venv/ready  ## every fault at every exchange of a promotion; writes docs/faults.md (minutes)
	@$(BIN)/python -m tests.faults.matrix --write docs/faults.md

# CI=true: what is missing is an error here, not a reason to skip.
e2e: .venv/ready  ## the real container and real workflows, on this machine (needs Docker and Go)
	@docker/engine
	@docker/base-image
	@scripts/go-tool act >/dev/null
	@CI=true $(BIN)/python -m pytest --durations=5 tests/e2e/container tests/e2e/act

lint: .venv/ready  ## formatter, linter, types, layers, generated texts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/cog --check -I . $(GENERATED)

wording: .venv/ready  ## words that the project does not use, counted by folder (FILES=path for some)
	@$(BIN)/python -m scripts.wording $(FILES)

format: .venv/ready  ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: .venv/ready  ## write the generated parts of the documentation
	@$(BIN)/cog -r -I . $(GENERATED)
	@$(BIN)/python -m scripts.docs.tables
	@$(BIN)/python -m scripts.docs.doctor

bench: .venv/ready  ## measure speed against named baselines
	@$(BIN)/python -m benchmarks.run

bench-decision: .venv/ready  ## hold the gate to its aims: worlds against true loss (QUICK=1: one minute)
	@$(BIN)/python -m benchmarks.decision $(if $(QUICK),--quick,--full --json benchmarks/decision/results.json --chart docs/decision.svg)

clean:  ## remove what the commands made
	@rm -rf .venv .demo .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
