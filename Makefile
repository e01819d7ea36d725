# The template's own interface. Two commands do all the set-up: `make demo` and `make test`.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# uv is taken from the PATH, or brought into .uv/ by pip.
UV := $(or $(shell command -v uv),$(CURDIR)/.uv/bin/uv)
export PATH := $(PATH):$(CURDIR)/.uv/bin
RUN := $(UV) run --quiet
TESTS ?=

# Bytecode halves the start of every process that imports a large library.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## List these targets
	@grep -hE '^[a-z.-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

.PHONY: demo
demo: $(UV) ## Render the default project, train, serve, and read a digit (about 2 GB of disk)
	$(RUN) python tools/demo.py

.PHONY: test
test: $(UV) ## Every test; lanes whose tools are missing say so (all of them: .ci/run)
	$(RUN) pytest -n 2 --dist loadfile $(TESTS)

.PHONY: test-fast
test-fast: $(UV) ## The inner loop: rendering, names, engines, updates
	$(RUN) pytest -n 2 -m "not slow" $(TESTS)

.PHONY: evidence
evidence: $(UV) ## Every test, and write docs/evidence.md from what they have shown
	$(RUN) pytest -n 2 --dist loadfile --write-evidence

.PHONY: check
check: $(UV) ## Format, lint and types of the template's own code
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(RUN) python tools/copier_yml.py --check

.PHONY: format
format: $(UV) ## Format and fix what can be fixed
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

.PHONY: try
# `make try tracker=tensorboard` hands every such word on as an answer.
try: $(UV) ## Render into .try/ and set it up: make try tracker=tensorboard
	$(RUN) python tools/try.py $(MAKEOVERRIDES)

.PHONY: copier.yml
copier.yml: $(UV) ## Write copier.yml anew from cookiecutter.json
	$(RUN) python tools/copier_yml.py

.PHONY: listing
listing: $(UV) ## List the files of the default project anew, for their diff to be read
	$(RUN) python tools/listing.py

.PHONY: taken
taken: $(UV) ## Write anew the names that dependencies take, from a lock of each choice
	$(RUN) python tools/taken.py

PROJECT ?= .demo/digit-classifier

.PHONY: bench
bench: $(UV) ## Rendering, accuracy over ten seeds, training and service cost: many minutes (after make demo)
	@test -d $(PROJECT)/.venv || { echo "No installed project at $(PROJECT): make demo, or PROJECT=folder"; exit 1; }
	$(RUN) python bench/rendering.py
	$(RUN) python bench/accuracy.py $(PROJECT)
	$(RUN) python bench/training.py $(PROJECT)
	$(RUN) python bench/serving.py $(PROJECT)

$(CURDIR)/.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
