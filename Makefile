# Everything a person calls; `make help` lists it. Needs Python 3.11 or newer, pip and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WRITER := $(VENV)/.writer
PACKAGER := $(VENV)/.packager
FILE ?=
MINUTES ?= 20

.DEFAULT_GOAL := help
.PHONY: help setup run test test-all lint types format bench fuzz trainers pictures bundle bundle-test bundle-broken docs clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

setup: $(READY) ## Make .venv and install the program and what its tests need

$(READY): pyproject.toml
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "error: there is no $(PYTHON); install Python 3.11 or newer (on Debian or Ubuntu: apt-get install python3 python3-venv)."; exit 1; }
	@$(PYTHON) packaging/check_python.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[zarr,vendors,em,hdf5,medical,cluster]" --group dev
	@touch $@

run: $(READY) ## Open the window on the sample, or on FILE=path; without a display write build/demo
	@$(BIN)/python tools/demo.py $(if $(FILE),"$(FILE)")

# Compiled modules are kept: each process of the tests would compile some 600 of them anew.
unexport PYTHONDONTWRITEBYTECODE
DIST ?= loadfile
# Three processes also on two cores: tests of the window wait for events a part of their time.
PYTEST = $(BIN)/python -m pytest --numprocesses=3 --dist=$(DIST)

test: $(READY) ## Run the tests, offscreen, but for those that start processes or take long
	$(PYTEST) -m "not slow"

test-all: $(READY) ## Run the whole test suite
	$(PYTEST)

lint: $(READY) ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## Check types
	$(BIN)/mypy

format: $(READY) ## Put the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## Measure speed, accuracy and interaction; see docs/benchmarks.md
	$(BIN)/python benchmarks/speed.py

$(PACKAGER): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group package
	@touch $@

fuzz: $(READY) ## Read damaged files of every kind for MINUTES=20; findings go to build/fuzz
	nice $(BIN)/python benchmarks/fuzz.py --minutes $(MINUTES)

trainers: $(READY) ## Run the texts for trainers with the trainers; TRAINERS=folder of clones for more
	.ci/trainers

bundle: $(PACKAGER) $(WRITER) ## Build the program that needs no Python: dist/StructMask, and what is downloaded
	$(BIN)/python packaging/bundle.py

bundle-test: $(READY) ## Try dist/StructMask where nothing of ours is, against the source; sizes, times
	$(BIN)/python packaging/bundle_test.py

bundle-broken: $(READY) ## Show that the bundle test notices what is missing from a bundle
	$(BIN)/python packaging/break_bundle.py

$(WRITER): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group docs
	@touch $@

docs: $(WRITER) ## Build the guide into build/site; a warning fails it
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

pictures: $(READY) ## Draw the pictures of the window for the guide into docs/images
	$(BIN)/python tools/pictures.py docs/images

clean: ## Remove what was built
	rm -rf build dist
