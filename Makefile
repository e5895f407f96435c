# All you need is Python, git and make:
#   make new DEST=../my-service    create a wrapper; ARGS is passed to `startos-wrapper new`
#   make test                      run all linters and tests
PYTHON ?= python3
DEST ?=
ARGS ?=
PYTEST_ARGS ?=
TREES ?=

.PHONY: new test lint types bench adopt-trees docs snapshots release-tags clean

new: .venv/installed
	@test -n "$(DEST)" || { echo >&2 "DEST is missing. Example: make new DEST=../my-service"; exit 2; }
	@.venv/bin/startos-wrapper new "$(DEST)" $(ARGS)

test: lint types
	.venv/bin/pytest -n auto --dist loadgroup $(PYTEST_ARGS)

lint: .venv/installed-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: .venv/installed-dev
	.venv/bin/mypy

bench: .venv/installed-dev
	@.venv/bin/python -m tests.bench.bench $(ARGS)

adopt-trees: .venv/installed-dev
	@test -n "$(TREES)" || { echo >&2 'TREES is missing. Example: make adopt-trees TREES="../one ../two"'; exit 2; }
	@.venv/bin/python -m tests.adopt.whole_trees $(TREES)

docs: .venv/installed-dev
	.venv/bin/python docs/questions.py
	.venv/bin/python docs/answers.py
	.venv/bin/python docs/rules.py
	.venv/bin/python -m docs.adopt_table

snapshots: .venv/installed-dev
	.venv/bin/python -m tests.snapshots.make

# Needs nothing but Python and git.
release-tags:
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

clean:
	rm -rf .venv .tools .mypy_cache .pytest_cache .ruff_cache .hypothesis dist
