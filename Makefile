# Needs Python 3.11 or newer and a package registry; everything else goes into .venv and .cache.
PYTHON ?= python3
ARGS ?=
NAME =
UPGRADE ?=
N ?= 1000000
EVENTS ?= yes
DATA ?=

BIN := .venv/bin
STAMP := .venv/.installed
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock' $(UPGRADE)

.DEFAULT_GOAL := help
.PHONY: help install demo test check format bench bench-data lock clean

help: ## show the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name says; do \
		printf '  make %-11s %s\n' "$$name" "$$says"; done

install: $(STAMP) ## build the environment in .venv (quick when nothing changed)

$(STAMP): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed (make PYTHON=...)")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

demo: install ## the whole system on this machine, with sample data and a page to look at
	$(BIN)/sendtrail demo $(ARGS)

test: install ## the whole suite (make test ARGS='-x tests/domain' for a part)
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist worksteal $(ARGS)

check: install ## style, types, and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install ## put the code into the common shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install ## measure, as ratios within one run (make bench NAME=project ARGS='--rounds 5')
	$(if $(DATA),SENDTRAIL_BENCH_DATA=$(DATA)) $(BIN)/python -m tests.bench $(NAME) $(ARGS)

bench-data: install ## a large store to measure on (make bench-data N=10000000 EVENTS=no DATA=/somewhere)
	$(BIN)/python -m tests.bench.data --rows $(N) $(if $(DATA),--folder $(DATA)) $(if $(filter no,$(EVENTS)),--no-events)

lock: install ## pin all dependencies anew (make lock UPGRADE=--upgrade for the newest)
	$(COMPILE) pyproject.toml --output-file requirements.txt
	$(COMPILE) pyproject.toml --extra dev --constraints requirements.txt --output-file requirements-dev.txt
	echo 'setuptools>=77' | $(COMPILE) - --constraints requirements-dev.txt --output-file deploy/requirements-build.txt

clean: ## remove everything that make has made
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
