# Each command sets up what it needs by itself: an environment for each lock file in requirements/.
SHELL := bash
DEV := .venv/dev/bin
SAM := .venv/sam/bin
READY := .venv/dev/.ready .venv/sam/.ready .venv/ministack/.ready
PYTHON := python3.13

# sam sends telemetry and asks for an instance role unless it is told not to; a CA bundle of the
# machine's would hide the emulators'.
export SAM_CLI_TELEMETRY := 0
export AWS_EC2_METADATA_DISABLED := true
unexport AWS_CA_BUNDLE

.PHONY: run picture texts test check format lint types template deploy lock clean

## The main job: the real stack in an embedded AWS, tick by tick.
run: $(READY)
	@$(DEV)/python -m local.run

## The picture of make run in the README.
picture: $(READY)
	@PICTURE=docs/make-run.svg $(DEV)/python -m local.run >/dev/null

## The texts of the notifications in the README.
texts: .venv/dev/.ready
	PYTHONPATH=src:. $(DEV)/python -m tests.samples

## Every test, the end-to-end one included.
test: $(READY)
	$(DEV)/pytest --numprocesses 2 --dist loadfile --cov --cov-report=term-missing:skip-covered

## What CI runs.
check: lint types template test

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
	$(DEV)/cfn-lint template.yaml

## Build and deploy into your AWS account; asks for the parameters.
deploy: $(READY)
	PATH="$(CURDIR)/$(DEV):$$PATH" $(SAM)/sam build
	$(SAM)/sam deploy --guided

## Pin everything anew.
lock: .venv/dev/.ready
	cd requirements && for set in dev sam ministack; do \
		../$(DEV)/uv pip compile --quiet --no-header --universal --upgrade --python-version 3.13 \
			--generate-hashes $$set.in --output-file $$set.txt; done
	$(DEV)/uv pip compile --quiet --no-header --no-annotate --universal --python-version 3.13 \
		--constraint requirements/dev.txt requirements/runtime.in --output-file src/requirements.txt

.venv/%/.ready: requirements/%.txt
	@$(PYTHON) --version >/dev/null 2>&1 || { echo "Python 3.13 is needed and was not found: install it (pyenv install 3.13) and try again." >&2; exit 1; }
	@echo "Setting up $* (once) ..."
	@rm -rf .venv/$*
	@$(PYTHON) -m venv .venv/$*
	@.venv/$*/bin/pip install --quiet --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

clean:
	rm -rf .venv .aws-sam .cache .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
