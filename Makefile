# `make run` starts the app, `make test` tests it, `make help` lists all targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
INSTANCE ?= instance
MODEL ?= open
PROTOCOL ?= lfw
# Keep compiled modules: otherwise every worker and server of a test compiles them again.
unexport PYTHONDONTWRITEBYTECODE

# Number of test files that run in parallel; browser tests run alone.
TEST_WORKERS ?= 2

# HTTPS=1 serves other devices of the local network; phones need HTTPS for the camera.
ifeq ($(HTTPS),1)
HOST ?= 0.0.0.0
URL = https://$(shell $(BIN)/flask --app wsgi certificate):$(PORT)
TLS = --certfile $(INSTANCE)/certificate.pem --keyfile $(INSTANCE)/certificate.key
else
HOST ?= 127.0.0.1
URL = http://$(HOST):$(PORT)
TLS =
endif

# Timestamp of the last compilation of all catalogues.
CATALOGUES := translations/.compiled

# Message for a Python too old to parse deploy/install.py, which reports other versions.
OLD_PYTHON = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 9) and "The app needs Python 3.11 to 3.14; this is %d.%d. Run: make PYTHON=python3.11 ..." % sys.version_info[:2])'

.PHONY: help run run-cluster check types test test-long test-postgres lint evaluate calibrate train bench bench-load bench-peers lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

run: $(VENV)/.run ## serve the app on http://127.0.0.1:8000; HTTPS=1 for phones on this network
	@echo "Preparing the translations and the database …"
	@$(BIN)/python -m translations.compile
	@$(BIN)/flask --app wsgi prepare --url $(URL)
	@echo "Starting the server, takes a few seconds …"
	@$(BIN)/gunicorn --config gunicorn.conf.py --bind $(HOST):$(PORT) $(TLS) wsgi:app

run-cluster: $(VENV)/.test ## serve a cluster (PostgreSQL, two nodes, nginx) on https://127.0.0.1:8443
	@$(BIN)/python -m translations.compile
	@$(BIN)/python -m deploy.cluster

# With T only these tests run; catalogues are compiled only if they changed.
check: $(VENV)/.test $(CATALOGUES) ## lint, js and the fast tests, in a minute; or T=path
ifdef T
	@$(BIN)/pytest -m "not long" $(T)
else
	@TEST_WORKERS=$(TEST_WORKERS) $(BIN)/python -m tests.run lint js quick
endif

types: $(VENV)/.test ## check types incrementally with mypy's daemon, in seconds
	@$(BIN)/dmypy run

test: $(VENV)/.test $(CATALOGUES) ## run lint, types, contracts, js, tests, browser, data; or PARTS="lint js"
	@TEST_WORKERS=$(TEST_WORKERS) $(BIN)/python -m tests.run $(PARTS)

test-long: $(VENV)/.test $(CATALOGUES) ## run fuzzing, soak tests and full protocols; or T=path
	@$(BIN)/pytest -m long $(T)

test-postgres: $(VENV)/.test $(CATALOGUES) ## run the tests of the app on PostgreSQL
	@DATABASE=postgresql $(BIN)/pytest -m "not long" -n $(TEST_WORKERS) --dist loadfile \
		tests/integration tests/security \
		--ignore=tests/integration/faces --ignore=tests/integration/ml --ignore=tests/integration/training

lint: $(VENV)/.test ## run ruff, mypy and the import contracts
	@$(BIN)/python -m tests.run lint types contracts

evaluate: $(VENV)/.test ## measure models: make evaluate MODEL="open research" PROTOCOL=lfw|FILE.csv|FOLDER
	@$(BIN)/python -m ml evaluate $(MODEL) --protocol $(PROTOCOL)

calibrate: $(VENV)/.run ## measure error rates and thresholds on held-out people: calibration.json
	@$(BIN)/python -m ml calibrate $(MODEL)

train: $(VENV)/.test ## train a model: make train CONFIG=ml/lab/configs/NAME.toml
	@$(BIN)/python -m ml train --config $(CONFIG)

bench: $(VENV)/.test ## time every stage: reports/bench.json
	@$(BIN)/python -m ml bench

bench-load: $(VENV)/.test ## benchmark a large gallery, and a node under load: reports/load.json
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m deploy.load.gallery
	@PYTHONPATH=clients/python $(BIN)/python -m deploy.load.serving

bench-peers: $(VENV)/.test ## time PyPI's face_recognition on the same photos
	@$(BIN)/python -m ml bench peers

lock: ## pin the packages of the image with hashes: requirements-serve.lock
	@test -x .venv-lock/bin/uv || ($(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install -q uv==0.13.9)
	@.venv-lock/bin/uv pip compile -q requirements-serve.txt -c constraints.txt --generate-hashes \
		--python-version 3.11 --python-platform x86_64-unknown-linux-gnu --no-emit-index-url \
		--no-annotate --custom-compile-command "make lock" -o requirements-serve.lock

clean: ## remove build outputs; instance/ stays
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
