# Two commands do all the set-up: `make run` and `make test`. The rest are their parts.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
VIEWER := .viewer/.fetched
WORKERS ?= auto

# The tests start hundreds of servers, each of which would compile all its modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test install lint bench fuzz conformance viewer lock

run: install                ## serve at http://127.0.0.1:8080, data in ./data
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory viewer || true; fi
	$(BIN)/dicomweb serve

test: install               ## the whole suite, the conformance suite against a server of ours included
	$(BIN)/pytest -n $(WORKERS) --dist worksteal tests

install: $(INSTALLED)       ## .venv with the locked versions

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(INSTALLED)

lint: install               ## ruff and mypy
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: install              ## ratios against Debian's Orthanc and nginx, where installed
	$(BIN)/python -m tests.benchmarks

fuzz: install               ## the property tests with examples of its own, again and again until one fails
	while FUZZ=1 $(BIN)/pytest -q -n $(WORKERS) -m hypothesis tests; do :; done

conformance: install        ## the black-box suite against any server: make conformance URL=http://host/dicom-web
	$(BIN)/pytest -n $(WORKERS) conformance --base-url $(URL) --report-dir conformance-report

viewer: $(VIEWER)           ## the OHIF build, by npm, with its integrity hash

$(VIEWER): extensions/viewer/ohif/package-lock.json extensions/viewer/fetch.py | $(INSTALLED)
	$(BIN)/python -m extensions.viewer.fetch
	touch $(VIEWER)

lock:                       ## resolve the newest versions that pyproject allows into requirements.lock
	$(PYTHON) -m venv .venv/lock
	.venv/lock/bin/python -m pip install --quiet --upgrade pip
	.venv/lock/bin/python -m pip install --quiet --upgrade "setuptools>=80" . --group dev
	.venv/lock/bin/python -m pip freeze --all --exclude pip --exclude lightbox-dicomweb > requirements.lock
	rm -rf .venv/lock
