# Everything a person or a machine runs. `make` alone prints what there is.
# PYTHON=/path/to/python3 chooses the interpreter; ARGS="..." are options of `python run.py`.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
CODE := run.py edgelock tests
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install -c constraints.txt
PACKAGING := setup.cfg pyproject.toml constraints.txt
CANDIDATES := $(or $(PYTHON),python3 python3.11 python3.12 python3.13 python3.14)
PYTEST := $(BIN)/python -m pytest -m "not campaign"
# Branches of core that core's own tests must reach, in percent. `make test` measures nothing else, because measuring
# costs time.
CORE_COVERAGE := $(BIN)/coverage report --include='edgelock/core/*' --fail-under=95

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help venv run test lint format types imports tests coverage campaign simulate storm crashes isolation clean

help: ## what there is
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile | expand -t 16

venv: $(VENV)/.installed ## create .venv with what the bot needs

run: $(VENV)/.installed ## trade on paper, on an exchange of its own (ARGS="--speed 60 --duration 90")
	@$(BIN)/python -m edgelock.ops.foreground $(BIN)/python run.py $(ARGS)

test: lint types imports ## all checks and the whole test suite, as .ci/run does
	$(PYTEST) tests/core --cov=edgelock.core --cov-report=
	@$(CORE_COVERAGE)
	$(PYTEST) --ignore=tests/core -n 2 --dist loadfile

lint: $(VENV)/.installed-test ## ruff: rules and format
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

format: $(VENV)/.installed-test ## let ruff mend what it can
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

types: $(VENV)/.installed-test ## mypy, strict on core
	$(BIN)/mypy

imports: $(VENV)/.installed-test ## which room may import which
	$(BIN)/lint-imports

tests: $(VENV)/.installed-test ## pytest alone (ARGS="tests/core -k vwap")
	$(PYTEST) $(ARGS)

coverage: $(VENV)/.installed-test ## pytest with branch coverage of everything, and the least that core must have
	$(PYTEST) --cov $(ARGS)
	@$(CORE_COVERAGE)

campaign: $(VENV)/.installed-test ## the long campaigns
	$(BIN)/python -m pytest -m campaign $(ARGS)

simulate: $(VENV)/.installed ## 20 runs of two market hours, live under faults, held against the exchange's books
	$(BIN)/python run.py simulate --jobs 2 $(ARGS)

storm: $(VENV)/.installed-test ## fifty markets on the smallest rate tier: how long exits wait
	$(BIN)/python -m tests.scenarios.order_storm $(ARGS)

crashes: $(VENV)/.installed-test ## kill -9 at 300 labelled points, and again in 50 recoveries (ARGS="--points 30")
	$(BIN)/python -m tests.crash run --jobs 2 $(ARGS)

isolation: $(VENV)/.installed-test ## one market crashes a hundred times: what the others notice
	$(BIN)/python -m tests.scenarios.market_crashes $(ARGS)

clean: ## remove .venv and what the tools leave; never state/
	rm -rf $(VENV) build dist *.egg-info .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- how .venv is made ------------------------------------------------------------------------------------------
# Editable, so that what runs is always this checkout. The stamps are newer than the pins they were made from.

$(VENV)/.created:
	@python=; for candidate in $(CANDIDATES); do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "make: no Python 3.11 or newer among: $(CANDIDATES). Install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
	  echo "make: $$python cannot make a virtual environment: it lacks venv or ensurepip (on Debian: apt install python3-venv)" >&2; exit 1; \
	fi; \
	echo "making $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv --clear $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.created $(PACKAGING)
	@echo "installing what the bot needs into $(VENV) ..."
	@$(PIP) -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.created $(PACKAGING)
	@echo "installing what the bot and its tests need into $(VENV) ..."
	@$(PIP) -e '.[test]'
	@touch $(VENV)/.installed $@
