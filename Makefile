# A fresh machine has Python >= 3.11 and make; everything else comes as wheels into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST := $(BIN)/python -m pytest
UP ?=

.PHONY: up test test-all check bench soak fuzz docs lock clean
SECONDS_EACH ?= 180

up: $(VENV)/.run  ## the whole system here: neighbourhood, head-end, web page
	$(BIN)/openami up $(UP)

test: $(VENV)/.dev  ## everything but what is marked slow
	$(PYTEST) -m "not slow" -n 2 --dist loadfile

test-all: $(VENV)/.dev  ## all of it, and the ledger of shown features
	$(PYTEST) -n 2 --dist loadfile --junitxml=build/report.xml
	$(BIN)/openami features --collect build/report.xml
	PYTHONPATH=tests $(BIN)/python -m interop.collect build/report.xml

interop: $(VENV)/.dev  ## the table of what other stacks do with ours, for docs/reference
	$(PYTEST) -m interop --junitxml=build/interop.xml
	PYTHONPATH=tests $(BIN)/python -m interop.collect build/interop.xml
	$(BIN)/python docs/build.py

check: $(VENV)/.dev  ## style, types, floors
	$(BIN)/ruff check src tests bench docs examples
	$(BIN)/ruff format --check src tests bench docs examples
	$(BIN)/mypy
	$(BIN)/basedpyright --level error
	$(BIN)/lint-imports

bench: $(VENV)/.dev  ## one table: ours beside the peers, in the same run
	$(BIN)/openami bench

soak: $(VENV)/.dev  ## every property test with twenty thousand examples
	$(PYTEST) -m hypothesis --hypothesis-profile=soak --timeout=14400 -n 2

fuzz: $(VENV)/.dev  ## every decoder under atheris, an hour in all; what reaches new code is kept (Linux, x86-64)
	$(PIP) install --only-binary :all: --require-hashes -r requirements/fuzz.lock
	$(BIN)/python tests/fuzz/run.py --seconds $(SECONDS_EACH) --keep

docs: $(VENV)/.dev  ## the reference pages that are made from the code
	$(BIN)/python docs/build.py

lock:  ## new locked versions (needs the dev environment)
	$(BIN)/uv pip compile --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate --generate-hashes \
	    --extra headend --extra meters --extra serial --extra panel --extra report pyproject.toml requirements/build.in -o requirements/run.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate --generate-hashes \
	    --extra all --group dev pyproject.toml requirements/build.in -o requirements/dev.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate --generate-hashes \
	    --group fuzz -o requirements/fuzz.lock

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("OpenAMI needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.lock pyproject.toml | $(BIN)/python
	@test -f $(VENV)/.dev || { echo "installing into $(VENV) ..." && \
	    $(PIP) install --only-binary :all: --require-hashes -r requirements/run.lock && \
	    $(PIP) install --no-deps --no-build-isolation --editable . ; }
	@touch $@

$(VENV)/.dev: requirements/dev.lock pyproject.toml | $(BIN)/python
	@echo "installing into $(VENV) ..."
	$(PIP) install --only-binary :all: --require-hashes -r requirements/dev.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
