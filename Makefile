# Every command a developer needs; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PORT ?= 8000
COMPLETIONS ?= 1000000
ROWS ?= 100000
PHYSICIANS ?= 1000000
TOOLS := openapi/tools
NODE_STAMP := $(TOOLS)/node_modules/.package-lock.json
CLIENTS_STAMP := $(TOOLS)/.venv/.installed

.PHONY: help setup serve test test-both test-quick check check-static check-openapi check-clients check-browser check-browser-short screenshots format bench bench-identity bench-large drill-kill drill-crowd drill-disk drill-batch drill-boards drill-fuzz drill-formats drill-registry drill-registry-size drill-oracle drill-strangers drill-slow drill-transcript drill-properties drill-canary check-docker check-spreadsheets lock openapi clean

help:  ## List the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */\1\t/' | expand -t 16

setup: $(STAMP)  ## Make .venv with the locked dependencies and the project in it.

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, and $(PYTHON) is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

serve: $(STAMP)  ## Serve the demo world on http://127.0.0.1:8000 (PORT=…); prints a key and three lines to try.
	$(BIN)/pars serve --demo --port $(PORT)

# Rewritten tests are kept: each process of the suite would rewrite them all again.
test test-both: export PYTHONDONTWRITEBYTECODE :=

test: $(STAMP)  ## Run the whole suite, each test on SQLite or on a PostgreSQL that it starts itself (minutes).
	$(BIN)/python -m pytest -n 3 --dist worksteal --databases turns

test-both: $(STAMP)  ## Run the whole suite, each test on both databases (twice as long).
	$(BIN)/python -m pytest -n 3 --dist worksteal

test-quick: $(STAMP)  ## The inner loop: tests without a database, then those on SQLite; no PostgreSQL is started.
	$(BIN)/python -m pytest -n 2 -k "not sqlite and not postgresql"
	$(BIN)/python -m pytest -n 2 -k "sqlite"

check: check-static test  ## Format, lint, types, import contracts, structure, OpenAPI freshness, tests.

check-static: $(STAMP)  ## The part of `check` that runs no tests.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(STAMP)  ## Format, and fix what can be fixed.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

openapi: $(STAMP)  ## Write openapi/openapi.json and webhooks.json from the code.
	$(BIN)/pars openapi

$(NODE_STAMP): $(TOOLS)/package-lock.json $(TOOLS)/.npmrc
	cd $(TOOLS) && npm ci
	@touch $@

$(CLIENTS_STAMP): requirements/clients.txt
	$(PYTHON) -m venv $(TOOLS)/.venv
	$(TOOLS)/.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/clients.txt
	@touch $@

check-openapi: $(NODE_STAMP)  ## Check the OpenAPI document with two linters (needs node).
	$(TOOLS)/node_modules/.bin/spectral lint --ruleset openapi/.spectral.yaml --fail-severity=hint openapi/openapi.json openapi/webhooks.json
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true $(TOOLS)/node_modules/.bin/redocly lint --config openapi/redocly.yaml --max-problems=1000 openapi/openapi.json openapi/webhooks.json

check-clients: $(STAMP) $(NODE_STAMP) $(CLIENTS_STAMP)  ## Generate clients in five languages, and run them against the service (node; a JDK, Go and four jars for all of them).
	$(BIN)/python -m tests.external.clients
	$(BIN)/python -m pytest -q tests/docs/test_nightly_sync.py -k typescript

BROWSER := .venv-browser
AXE_STAMP := tests/browser/node_modules/.package-lock.json

# A separate environment: the suite runs without a browser.
$(BROWSER)/.installed: requirements/browser.txt
	$(PYTHON) -m venv $(BROWSER)
	$(BROWSER)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/browser.txt
	@touch $@

$(AXE_STAMP): tests/browser/package-lock.json tests/browser/.npmrc
	cd tests/browser && npm ci
	@touch $@

BROWSER_TESTS := $(BROWSER)/bin/python -m pytest -c tests/browser/pytest.ini --rootdir . tests/browser

check-browser: $(STAMP) $(BROWSER)/.installed $(AXE_STAMP)  ## Visit the pages in the system's Chromium, with axe, at several widths and without script (needs chromium and node).
	$(BROWSER_TESTS)

check-browser-short: $(STAMP) $(BROWSER)/.installed $(AXE_STAMP)  ## The quick part of `check-browser`: each page in one look, and the stories, side by side.
	@$(MAKE) --no-print-directory -j2 -O browser-pages browser-stories

.PHONY: browser-pages browser-stories
browser-pages:
	$(BROWSER_TESTS)/test_accessibility.py --short -k sideways

browser-stories:
	$(BROWSER_TESTS)/test_stories.py tests/browser/test_registry_stories.py --short

screenshots: $(STAMP) $(BROWSER)/.installed  ## Make the twelve pictures of docs/pictures/ anew from the demo world (needs chromium).
	$(BROWSER)/bin/python -m tests.browser.pictures

check-docker: $(STAMP)  ## Run the Dockerfile's steps in a plain folder, and start the services of compose.yaml (needs no engine).
	$(BIN)/python -m tests.external.containers

check-spreadsheets: $(STAMP)  ## Upload, download, correct and upload files that LibreOffice has written (needs soffice).
	$(BIN)/python -m tests.external.spreadsheets

RALPH := .venv-ralph

bench: $(STAMP)  ## Print the table of speeds, each as a ratio to its floor in the same run.
	@$(MAKE) --no-print-directory $(RALPH)/.installed || echo "Ralph cannot be installed here."
	$(BIN)/python -m benchmarks

# A separate environment: Ralph needs other versions of the same libraries.
$(RALPH)/.installed: requirements/ralph.txt
	$(PYTHON) -m venv $(RALPH)
	$(RALPH)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/ralph.txt
	@touch $@

PEERS := .venv-peers

SEEDS ?= 101 102 103 104 105 106 107 108 109 110
REPORTS ?= 100000

bench-identity: $(STAMP)  ## Match FEBRL 4 beside Splink and recordlinkage, and REPORTS=100000 with slips among PHYSICIANS=1000000 of ten SEEDS (hours).
	@$(MAKE) --no-print-directory $(PEERS)/.installed || echo "Splink and recordlinkage cannot be installed here."
	PARS_BENCH_PHYSICIANS=$(PHYSICIANS) PARS_BENCH_REPORTS=$(REPORTS) PARS_BENCH_SEEDS="$(SEEDS)" \
		$(BIN)/python -m benchmarks.identity

# A separate environment, so that their dependencies cannot change the project's.
$(PEERS)/.installed: requirements/peers.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/peers.txt
	@touch $@

bench-large: $(STAMP)  ## Measure the search of 200,000 activities, pages of COMPLETIONS=1000000 completions, a feed of as many, exports of a million, files of ROWS=100000 records and of a million, validations among PHYSICIANS=1000000 (two hours).
	PARS_BENCH_COMPLETIONS=$(COMPLETIONS) PARS_BENCH_ROWS=$(ROWS) PARS_BENCH_PHYSICIANS=$(PHYSICIANS) \
		$(BIN)/python -m benchmarks passport pages feed batches validations validation-files million moving exports identity

KILLS ?= 100

drill-kill: $(STAMP)  ## Kill a server under load at random, KILLS=100 times on each database; what it answered must be stored (many minutes).
	$(BIN)/python -m benchmarks.drills.kill $(KILLS)

drill-database: $(STAMP)  ## End PostgreSQL under load as a crash would, twenty times; what was answered must be stored (minutes).
	$(BIN)/python -m benchmarks.drills.database

KEYS ?= 200

drill-crowd: $(STAMP)  ## Send KEYS=200 idempotency keys by 50 senders at once, with kills and at the usual rate; each makes one record (minutes).
	$(BIN)/python -m benchmarks.drills.crowd $(KEYS)

drill-disk: $(STAMP)  ## Fill the disk of data and log under load, and free it; kill a server that logs to a full disk (needs root, minutes).
	$(BIN)/python -m benchmarks.drills.disk
	$(BIN)/python -m benchmarks.drills.kill 10 sqlite postgresql --full-log

drill-batch: $(STAMP)  ## Kill workers while they process files, KILLS=100 times; the results must not differ (many minutes).
	$(BIN)/python -m benchmarks.drills.batch $(KILLS)

RUN_SECONDS ?= 120

drill-boards: $(STAMP)  ## Kill boards and server at random while boards decide (RUN_SECONDS=… SEED=…); nothing may be lost (minutes).
	$(BIN)/python -m benchmarks.drills.boards $(RUN_SECONDS) $(if $(SEED),--seed $(SEED))

FUZZ := .venv-fuzz
CASES ?= 25000

drill-fuzz: $(STAMP) $(FUZZ)/.installed  ## Schemathesis, stateful too, CASES=25000 against a server on each database (SEED=…, many minutes).
	$(BIN)/python -m benchmarks.drills.fuzz $(CASES) $(if $(SEED),--seed $(SEED))

# A separate environment, so that schemathesis's dependencies cannot change the project's.
$(FUZZ)/.installed: requirements/fuzz.txt
	$(PYTHON) -m venv $(FUZZ)
	$(FUZZ)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	@touch $@

RECORDS ?= 10000

drill-formats: $(STAMP)  ## RECORDS=10000 records in every format, by one worker and by two, on PostgreSQL (minutes).
	$(BIN)/python -m benchmarks.drills.formats $(RECORDS)

LINES ?= 200000

drill-registry: $(STAMP)  ## Import LINES=200000 physicians of whom one in a thousand contradicts another, on both databases (SEED=…, minutes).
	$(BIN)/python -m benchmarks.drills.registry $(LINES) $(if $(SEED),--seed $(SEED))

drill-registry-size: $(STAMP)  ## Rows a second and memory of each way into the registry, with COUNTS="100000 1000000" on both databases (long).
	$(BIN)/python -m benchmarks.drills.registry_size $(COUNTS)

drill-documents: $(STAMP)  ## Twenty times as many disturbed PARS documents as the suite tries, in both forms (minutes).
	PARS_HYPOTHESIS=long $(BIN)/python -m pytest -q tests/api/batches/test_disturbed_documents.py tests/api/pars/test_disturbed_secrets.py tests/unit/files/test_document_downloads.py

drill-strangers: $(STAMP)  ## Whether a stranger can tell by bytes or time who has an account or is on file, EACH=200 requests a case on both databases (minutes).
	$(BIN)/python -m benchmarks.drills.strangers $(EACH)

drill-oracle: $(STAMP)  ## Whether every kind of miss takes the same time, on both databases (minutes).
	$(BIN)/python -m benchmarks.drills.oracle

SLOW ?= 500

drill-slow: $(STAMP)  ## SLOW=500 connections that never send a whole head, beside good requests; heads of 60 MB (minutes).
	$(BIN)/python -m benchmarks.drills.slow $(SLOW)

PDF := .venv-pdf

drill-transcript: $(STAMP) $(PDF)/.installed  ## Print and sign transcripts of every kind, have independent checkers read them (pdfsig needs poppler-utils), time 120 and 1,000 rows (a minute).
	$(BIN)/python -m benchmarks.drills.transcript

# A separate environment, so that the checker's dependencies cannot change the project's.
$(PDF)/.installed: requirements/pdf.txt
	$(PYTHON) -m venv $(PDF)
	$(PDF)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/pdf.txt
	@touch $@

drill-canary: $(STAMP)  ## Send a physician with unmistakable data through a server that is killed again and again; nothing of her may be found where it does not belong (minutes).
	$(BIN)/python -m benchmarks.drills.canary

drill-model: $(STAMP)  ## Two hundred long sequences of what users do, by every door and with faults, against a plain model, on both databases (an hour).
	PARS_HYPOTHESIS=long $(BIN)/python -m pytest -q -n 2 tests/model

drill-properties: $(STAMP)  ## Hold every property against twenty times as many examples as the suite does (many minutes).
	PARS_HYPOTHESIS=long $(BIN)/python -m pytest -n 2 -m "hypothesis or exhaustive" --ignore=tests/model

lock: $(STAMP)  ## Lock the dependencies again, with hashes.
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		pyproject.toml --output-file requirements/runtime.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--extra dev pyproject.toml --output-file requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		$(TOOLS)/clients.in --output-file requirements/clients.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		requirements/fuzz.in --output-file requirements/fuzz.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		requirements/pdf.in --output-file requirements/pdf.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		requirements/browser.in --output-file requirements/browser.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		requirements/ralph.in --output-file requirements/ralph.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		requirements/peers.in --output-file requirements/peers.txt

clean:  ## Remove everything that is not in the repository, including the demo data.
	rm -rf $(VENV) $(FUZZ) $(PDF) $(RALPH) $(PEERS) $(BROWSER) $(TOOLS)/.venv $(TOOLS)/node_modules tests/browser/node_modules var .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
