# Every target sets up what it needs; the first one on a fresh machine takes a few minutes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
ARGS ?=

# Programs are started some hundred times by the tests; each reads what the first one compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo app test check bench clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/reviewing ## Walk the whole loop on real photos, then open the app (ARGS=--no-app ends before it)
	$(BIN)/curator demo $(ARGS)

app: $(VENV)/reviewing ## Open the app on the dataset of the demo, or ARGS="--dataset DIR"
	$(BIN)/curator app $(or $(ARGS),--dataset datasets/demo)

# The types are checked while FiftyOne comes through the network.
test: $(VENV)/tested ## Lint, types, floors, and all tests
	$(MAKE) --no-print-directory --jobs=2 check $(VENV)/reviewing
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/tested ## Lint, types and floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/tested ## Measure speed and memory side by side with others
	for part in collect detect evaluate export label labelling labels quality review split; do $(BIN)/python -m benchmarks.$$part $(ARGS) || exit 1; done

clean: ## Remove the environment and what tools left behind
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) --editable .
	touch $@

# FiftyOne in an environment of its own inside this one. Without it all but the review works, and
# `curator doctor` says how to mend it.
$(VENV)/reviewing: $(VENV)/installed
	-$(BIN)/curator review setup && touch $@

# All at once, for each time pip looks at everything.
$(VENV)/tested: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) --editable '.[test,train]'
	touch $(VENV)/installed $@
