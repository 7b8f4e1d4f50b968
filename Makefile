# The same few commands for the README, the developer and CI. `make help` lists them.
PYTHON ?= python3
VENV   := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test bench faults fuzz soak lint types format check picture clean

help: ## list these commands
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

demo: $(VENV)/.core ## see real messages travel: backplane, probe, echo and monitor on this machine
	@$(BIN)/banyan demo

test: $(VENV)/.test ## run every test
	@$(BIN)/python -m pytest $(ARGS)

bench: $(VENV)/.bench ## measure Banyan and its peers into build/bench; QUICK=1: in less than two minutes
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(ARGS)

faults: $(VENV)/.test ## put a plain proxy, python-banyan and Banyan through every fault, into build/faults; twelve minutes
	@PYTHONPATH=tests $(BIN)/python -m faults $(ARGS)

fuzz: $(VENV)/.fuzz ## feed damaged input to what reads it, 60 s a target; SECONDS=300, TARGET=codec change it
	@PYTHONPATH=tests $(BIN)/python -m fuzz $(if $(SECONDS),--seconds $(SECONDS)) $(if $(TARGET),--target $(TARGET)) $(ARGS)

soak: $(VENV)/.core ## kill, stop and freeze at random for 10 minutes while messages are counted; MINUTES=60 changes it
	@PYTHONPATH=tests $(BIN)/python -m soak $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

lint: $(VENV)/.dev ## ruff: rules and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev ## mypy --strict
	@$(BIN)/mypy

format: $(VENV)/.dev ## rewrite the files as the formatter wants them
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

check: lint types test ## everything CI runs

picture: $(VENV)/.core ## draw docs/demo.svg from a real run of the demo
	@$(BIN)/banyan demo --picture docs/demo.svg

clean: ## remove the environment and what the tools left behind
	rm -rf $(VENV) .peers build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Banyan needs Python 3.11 or later; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "No virtual environment could be made. On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/.core: $(VENV)/.python setup.cfg pyproject.toml
	@echo "Installing Banyan into $(VENV) ..."
	@$(PIP) install -e .
	@touch $@

$(VENV)/.test: $(VENV)/.core
	@echo "Installing what the tests need ..."
	@$(PIP) install -e '.[test]'
	@touch $@

$(VENV)/.bench: $(VENV)/.core
	@echo "Installing what the benchmark needs ..."
	@$(PIP) install -e '.[bench]'
	@PYTHONPATH=tests $(BIN)/python -c 'from tools.peers import install; install()' || \
	  echo "python-banyan is left out." >&2
	@touch $@

# Where atheris cannot be installed, `python -m fuzz` says what to do.
$(VENV)/.fuzz: $(VENV)/.core
	@echo "Installing what fuzzing needs ..."
	@$(PIP) install -e '.[fuzz]' && touch $@ || true

$(VENV)/.dev: $(VENV)/.test
	@echo "Installing what developers need ..."
	@$(PIP) install -e '.[dev]'
	@touch $@
