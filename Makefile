# All you need is Python, git and make. `make` lists the targets.
PYTHON ?= python3
DEST ?=
ARGS ?=
PYTEST_ARGS ?=
TREES ?=

.PHONY: help new test lint types bench adopt-trees fleet examples rehearse-all docs snapshots sdk-lock release-tags clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1 /p' $(MAKEFILE_LIST) | while read -r target about; do \
		printf '%-13s %s\n' "$$target" "$$about"; \
	done

new: .venv/installed ## Create a wrapper in DEST, e.g. make new DEST=../my-service
	@test -n "$(DEST)" || { echo >&2 "DEST is missing. Example: make new DEST=../my-service"; exit 2; }
	@.venv/bin/startos-wrapper new "$(DEST)" $(ARGS)

test: lint types ## Run all linters and tests; PYTEST_ARGS is for pytest
	.venv/bin/pytest -n auto --dist loadgroup $(PYTEST_ARGS)

lint: .venv/installed-dev ## Run the linters
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: .venv/installed-dev ## Check the types
	.venv/bin/mypy

bench: .venv/installed-dev ## Measure how long the commands take
	@.venv/bin/python -m tests.bench.bench $(ARGS)

adopt-trees: .venv/installed-dev ## Adopt copies of the repositories in TREES
	@test -n "$(TREES)" || { echo >&2 'TREES is missing. Example: make adopt-trees TREES="../one ../two"'; exit 2; }
	@.venv/bin/python -m tests.adopt.whole_trees $(TREES)

# With the real Renovate and a real Gitea, which takes minutes to build the first time. Run it for each release.
fleet: .venv/installed-dev ## Update wrappers with Renovate and a forge on this machine
	.venv/bin/pytest -p no:xdist $(PYTEST_ARGS) tests/fleet/cases.py

# With the tests' Docker engine, and sources from the registries of Go and Rust: many minutes. Run it for each release.
examples: .venv/installed-dev ## Build and start the examples in docs/examples
	.venv/bin/pytest -p no:xdist $(PYTEST_ARGS) tests/images/examples.py

# At StartOS's pace, with the tests' Docker engine, and sources from the registries of Go, Rust and Debian: most of an hour.
# Run it for each release.
rehearse-all: .venv/installed-dev ## Rehearse real services, and each base with each config
	.venv/bin/pytest -p no:xdist --durations=50 $(PYTEST_ARGS) tests/rehearse/services.py tests/rehearse/hostile.py

docs: .venv/installed-dev ## Write the generated files of hooks/ and docs/ again
	.venv/bin/python docs/data.py
	.venv/bin/python docs/answer_kinds.py
	.venv/bin/python docs/questions.py
	.venv/bin/python docs/answers.py
	.venv/bin/python docs/rules.py
	.venv/bin/python docs/from_table.py
	.venv/bin/python -m docs.adopt_table
	.venv/bin/python -m tests.packages_04.hand_made
	.venv/bin/python -m tests.walk.picture

snapshots: .venv/installed-dev ## Render the wrappers in tests/snapshots again
	.venv/bin/python -m tests.snapshots.make

# After a change of hooks/data/sdk.yaml. Needs npm.
sdk-lock: .venv/installed ## Write package-lock.json of packages for StartOS 0.4 again
	@.venv/bin/python docs/sdk_lock.py

# Needs nothing but Python and git.
release-tags: ## Tag the commits of all releases
	@$(PYTHON) docs/release_tags.py

.venv/installed: pyproject.toml
	@$(PYTHON) -m venv .venv || { echo >&2 "$(PYTHON) can't create a virtual environment: install python3-venv"; exit 1; }
	@echo "Installing startos-wrapper into .venv"
	@.venv/bin/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/installed-dev: .venv/installed
	@echo "Installing the test dependencies into .venv"
	@.venv/bin/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean: ## Remove the virtual environment and everything built
	rm -rf .venv .tools .mypy_cache .pytest_cache .ruff_cache .hypothesis dist
