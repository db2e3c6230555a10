# Each command sets up what it needs by itself: an environment for each lock file in requirements/.
SHELL := bash
.DEFAULT_GOAL := help
DEV := .venv/dev/bin
SAM := .venv/sam/bin
CHECKOV := .venv/checkov/bin
READY := .venv/dev/.ready .venv/sam/.ready .venv/ministack/.ready
PYTHON := python3.13
# A file of tests stays together, since its tests share what takes long to make; the slow folders go first.
# One more than two cores: some tests wait for an upstream that stalls.
PYTEST := $(DEV)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

# What runs without AWS: sam neither sends telemetry nor asks for an instance role.
OFFLINE := SAM_CLI_TELEMETRY=0 AWS_EC2_METADATA_DISABLED=true

# A GovCloud and a China region, and three that an account must opt in to, lack what others have.
REGIONS := us-east-1 us-gov-west-1 cn-north-1 af-south-1 ap-east-1 me-central-1

.PHONY: help run local ask dashboard browser picture forecast-plot bench-forecast bench scale texts bill test unit check format lint types template security build deploy release keys test-alert env.json accounts lock clean

help: ## This list.
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

run: ready ## The main job: the real stack in an embedded AWS, tick by tick.
	@PYTHONPATH=src $(DEV)/python -m local.run

local: ready ## Both functions in AWS's own image, without an AWS account; needs Docker. ARGS=start-lambda stays.
	@ARGS="$(ARGS)" PYTHONPATH=src $(DEV)/python -m local.sam_local

# BALANCE, URL and the like are the members of an entry; docs/providers.md names them.
ask: .venv/dev/.ready ## Ask a provider once: make ask PROVIDER=moonshot REGION=cn, with the key in API_KEY.
	@PYTHONPATH=src $(DEV)/python -m local.ask

dashboard: ready ## The dashboard as a page, with what the story of make run leaves behind.
	@PYTHONPATH=src $(DEV)/python -m local.dashboard

test: ready browser ## Every test, the end-to-end one included; ONLY=name runs what matches.
	$(PYTEST) $(if $(ONLY),-k '$(ONLY)',--cov --cov-report=term-missing:skip-covered)

unit: .venv/dev/.ready ## The unit tests alone, in half a minute; ONLY=name runs what matches.
	$(PYTEST) tests/unit $(if $(ONLY),-k '$(ONLY)')

# The environments are set up side by side, since each takes one core.
.PHONY: ready
ready:
	@$(MAKE) --no-print-directory --silent --jobs 2 $(READY)

# So are the gates.
check: ## What CI runs: format, lint, types, template, security, and make test.
	@$(MAKE) --no-print-directory --silent --jobs 2 $(READY) .venv/checkov/.ready
	@$(MAKE) --no-print-directory --jobs 2 security types template lint
	@$(MAKE) --no-print-directory test

format: .venv/dev/.ready ## Format the code, and mend what the linter can mend.
	$(DEV)/ruff check --fix --quiet . || true
	$(DEV)/ruff format .

lint: .venv/dev/.ready ## Format and lint, changing nothing.
	$(DEV)/ruff format --check .
	$(DEV)/ruff check .

types: .venv/dev/.ready ## The types.
	$(DEV)/mypy

template: .venv/dev/.ready .venv/sam/.ready ## template.yaml, as SAM and CloudFormation read it.
	@for region in $(REGIONS); do $(OFFLINE) $(SAM)/sam validate --lint --region $$region || exit 1; done
	$(DEV)/cfn-lint --include-checks I --regions $(REGIONS) -- template.yaml

# No secret: what counts up or down is nobody's key, plain words are nobody's password, and types and
# actions of AWS only speak of secrets. Other suppressions stand with their reason where they are needed.
NO_SECRET := '1234567|7654321' '^(secret|test|testing)$$' '^GetSecretValue$$' '^AWS::\w+::\w+$$'

# None of these gates uses the network. Tests make up their keys and start our own commands. checkov
# passes over what it can't read without a word, so its report must speak of template and workflow.
security: .venv/dev/.ready .venv/checkov/.ready ## Code, secrets, workflow and stack.
	$(DEV)/zizmor --offline --quiet --strict-collection --persona pedantic .github
	$(DEV)/bandit --quiet --configfile pyproject.toml --recursive src local benchmarks package tools
	$(DEV)/bandit --quiet --configfile pyproject.toml --skip B105,B106,B603 --recursive tests
	@set -o pipefail; git ls-files -z --cached --others --exclude-standard | PYTHONPATH=src xargs -0 \
		$(DEV)/detect-secrets-hook --no-verify --plugin local/provider_keys.py \
		$(NO_SECRET:%=--exclude-secrets %)
	@report=$$($(CHECKOV)/checkov --directory . --framework cloudformation github_actions \
		--skip-download --quiet --compact) && grep -q cloudformation <<<"$$report" \
		&& grep -q github_actions <<<"$$report" || { echo "$$report"; exit 1; }

# What sam would say next is a guided deployment, which writes a phone number into a tracked file.
build: .venv/dev/.ready .venv/sam/.ready ## The package of both functions.
	@$(OFFLINE) PATH="$(CURDIR)/$(DEV):$$PATH" $(SAM)/sam build >/dev/null
	@echo "Built: .aws-sam/build"

# What follows works on your AWS account, with your AWS setup as it is. STACK=name is for another stack
# than budget-guard.
export STACK SET TAGS SECRET

deploy: build ## Build and deploy into your AWS account; asks, or takes SET="Name=value ..."; TAGS="name=value ...".
	@PYTHONPATH=src $(DEV)/python -m local.deploy

release: .venv/dev/.ready .venv/sam/.ready ## Update the deployed stack to what was built; asks nothing, and resets nothing.
	@PYTHONPATH=src $(DEV)/python -m local.deploy release

keys: .venv/dev/.ready ## Put API keys into the deployed stack's secret, and try them; SECRET=name is for one of Shards.
	@PYTHONPATH=src $(DEV)/python -m local.keys

test-alert: .venv/dev/.ready ## One test to every subscriber of the deployed stack, and what is in the way.
	@PYTHONPATH=src $(DEV)/python -m local.test_alert

env.json: .venv/dev/.ready ## The environment of the deployed functions, for sam local invoke --env-vars env.json.
	@PYTHONPATH=src $(DEV)/python -m local.env_json

accounts: .venv/dev/.ready ## Every account of the deployed stack, the worst first; ONLY=warning or ONLY=name.
	@PYTHONPATH=src $(DEV)/python -m local.accounts $(ONLY)

# The pages and pictures of the documentation, and what they are measured by.

texts: .venv/dev/.ready ## The texts of the notifications, as docs/notifications.md shows them.
	@PYTHONPATH=src:. $(DEV)/python -m tools.texts

bill: .venv/dev/.ready ## The bill of a month, as docs/cost.md shows it.
	@PYTHONPATH=src:. $(DEV)/python -m tools.bill

picture: ready browser ## Make the pictures of make run and of the dashboard.
	@PYTHONPATH=src PICTURE=docs/make-run.svg $(DEV)/python -m local.run >/dev/null
	@PYTHONPATH=src PICTURE=docs/dashboard.png $(DEV)/python -m local.dashboard >/dev/null

forecast-plot: .venv/dev/.ready browser ## Make the plots of the forecast.
	@$(DEV)/python -m benchmarks.plot

# TRACES has CSV files with the columns time, and money spent so far.
bench-forecast: .venv/dev/.ready ## How good forecast and alerts are; TRACES=folder for your own accounts.
	@$(DEV)/python -m benchmarks.forecast $(TRACES)

bench: .venv/dev/.ready .venv/sam/.ready .venv/peer/.ready ## How fast, small and wide it is; five minutes, on a machine that is idle.
	@$(DEV)/python -m benchmarks.speed.bench

scale: ready ## Ten thousand accounts through the state machine of a deployed stack; about five minutes.
	@PYTHONPATH=src:. $(DEV)/python -m benchmarks.shards

lock: .venv/dev/.ready ## Pin everything anew.
	cd requirements && for set in dev sam ministack checkov peer; do \
		../$(DEV)/uv pip compile --quiet --no-header --universal --upgrade --python-version 3.13 \
			--generate-hashes $$set.in --output-file $$set.txt; done
	$(DEV)/uv pip compile --quiet --no-header --no-annotate --universal --python-version 3.13 --generate-hashes \
		--constraint requirements/dev.txt requirements/runtime.in --output-file src/requirements.txt

# Chromium for the tests of the dashboard; does nothing where there is one.
browser: .venv/dev/.ready
	@$(DEV)/python -m local.browser

# Compiling all takes as long as installing it; Python compiles what is imported.
.venv/%/.ready: requirements/%.txt
	@$(PYTHON) --version >/dev/null 2>&1 || { echo "Python 3.13 is needed and was not found: install it (pyenv install 3.13) and try again." >&2; exit 1; }
	@echo "Setting up $* (once) ..."
	@rm -rf .venv/$*
	@$(PYTHON) -m venv .venv/$*
	@.venv/$*/bin/pip install --quiet --quiet --disable-pip-version-check --require-hashes \
		--no-compile --requirement $<
	@touch $@

clean: ## Take away all that these commands have made.
	rm -rf .venv .aws-sam .cache .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache dashboard.html
