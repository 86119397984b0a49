# Set-up, main job and tests of mirrorneuron. `make help` lists the targets.

BIN := .venv/bin
JOBS ?= 2
SEED ?= 1

.PHONY: help setup neuron test test-docs test-long sweep mutants mutants-mirrors lint lock changelog changelog-draft clean
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1  /p' $(MAKEFILE_LIST) | awk '{ name = $$1; $$1 = ""; printf "%-17s%s\n", name, $$0 }'

setup: ## install what is missing: .venv, klayout magic netgen ngspice, the PDK (PYTHON=... to choose one)
	@.ci/setup

neuron: setup ## the main job: examples/neuron4.yaml from spec to verdict, into gds_out/
	@$(BIN)/mirrorneuron signoff examples/neuron4.yaml --jobs $(JOBS)

# Tests in three layers. Quick: of each cell the design rules, LVS and a bench at few conditions, at most 9 s of processor
# time a cell. Docs: what README.md and docs/ tell a reader to type. Long: the same checks on many more examples, and each
# deck in a KLayout of its own.
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist worksteal

test: setup ## the quick tests
	@$(PYTEST) -m "not slow and not docs"

test-docs: setup ## commands and code blocks of README.md and docs/
	@$(PYTEST) -m docs

test-long: setup ## the slow tests
	@$(PYTEST) -m slow --fresh-klayout

sweep: setup ## 200 random arrays through the design rules, 50 through LVS; 5 of every mirror through the sign-off
	@$(PYTEST) -m slow tests/layout/test_matched_array.py tests/flow/test_mirror_signoff.py

mutants: FAULTS ?= 330
mutants: setup ## 330 faults planted in our cells, and who of the sign-off catches each (FAULTS=..., SEED=...)
	@$(BIN)/python benchmarks/mutants.py --jobs $(JOBS) --faults $(FAULTS) --seed $(SEED) --folder build/mutants

mutants-mirrors: FAULTS ?= 312
mutants-mirrors: setup ## 312 in the current mirrors, half of them in circuit and layout alike, which targets must tell
	@$(BIN)/python benchmarks/mutants.py --jobs $(JOBS) --faults $(FAULTS) --seed $(SEED) --cells mirrors \
		--folder build/mutants-mirrors

lint: ## ruff and mypy
	@.ci/setup venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock: ## resolve requirements.lock from pyproject.toml; needs uv; UPGRADE=--upgrade for the newest of everything
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	echo 'setuptools>=68' | uv pip compile pyproject.toml - --extra dev --universal --python-version 3.11 \
		--fork-strategy fewest --generate-hashes --no-annotate --no-header --quiet $(UPGRADE) --output-file requirements.lock

changelog: ## collect changes/ into CHANGELOG.md for a release: VERSION=1.2.0
	@test -n "$(VERSION)" || { echo "say which version: make changelog VERSION=1.2.0" >&2; exit 1; }
	@.ci/setup venv
	$(BIN)/towncrier build --yes --version $(VERSION)

changelog-draft: ## print what changes/ adds to CHANGELOG.md
	@.ci/setup venv
	@$(BIN)/towncrier build --draft --version next

clean: ## remove .venv and what the tools left; the PDK in the user's cache and gds_out/ stay
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
