# Everything a developer does here, by name. `make` alone lists it.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PORT ?= 8000
DATA ?= .data
PYTHON ?= python3
BIN := .venv/bin
export PYTHONPATH := functions:layers/common/python:.

# What the packages are built for: Lambda as template.yaml has it, or for the tests the machine that they run on. BUILD is
# where they go.
RUNTIME ?= python3.13
ARCHITECTURE ?= arm64
BUILD ?= .aws-sam/build
# pyenv's own folders first: its python3.13 on the PATH is a shim that may lead nowhere.
PYENV = $(lastword $(wildcard $(HOME)/.pyenv/versions/$(1:python%=%)*/bin))
WITH = PATH="$(if $(call PYENV,$(1)),$(call PYENV,$(1)):)$$PATH"
HERE = BUILD=.aws-sam/here/build ARCHITECTURE=$(patsubst aarch64,arm64,$(shell uname -m)) \
	RUNTIME=$(shell $(foreach version,3.13 3.12 3.11,$(call WITH,python$(version)) python$(version) -c '' 2>/dev/null && \
		echo python$(version) && exit;))
export SAM_CLI_TELEMETRY := 0

# The machine's own package indexes are its owner's business; the hashes are ours.
PIP := $(BIN)/pip --disable-pip-version-check --quiet --no-input
# Where a package is wanted by several with different extras, pip can't tell that its one pin serves them all.
PIP_APART := bin/pip --disable-pip-version-check --quiet --no-input install --require-hashes --no-deps

# The dashboard wants Node.js to be built, once; without it everything else runs.
NODE := $(shell node -e 'const [a, b] = process.versions.node.split("."); if (a > 20 || (a == 20 && b >= 19)) console.log("yes")' 2>/dev/null)
CHROMIUM ?= $(shell command -v chromium google-chrome | head -n 1)
NPM := npm --prefix frontend --no-audit --no-fund --loglevel=error
WEB_SOURCES = $(shell find frontend/src frontend/public frontend/scripts -type f -not -path 'frontend/src/api/generated/*' \
	-not -name 'routes.gen.ts' 2>/dev/null) $(wildcard frontend/*.html frontend/*.ts frontend/package.json)
API_SOURCES = $(shell find functions layers/common/python/ginnel -name '*.py') local/document.py

.PHONY: help
help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[36m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: up
up: .venv/run $(if $(LAMBDA),here) $(if $(NODE),frontend/dist/policy.json) ## run everything at http://localhost:8000 (PORT=…, DATA=…; LAMBDA=1: as Lambda does)
	@$(BIN)/python -m local.cli up --port $(PORT) --data $(DATA) --env-file .env $(if $(LAMBDA),--template $(HERE_TEMPLATE))

.PHONY: web
web: frontend/dist/policy.json ## build the dashboard (needs Node.js 20.19 or newer)
frontend/dist/policy.json: frontend/src/api/generated/index.ts $(WEB_SOURCES)
	@echo "Building the dashboard …"
	@$(NPM) run build --silent >/dev/null
frontend/node_modules/.made: frontend/package.json frontend/package-lock.json
	@$(NPM) ci --silent
	@touch $@
# The client is made from what the API says of itself, and only when that says something else.
frontend/openapi.json: .venv/run $(API_SOURCES)
	@$(BIN)/python -m local.document > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
frontend/src/api/generated/index.ts: frontend/node_modules/.made frontend/openapi.json frontend/openapi-ts.config.ts
	@$(NPM) run generate --silent >/dev/null
	@touch $@
.PHONY: client
client: frontend/src/api/generated/index.ts ## make the dashboard's typed client from the API's document

.PHONY: test-web
test-web: web ## the dashboard's components, types, style, and how much a page loads
	@$(NPM) run test --silent
	@$(NPM) run types --silent
	@$(NPM) run lint --silent
	@$(NPM) run budgets --silent

.PHONY: node
node: # whether there is a Node.js that can build the dashboard: "yes", or nothing
	@echo $(NODE)

.PHONY: test-browser
test-browser: .venv/run web ## journeys through the dashboard, in Chromium on the real host
	@CHROMIUM="$(CHROMIUM)" $(NPM) run e2e --silent

.PHONY: screenshots
screenshots: .venv/run web ## pictures of every page of the dashboard, in frontend/screenshots
	@SCREENSHOTS=1 $(NPM) run e2e --silent -- screenshots

# The packages for this machine, and what runs them on it.
HERE_TEMPLATE = .aws-sam/here/build/template.yaml
.PHONY: here
here:
	@$(MAKE) --no-print-directory built $(HERE)
.PHONY: built
built: build .venv-$(RUNTIME)/made

.PHONY: test
test: .venv/test ## the fast tests, on servers of their own
	@$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile

.PHONY: test-slow
test-slow: .venv/test ## the tests that kill, flood or take minutes
	@$(BIN)/python -m pytest -m slow

.PHONY: test-faults
test-faults: .venv/test ## what is lost when something fails, in figures (FULL=1: at full length)
	@$(BIN)/python -m pytest tests/faults -m "$(if $(FULL),,not slow)"

.PHONY: test-lambda
test-lambda: .venv/test here ## the packages under Lambda's own emulator (FULL=1: at full length)
	@$(BIN)/python -m pytest -m artefact

.PHONY: test-all
test-all: test test-web test-slow test-faults test-lambda test-browser ## all tests

.PHONY: check
check: lint types test ## what every commit must pass

.PHONY: lint
lint: .venv/test ## style, imports, the template
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/cfn-lint template.yaml

.PHONY: format
format: .venv/test ## lay the code out
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

.PHONY: types
types: .venv/test ## check the types
	@$(BIN)/mypy

.PHONY: migrate
migrate: .venv/run ## bring DATABASE_URL's schema up to date
	@$(BIN)/python -m ginnel.migrations

.PHONY: seed
seed: .venv/run ## write plausible links and a year's clicks, while nothing else runs on DATA (CLICKS=…, LINKS=…, DAYS=…)
	@$(BIN)/python -m local.seed --data $(DATA) --env-file .env --clicks $(or $(CLICKS),10000) \
		$(if $(LINKS),--links $(LINKS)) $(if $(DAYS),--days $(DAYS))

.PHONY: sources
sources: .venv/run ## list what Matomo's lists of referrers have and ours does not (FROM=a clone of them)
	@$(if $(FROM),,$(error say where they are: make sources FROM=../searchengine-and-social-list))
	@$(BIN)/python -m local.sources "$(FROM)"

.PHONY: replay
replay: .venv/run ## store clicks again that ended as dead letters, while nothing else runs on DATA
	@$(BIN)/python -m local.replay --data $(DATA) --env-file .env

.PHONY: rebuild
rebuild: .venv/run ## count the clicks of some days anew, and say how far the roll-ups were off (FROM=2026-03-01 TO=…, LINK=…)
	@$(if $(and $(FROM),$(TO)),,$(error say which days: make rebuild FROM=2026-03-01 TO=2026-03-31))
	@$(BIN)/python -m local.rebuild "$(FROM)" "$(TO)" --data $(DATA) --env-file .env $(if $(LINK),--link "$(LINK)")

.PHONY: admin
admin: .venv/run ## make EMAIL an administrator with a new password, while nothing else runs on DATA
	@$(if $(EMAIL),,$(error say whom: make admin EMAIL=ada@example.com))
	@$(BIN)/python -m local.admin "$(EMAIL)" --data $(DATA) --env-file .env

.PHONY: tunnel
tunnel: .venv/run ## run everything at an address on the internet, by ngrok (PORT=…, DATA=…)
	@$(BIN)/python -m local.tunnel --port $(PORT) --data $(DATA) --env-file .env

.PHONY: backup
backup: .venv/run ## copy everything in PostgreSQL into a file, at work or at rest (TO=…)
	@$(if $(TO),,$(error say where to: make backup TO=ginnel.zip))
	@$(BIN)/python -m local.backup "$(TO)" --data $(DATA) --env-file .env

.PHONY: restore
restore: .venv/run ## put such a file into an empty database (FROM=…; REPLACE=yes: into one that is not)
	@$(if $(FROM),,$(error say what: make restore FROM=ginnel.zip))
	@$(BIN)/python -m local.restore "$(FROM)" --data $(DATA) --env-file .env $(if $(filter yes,$(REPLACE)),--replace)

.PHONY: rotate-keys
rotate-keys: .venv/run ## have access tokens signed by a new key, nobody being signed out (SECRET=…; AT_ONCE=yes: after a theft)
	@$(BIN)/python -m local.rotate --data $(DATA) --env-file .env $(if $(SECRET),--secret "$(SECRET)") \
		$(if $(AFTER),--after $(AFTER)) $(if $(filter yes,$(AT_ONCE)),--at-once)

.PHONY: bench
bench: .venv/test ## measure everything; the figures go to bench.json (needs nginx and wrk)
	@$(BIN)/python -m tests.bench

.PHONY: bench-redirect
bench-redirect: .venv/test ## measure redirects beside nginx (needs nginx and wrk)
	@$(BIN)/python -m tests.bench.redirect

.PHONY: bench-ingest
bench-ingest: .venv/test ## measure how quickly clicks are stored
	@$(BIN)/python -m tests.bench.ingest

.PHONY: bench-import
bench-import: .venv/test ## import 100,000 rows of each format: time, memory, what a kill half-way costs (ROWS=…)
	@$(BIN)/python -m tests.bench.imports

.PHONY: bench-links
bench-links: .venv/test ## measure how quickly links are found among a million and made, and what rules cost (needs wrk)
	@$(BIN)/python -m tests.bench.links

.PHONY: bench-stats
bench-stats: .venv/test ## measure how quickly a year's questions are answered, of ten million clicks (CLICKS=…)
	@$(BIN)/python -m tests.bench.stats --clicks $(or $(CLICKS),10000000)

.PHONY: bench-web
bench-web: .venv/test web ## measure how soon the dashboard is seen, beside a build without care (needs Chromium)
	@CHROMIUM="$(CHROMIUM)" $(BIN)/python -m tests.bench.web

.PHONY: bench-live
bench-live: .venv/test ## measure how soon a click is seen by who watches, at a thousand redirects a second
	@$(BIN)/python -m tests.bench.watched

.PHONY: bench-drop
bench-drop: .venv/test ## measure what those who store and ask notice while months of clicks are dropped
	@$(BIN)/python -m tests.bench.dropped

.PHONY: bench-lambda
bench-lambda: .venv/test here ## measure the functions' cold and warm starts beside a handler that does nothing
	@$(BIN)/python -m tests.bench.functions

.PHONY: validate
validate: .venv-sam/made ## have SAM check the template
	@.venv-sam/bin/sam validate --lint --region eu-west-1

.PHONY: build
build: .venv/run .venv-sam/made ## build the packages for Lambda (RUNTIME=…, ARCHITECTURE=…)
	@$(call WITH,$(RUNTIME)) $(RUNTIME) -c '' 2>/dev/null \
		|| { echo "The packages' bytecode needs $(RUNTIME) itself on the PATH; another version: RUNTIME=…"; exit 1; }
	@mkdir -p $(BUILD)
	@$(call WITH,$(RUNTIME)) RUNTIME=$(RUNTIME) ARCHITECTURE=$(ARCHITECTURE) .venv-sam/bin/sam build \
		--cached --parallel --region eu-west-1 --build-dir $(BUILD) --cache-dir $(BUILD)/../cache \
		--parameter-overrides Runtime=$(RUNTIME) Architecture=$(ARCHITECTURE) >$(BUILD).log 2>&1 \
		|| { cat $(BUILD).log; exit 1; }
	@$(BIN)/python -m local.packages zip $(BUILD)

.PHONY: package
package: build ## upload the packages as a deployment does, to AWS_ENDPOINT_URL or to a stand-in for S3
	@$(BIN)/python -m local.packages upload $(BUILD)

.PHONY: bench-deploy
bench-deploy: .venv/test .venv-sam/made ## measure a first deployment's build and upload against one function's change
	@$(BIN)/python -m tests.bench.deploy

.PHONY: deploy
deploy: build ## hand what was built to AWS (ENV=staging or production, PARAMETERS="Name=value …", RELEASE=…)
	@$(BIN)/python -m local.deploy $(or $(ENV),staging) --template $(BUILD)/template.yaml \
		$(if $(RELEASE),--release $(RELEASE)) Runtime=$(RUNTIME) Architecture=$(ARCHITECTURE) $(PARAMETERS)

.PHONY: deploy-compose
deploy-compose: ## bring a host that runs the containers to a commit (TO=user@host, RELEASE=…)
	@ssh -o BatchMode=yes -o StrictHostKeyChecking=yes "$(TO)" sh -s -- "$(RELEASE)" <local/deploy-compose.sh

.PHONY: smoke
smoke: ## see whether an installation is at work (AT=https://…)
	@$(PYTHON) -m local.smoke "$(AT)"

.PHONY: lint-workflows
lint-workflows: .venv-audit/made ## check the workflows' form, and what strangers could make of them
	@.venv-audit/bin/actionlint
	@.venv-audit/bin/zizmor --offline --quiet .github

.PHONY: secrets
secrets: .venv-audit/made ## look for keys and passwords in what git has
	@git ls-files -z | xargs -0 .venv-audit/bin/detect-secrets-hook --no-verify --baseline .secrets.json

.PHONY: audit
audit: .venv-audit/made ## ask PyPI which pinned packages have known weaknesses
	@for pins in requirements/*.txt; do \
		echo "$$pins" && .venv-audit/bin/pip-audit --strict --disable-pip --require-hashes -r "$$pins" || exit 1; done

.PHONY: sam-invoke
sam-invoke: ## hand an event to a function in SAM's container, beside `docker compose up` (FUNCTION=…, EVENT=…, VALUES=…)
	@$(MAKE) --no-print-directory sam-local $(HERE) DO="invoke $(FUNCTION) $(EVENT) $(VALUES)"

.PHONY: sam-api
sam-api: ## serve the template's routes from SAM's containers, beside `docker compose up` (SAM_PORT=…)
	@$(MAKE) --no-print-directory sam-local $(HERE) DO="api --port $(or $(SAM_PORT),3000)"

.PHONY: sam-local
sam-local:
	@$(MAKE) --no-print-directory build >&2
	@$(BIN)/python -m local.sam $(DO) --build $(BUILD) --runtime $(RUNTIME) --architecture $(ARCHITECTURE)

.PHONY: test-containers
test-containers: .venv/test ## build every image and see the whole system at work in them (needs Docker and Compose)
	@$(MAKE) --no-print-directory build $(HERE) >/dev/null
	@$(BIN)/python -m pytest tests/containers -m containers

.PHONY: lock
lock: ## pin the dependencies anew (UPGRADE="…": newer ones of these packages; needs uv)
	uv pip compile $(LOCK) pyproject.toml -o requirements/lambda.txt
	uv pip compile $(LOCK) --extra host pyproject.toml -o requirements/host.txt
	uv pip compile $(LOCK) --extra local pyproject.toml -o requirements/run.txt
	uv pip compile $(LOCK) --extra host --extra traces pyproject.toml -o requirements/traces.txt
	uv pip compile $(LOCK) --extra local --extra test pyproject.toml -o requirements/test.txt
	uv pip compile $(LOCK) --group sam -o requirements/sam.txt
	uv pip compile $(LOCK) --group runtime -o requirements/runtime.txt
	uv pip compile $(LOCK) --group audit -o requirements/audit.txt
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-annotate --no-header $(foreach package,$(UPGRADE),--upgrade-package $(package))

.PHONY: clean
clean: ## remove what was installed and built, not the data
	rm -rf .venv .venv-* .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Ginnel needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv .venv

# A marker file a set: installed when the pins are newer than the marker.
.venv/run: requirements/run.txt | .venv/bin/python
	@echo "Installing what Ginnel runs on (once) …"
	@$(PIP) install --use-pep517 --require-hashes -r $<
	@touch $@

.venv/test: requirements/test.txt | .venv/bin/python
	@echo "Installing what the tests need (once) …"
	@$(PIP) install --use-pep517 --require-hashes -r $<
	@touch $@ .venv/run

.venv-sam/made: requirements/sam.txt | .venv/bin/python
	@echo "Installing what builds the packages (once) …"
	@$(BIN)/python -m venv .venv-sam
	@.venv-sam/$(PIP_APART) --use-pep517 -r $<
	@touch $@

.venv-audit/made: requirements/audit.txt | .venv/bin/python
	@echo "Installing what looks for weaknesses (once) …"
	@$(BIN)/python -m venv .venv-audit
	@.venv-audit/$(PIP_APART) -r $<
	@touch $@

# A Python of the packages' own version, with what Lambda's has and nothing more: what is missing in them shows.
.venv-$(RUNTIME)/made: requirements/runtime.txt
	@echo "Installing Lambda's runtime (once) …"
	@rm -rf $(@D) && $(call WITH,$(RUNTIME)) $(RUNTIME) -m venv $(@D)
	@$(@D)/$(PIP_APART) -r $<
	@touch $@
