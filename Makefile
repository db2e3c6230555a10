# Each command sets up what it needs by itself: an environment for each lock file in requirements/.
SHELL := bash
DEV := .venv/dev/bin
SAM := .venv/sam/bin
CHECKOV := .venv/checkov/bin
READY := .venv/dev/.ready .venv/sam/.ready .venv/ministack/.ready
PYTHON := python3.13

# sam sends telemetry and asks for an instance role unless it is told not to; a CA bundle of the
# machine's would hide the emulators'.
export SAM_CLI_TELEMETRY := 0
export AWS_EC2_METADATA_DISABLED := true
unexport AWS_CA_BUNDLE

.PHONY: run dashboard browser picture forecast-plot bench-forecast bench texts bill test check format lint types template security build deploy release test-alert accounts lock clean

## The main job: the real stack in an embedded AWS, tick by tick.
run: $(READY)
	@$(DEV)/python -m local.run

## The dashboard of the template as a page, with what the same story leaves behind.
dashboard: $(READY)
	@$(DEV)/python -m local.dashboard

# Does nothing where there is one.
browser: .venv/dev/.ready
	@$(DEV)/python -m local.browser

## The pictures of make run and of the dashboard in the README.
picture: $(READY) browser
	@PICTURE=docs/make-run.svg $(DEV)/python -m local.run >/dev/null
	@PICTURE=docs/dashboard.png $(DEV)/python -m local.dashboard >/dev/null

## The plot of the forecast in the README.
forecast-plot: .venv/dev/.ready browser
	@$(DEV)/python -m benchmarks.plot

## How good the forecast and its alerts are: on generated accounts, and on the CSV files of a folder
## (TRACES=folder; columns: time, money spent so far). Takes two minutes.
bench-forecast: .venv/dev/.ready
	@$(DEV)/python -m benchmarks.forecast $(TRACES)

## How fast, how small and how wide it is, beside floors and peers; one table. Takes five minutes, and
## wants a machine that is otherwise idle.
bench: .venv/dev/.ready .venv/sam/.ready .venv/peer/.ready
	@$(DEV)/python -m benchmarks.speed.bench

## The texts of the notifications in the README.
texts: .venv/dev/.ready
	PYTHONPATH=src:. $(DEV)/python -m tests.samples

## The bill of a month in the README.
bill: .venv/dev/.ready
	PYTHONPATH=src:. $(DEV)/python -m tests.bill

## Every test, the end-to-end one included.
test: $(READY) browser
	$(DEV)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=term-missing:skip-covered

## What CI runs.
check: lint types template security test

format: .venv/dev/.ready
	$(DEV)/ruff check --fix --quiet . || true
	$(DEV)/ruff format .

lint: .venv/dev/.ready
	$(DEV)/ruff format --check .
	$(DEV)/ruff check .

types: .venv/dev/.ready
	$(DEV)/mypy

template: .venv/dev/.ready .venv/sam/.ready
	$(SAM)/sam validate --lint
	$(DEV)/cfn-lint --include-checks I -- template.yaml

# No secret: what counts up or down is nobody's key, plain words are nobody's password, and types and
# actions of AWS only speak of secrets. Other suppressions stand with their reason where they are needed.
NO_SECRET := '1234567|7654321' '^(secret|test|testing)$$' '^GetSecretValue$$' '^AWS::\w+::\w+$$'

## Code, secrets, workflow and stack; none of the gates uses the network. Tests make up their keys and
## start our own commands. checkov passes over what it can't read without a word, so its report must
## speak of the template and of the workflow.
security: .venv/dev/.ready .venv/checkov/.ready
	$(DEV)/zizmor --offline --quiet --strict-collection --persona pedantic .github
	$(DEV)/bandit --quiet --configfile pyproject.toml --recursive src local benchmarks package
	$(DEV)/bandit --quiet --configfile pyproject.toml --skip B105,B106,B603 --recursive tests
	@set -o pipefail; git ls-files -z --cached --others --exclude-standard | xargs -0 \
		$(DEV)/detect-secrets-hook --no-verify --plugin local/provider_keys.py \
		$(NO_SECRET:%=--exclude-secrets %)
	@report=$$($(CHECKOV)/checkov --directory . --framework cloudformation github_actions \
		--skip-download --quiet --compact) && grep -q cloudformation <<<"$$report" \
		&& grep -q github_actions <<<"$$report" || { echo "$$report"; exit 1; }

build: .venv/dev/.ready .venv/sam/.ready
	PATH="$(CURDIR)/$(DEV):$$PATH" $(SAM)/sam build

## Build and deploy into your AWS account; asks for the parameters.
deploy: build
	$(SAM)/sam deploy --guided

## Deploy what was built; asks nothing, and a stack that exists keeps its parameters.
release: .venv/sam/.ready
	$(SAM)/sam deploy --no-progressbar

## One test notification to every subscriber of the deployed stack.
test-alert: .venv/sam/.ready
	$(SAM)/sam remote invoke CheckBalances --event-file events/test_alert.json

# Your own network may need the CA bundle that is kept from all else.
## Every account of the deployed stack, the one in most need first; ONLY=warning, ONLY=name show fewer.
accounts: .venv/dev/.ready
	@$(if $(AWS_CA_BUNDLE),AWS_CA_BUNDLE="$(AWS_CA_BUNDLE)") PYTHONPATH=src $(DEV)/python -m local.accounts $(ONLY)

## Pin everything anew.
lock: .venv/dev/.ready
	cd requirements && for set in dev sam ministack checkov peer; do \
		../$(DEV)/uv pip compile --quiet --no-header --universal --upgrade --python-version 3.13 \
			--generate-hashes $$set.in --output-file $$set.txt; done
	$(DEV)/uv pip compile --quiet --no-header --no-annotate --universal --python-version 3.13 --generate-hashes \
		--constraint requirements/dev.txt requirements/runtime.in --output-file src/requirements.txt

.venv/%/.ready: requirements/%.txt
	@$(PYTHON) --version >/dev/null 2>&1 || { echo "Python 3.13 is needed and was not found: install it (pyenv install 3.13) and try again." >&2; exit 1; }
	@echo "Setting up $* (once) ..."
	@rm -rf .venv/$*
	@$(PYTHON) -m venv .venv/$*
	@.venv/$*/bin/pip install --quiet --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

clean:
	rm -rf .venv .aws-sam .cache .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache dashboard.html
