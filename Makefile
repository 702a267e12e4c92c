# A bare `make` lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  \033[1mmake %-15s\033[0m %s\n", $$1, $$2}'

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11) and "Hagane needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Hagane into $(VENV) (some minutes the first time) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[train,demo,test,lint,docs]"
	@touch $@

.PHONY: install
install: $(READY) ## Build .venv and install everything at the pinned versions

.PHONY: demo
demo: $(READY) ## From raw flights to a served model, in one command
	@$(BIN)/hagane demo

.PHONY: test
test: $(READY) ## The tests and doctests
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

.PHONY: test-slow
test-slow: $(READY) ## The long tests: thousands of random expressions, kill tests
	@$(BIN)/python -m pytest -n 2 -m slow

.PHONY: test-tensorflow
test-tensorflow: $(READY) ## TensorFlow's strategies under hagane launch, in an environment of their own (1.6 GB)
	@test -x .venv-tensorflow/bin/python || $(PYTHON) -m venv .venv-tensorflow
	@.venv-tensorflow/bin/python -m pip install --quiet --disable-pip-version-check -r examples/launch/tensorflow.txt
	@HAGANE_TENSORFLOW=$(CURDIR)/.venv-tensorflow/bin/python $(BIN)/python -m pytest tests/jobs/test_tensorflow.py

.PHONY: test-clients
test-clients: $(READY) ## The protocols' real clients (Triton, Vertex AI, MLflow) against the server, in an environment of their own
	@test -x .venv-clients/bin/python || $(PYTHON) -m venv .venv-clients
	@.venv-clients/bin/python -m pip install --quiet --disable-pip-version-check -r tests/serving/clients.txt
	@HAGANE_CLIENTS=$(CURDIR)/.venv-clients/bin/python $(BIN)/python -m pytest tests/serving/test_clients.py tests/serving/test_openapi.py

.PHONY: test-bigquery
test-bigquery: $(READY) ## BigQuery's real clients (Python, %%bigquery, bigframes) against its API here, in an environment of their own (0.9 GB)
	@test -x .venv-bigquery/bin/python || $(PYTHON) -m venv .venv-bigquery
	@.venv-bigquery/bin/python -m pip install --quiet --disable-pip-version-check -r tests/session/rest/clients.txt
	@HAGANE_BIGQUERY=$(CURDIR)/.venv-bigquery/bin/python $(BIN)/python -m pytest tests/session/rest/test_clients.py

.PHONY: test-tfdv
test-tfdv: $(READY) ## JS and L-infinity against TensorFlow Data Validation itself, in an environment of its own (without TensorFlow: 83 MB)
	@test -x .venv-tfdv/bin/python || $(PYTHON) -m venv .venv-tfdv
	@.venv-tfdv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r tests/monitoring/tfdv.txt
	@HAGANE_TFDV=$(CURDIR)/.venv-tfdv/bin/python $(BIN)/python -m pytest tests/monitoring/test_tfdv_values.py

.PHONY: test-beam
test-beam: $(READY) ## Bundles in Apache Beam's RunInference on its local runner, in an environment of its own
	@test -x .venv-beam/bin/python || $(PYTHON) -m venv .venv-beam
	@.venv-beam/bin/python -m pip install --quiet --disable-pip-version-check -r tests/integrations/beam.txt
	@HAGANE_BEAM=$(CURDIR)/.venv-beam/bin/python $(BIN)/python -m pytest tests/integrations

CLEAN_ROOT := $(HOME)/.cache/hagane-package/bookworm
MIRROR ?=

.PHONY: test-package
test-package: $(READY) ## The recipe of hagane package in a clean Debian (as root, by debootstrap); manifests against their schemas
	@test -x .venv-package/bin/python || $(PYTHON) -m venv .venv-package
	@.venv-package/bin/python -m pip install --quiet --disable-pip-version-check -r tests/workflow/packaging/manifests.txt
	@.venv-package/bin/python -m pip install --quiet --disable-pip-version-check --no-deps kserve==0.21.0
	@npm install --silent --prefix .venv-package/node @kubernetes-models/knative@4.0.0
	@test -x $(CLEAN_ROOT)/usr/bin/pip3 || (rm -rf $(CLEAN_ROOT) && mkdir -p $(CLEAN_ROOT) && \
	  debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates bookworm $(CLEAN_ROOT) $(MIRROR) > $(CLEAN_ROOT).log)
	@HAGANE_CLEAN_ROOT=$(CLEAN_ROOT) HAGANE_MANIFEST_TOOLS=$(CURDIR)/.venv-package $(BIN)/python -m pytest tests/workflow/packaging

.PHONY: test-schemathesis
test-schemathesis: $(READY) ## Schemathesis on the OpenAPI document of a server, in an environment of its own
	@test -x .venv-schemathesis/bin/python || $(PYTHON) -m venv .venv-schemathesis
	@.venv-schemathesis/bin/python -m pip install --quiet --disable-pip-version-check -r tests/serving/schemathesis.txt
	@HAGANE_SCHEMATHESIS=$(CURDIR)/.venv-schemathesis/bin/schemathesis $(BIN)/python -m pytest tests/serving/test_schemathesis.py

.PHONY: lint
lint: $(READY) ## Style, types and the floors of the house
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

.PHONY: format
format: $(READY) ## Let ruff lay the code out
	@$(BIN)/ruff check --fix --exit-zero .
	@$(BIN)/ruff format .

.PHONY: bench
bench: $(READY) ## The measurements of docs/benchmarks.md
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

.PHONY: functions
functions: $(READY) ## Write the tables of functions and of CREATE MODEL's options in docs/ from the code
	@$(BIN)/python docs/write_functions.py
	@$(BIN)/python docs/write_sql_options.py

.PHONY: docs
docs: $(READY) ## Build docs/ into docs/_build/html; a warning is an error
	@$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

.PHONY: clean
clean: ## Remove what was built (.venv, caches, the workspace's scratch)
	@rm -rf $(VENV) .venv-tensorflow .venv-clients .venv-schemathesis .venv-package .venv-beam .venv-tfdv build dist docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .hagane/scratch
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
