# `make run` starts the app, `make test` proves it. Everything else is listed by `make help`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
INSTANCE ?= instance
MODEL ?= open
PROTOCOL ?= lfw
# Compiled modules are kept: every worker and server of a test would else compile them anew.
unexport PYTHONDONTWRITEBYTECODE

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

# Touched when all catalogues were compiled.
CATALOGUES := translations/.compiled

# A Python too old to read deploy/install.py, which names the supported versions otherwise.
OLD_PYTHON = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 9) and "Python 3.11 to 3.14 is needed for the app; this is %d.%d. Name another: make PYTHON=python3.11 ..." % sys.version_info[:2])'

.PHONY: help run run-cluster check types test test-long test-postgres lint evaluate calibrate train bench bench-load bench-peers lock clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

run: $(VENV)/.run ## start the app on http://127.0.0.1:8000; HTTPS=1: for phones on this network
	@echo "Preparing the translations and the database …"
	@$(BIN)/python -m translations.compile
	@$(BIN)/flask --app wsgi prepare --url $(URL)
	@echo "Starting the server, some seconds …"
	@$(BIN)/gunicorn --config gunicorn.conf.py --bind $(HOST):$(PORT) $(TLS) wsgi:app

run-cluster: $(VENV)/.test ## PostgreSQL, two nodes and nginx on this machine, at https://127.0.0.1:8443
	@$(BIN)/python -m translations.compile
	@$(BIN)/python -m deploy.cluster

# With T nothing but these tests runs; translations are compiled only if they changed.
check: $(VENV)/.test $(CATALOGUES) ## a minute: lint, js, every test that needs no network; or T=path
ifdef T
	@$(BIN)/pytest -m "not long" $(T)
else
	@TEST_WORKERS=$(TEST_WORKERS) $(BIN)/python -m tests.run lint js quick
endif

types: $(VENV)/.test ## mypy in a daemon: what changed since the last time, in seconds
	@$(BIN)/dmypy run

test: $(VENV)/.test $(CATALOGUES) ## all parts: lint, types, contracts, js, tests, browser, data; or PARTS="lint js"
	@TEST_WORKERS=$(TEST_WORKERS) $(BIN)/python -m tests.run $(PARTS)

test-long: $(VENV)/.test $(CATALOGUES) ## the long counts: fuzzing, soaks, full protocols; or T=path
	@$(BIN)/pytest -m long $(T)

test-postgres: $(VENV)/.test $(CATALOGUES) ## the tests of the app, all of them on PostgreSQL
	@DATABASE=postgresql $(BIN)/pytest -m "not long" -n $(TEST_WORKERS) --dist loadfile \
		tests/integration/webapp tests/integration/api tests/integration/postgresql tests/security

lint: $(VENV)/.test ## ruff, mypy and the import contracts
	@$(BIN)/python -m tests.run lint types contracts

evaluate: $(VENV)/.test ## measure models: make evaluate MODEL="open research" PROTOCOL=lfw|FILE.csv|FOLDER
	@$(BIN)/python -m ml evaluate $(MODEL) --protocol $(PROTOCOL)

calibrate: $(VENV)/.run ## error rates and threshold from held-out people: calibration.json
	@$(BIN)/python -m ml calibrate $(MODEL)

train: $(VENV)/.test ## train a model: make train CONFIG=ml/lab/configs/NAME.toml
	@$(BIN)/python -m ml train --config $(CONFIG)

bench: $(VENV)/.test ## milliseconds of every stage: reports/bench.json
	@$(BIN)/python -m ml bench

bench-load: $(VENV)/.test ## very many people, and a node under load: reports/load.json
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m deploy.load.gallery
	@PYTHONPATH=clients/python $(BIN)/python -m deploy.load.serving

bench-peers: $(VENV)/.test ## the same photos through PyPI's face_recognition
	@$(BIN)/python -m ml bench peers

lock: ## the digests of what the image installs: requirements-serve.lock
	@test -x .venv-lock/bin/uv || ($(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install -q uv==0.13.9)
	@.venv-lock/bin/uv pip compile -q requirements-serve.txt -c constraints.txt --generate-hashes \
		--python-version 3.11 --python-platform x86_64-unknown-linux-gnu --no-emit-index-url \
		--no-annotate --custom-compile-command "make lock" -o requirements-serve.lock

clean: ## remove what was built; data in instance/ stays
	rm -rf $(VENV) .venv-peers .venv-lock .pytest_cache .mypy_cache .ruff_cache reports $(CATALOGUES)

$(VENV)/.run: requirements-serve.txt constraints.txt
	@$(OLD_PYTHON)
	@$(PYTHON) deploy/install.py app $(VENV)
	@touch $@

$(CATALOGUES): $(wildcard translations/*/LC_MESSAGES/messages.po)
	@$(BIN)/python -m translations.compile
	@touch $@

$(VENV)/.test: $(VENV)/.run requirements.txt requirements-lab.txt requirements-dev.txt
	@$(PYTHON) deploy/install.py tests $(VENV)
	@touch $@
