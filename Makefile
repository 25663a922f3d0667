# `make run` starts the app, `make test` proves it. Everything else is listed by `make help`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
INSTANCE ?= instance
MODEL ?= open
PROTOCOL ?= lfw
# Files of tests that run side by side; a browser shares the machine with nothing else.
TEST_WORKERS ?= 2

# With HTTPS=1 other devices of the local network may come; phones give the camera only then.
ifeq ($(HTTPS),1)
HOST ?= 0.0.0.0
URL = https://$(shell $(BIN)/flask --app wsgi certificate):$(PORT)
TLS = --certfile $(INSTANCE)/certificate.pem --keyfile $(INSTANCE)/certificate.key
else
HOST ?= 127.0.0.1
URL = http://$(HOST):$(PORT)
TLS =
endif

.PHONY: help run run-cluster test test-long test-postgres lint evaluate calibrate train bench bench-load bench-peers clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

run: $(VENV)/.run ## start the app on http://127.0.0.1:8000; HTTPS=1: for phones on this network
	@$(BIN)/python -m translations.compile
	@$(BIN)/flask --app wsgi prepare --url $(URL)
	@$(BIN)/gunicorn --config gunicorn.conf.py --bind $(HOST):$(PORT) $(TLS) wsgi:app

run-cluster: $(VENV)/.test ## PostgreSQL, two nodes and nginx on this machine, at https://127.0.0.1:8443
	@$(BIN)/python -m translations.compile
	@$(BIN)/python -m deploy.cluster

test: $(VENV)/.test ## lint, types, import contract, unit, integration and browser tests
	@$(BIN)/python -m translations.compile
	@$(MAKE) --no-print-directory lint
	@node --test tests/js/
ifdef TESTS
	@$(BIN)/pytest -m "not long" $(TESTS)
else
	@$(BIN)/pytest -m "not long and not browser" -n $(TEST_WORKERS) --dist loadfile
	@$(BIN)/pytest -m "browser and not long" tests/browser
endif

test-long: $(VENV)/.test ## the long counts: fuzzing, soaks, full protocols
	@$(BIN)/python -m translations.compile
	@$(BIN)/pytest -m long $(TESTS)

test-postgres: $(VENV)/.test ## the tests of the app, all of them on PostgreSQL
	@DATABASE=postgresql $(BIN)/pytest -m "not long" -n $(TEST_WORKERS) --dist loadfile \
		tests/integration/webapp tests/integration/api tests/integration/postgresql tests/security

lint: $(VENV)/.test ## ruff, mypy and the import contract
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

evaluate: $(VENV)/.test ## measure models: make evaluate MODEL="open research" PROTOCOL=lfw|FILE.csv|FOLDER
	@$(BIN)/python -m ml.evaluate $(MODEL) --protocol $(PROTOCOL)

calibrate: $(VENV)/.run ## error rates and threshold from held-out people: calibration.json
	@$(BIN)/python -m ml.calibrate $(MODEL)

train: $(VENV)/.test ## train a model: make train CONFIG=ml/configs/NAME.toml
	@$(BIN)/python -m ml.train --config $(CONFIG)

bench: $(VENV)/.test ## milliseconds of every stage: reports/bench.json
	@$(BIN)/python -m ml.bench

bench-load: $(VENV)/.test ## very many people, and a node under load: reports/load.json
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.load.gallery
	@PYTHONPATH=clients/python $(BIN)/python -m tests.load.serving

bench-peers: $(VENV)/.test ## the same photos through PyPI's face_recognition
	@$(BIN)/python -m ml.bench_peers

clean: ## remove what was built; data in instance/ stays
	rm -rf $(VENV) .venv-peers .pytest_cache .mypy_cache .ruff_cache reports

$(VENV)/.run: requirements-serve.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14) and "Python 3.11 to 3.14 is needed, this is %d.%d. Name one: make run PYTHON=python3.11" % sys.version_info[:2])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the app's requirements, some minutes the first time…"
	@$(BIN)/pip install --disable-pip-version-check --no-input -r requirements-serve.txt -c constraints.txt
	@touch $@

$(VENV)/.test: $(VENV)/.run requirements.txt requirements-dev.txt
	@echo "Installing what the tests need…"
	@$(BIN)/pip install --disable-pip-version-check --no-input -r requirements-dev.txt -c constraints.txt
	@command -v chromium >/dev/null || ! command -v apt-get >/dev/null || \
		(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium chromium-driver >/dev/null)
	@touch $@
