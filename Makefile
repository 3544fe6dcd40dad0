# One command for each thing a contributor does. All that is needed is make and Python 3.11 or newer; everything else
# is installed into .venv, from the lock file. `make test PYTHON=python3.12` uses another Python.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV ?= .venv
LOCK := requirements/dev.lock
MODERN := import sys; sys.exit(sys.version_info < (3, 11))
# The first Python that is new enough. Each candidate is run, because a version manager's shim may exist without one.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c '$(MODERN)' 2>/dev/null && echo $$python && break; done)
BIN := $(abspath $(VENV))/bin
# The name of the Python is part of the stamp: another PYTHON makes a new environment.
STAMP := $(VENV)/.installed-$(notdir $(PYTHON))
IN_VENV := PATH="$(BIN):$$PATH"
SCRIPTS := .ci/run demo/run.sh tools/get-go-tool tools/get-livekit-server
# The programs; tests do on purpose what it warns of.
BANDIT := bandit --quiet --configfile pyproject.toml --recursive reconciler benchmarks demo deploy tools .github/actions
PYTEST_ARGS ?=
BENCH_ARGS ?=
# What is locked: the package, its extras that tests or type checks touch, and the tools.
LOCKED := --all-extras --group dev
# What the container image has: the package with all that it can do at run time. Its versions are those that were tested.
SHIPPED := $(addprefix --extra ,metrics notify postgresql serve write-back)
BACKEND := import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet

# An environment that no lock file describes: what a resolver finds today within the bounds of pyproject.toml.
define resolve
command -v uv >/dev/null || { echo "uv is needed: python3 -m pip install uv" >&2; exit 1; }; \
rm -rf $(1) && uv venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(1) && \
uv pip install --quiet --python $(1)/bin/python --resolution $(2) -e '.[docs,metrics,notify,serve,postgresql,write-back]' && \
uv pip install --quiet --python $(1)/bin/python --group dev
endef

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1\t\2/' | \
		while IFS=$$'\t' read -r name text; do printf '  make %-9s %s\n' "$$name" "$$text"; done

.PHONY: install
install: $(STAMP) ## make .venv with everything in it

# Always from nothing, so that what was installed earlier cannot hide a missing line in the lock file. uv does in two
# seconds what pip does in thirty, and is used where it is at hand.
$(STAMP): $(LOCK) pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or name it: make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c '$(MODERN)' || { echo "$(PYTHON) does not run, or is older than 3.11" >&2; exit 1; }
	@echo "installing into $(VENV) from $(LOCK)"
	@rm -rf "$(VENV)"
	@if command -v uv >/dev/null; then \
		export UV_PYTHON_DOWNLOADS=never; \
		uv venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" "$(VENV)"; \
		uv pip install --quiet --compile-bytecode --python "$(BIN)/python" --require-hashes -r $(LOCK); \
		uv pip install --quiet --python "$(BIN)/python" --no-deps --no-build-isolation -e .; \
	else \
		$(PYTHON) -m venv "$(VENV)"; \
		"$(BIN)/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK); \
		"$(BIN)/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	fi
	@"$(BIN)/python" -m compileall -q reconciler # once, and not by every process that a test starts
	@touch "$@"

.PHONY: demo
demo: $(STAMP) ## validate, plan, apply, drift: the whole tour against the emulator
	@$(IN_VENV) bash demo/run.sh

.PHONY: test
test: $(STAMP) ## run all tests (PYTEST_ARGS="-k drift" narrows them down)
	@$(IN_VENV) pytest -n auto --dist worksteal $(PYTEST_ARGS)

.PHONY: soak
soak: $(STAMP) ## the long runs of the tests marked soak: hours; their figures go into docs/reliability.md
	@$(IN_VENV) RECONCILE_SOAK=1 RECONCILE_FIGURES=docs/assets/reliability.json pytest -m soak --timeout 7200 $(PYTEST_ARGS)
	@$(IN_VENV) python -m tools.reliability

.PHONY: docs
docs: $(STAMP) ## build the documentation site into site/, warnings as errors
	@$(IN_VENV) NO_MKDOCS_2_WARNING=1 mkdocs build --strict
	@echo "site/index.html: look at it with python3 -m http.server --bind 127.0.0.1 --directory site"

.PHONY: lint
lint: $(STAMP) ## style, format, types, and who may import whom
	@export $(IN_VENV); failed=; \
	for check in "ruff check" "ruff format --check" mypy "lint-imports --no-logo" "$(BANDIT)" "shellcheck $(SCRIPTS)"; do \
		echo "--- $$check"; $$check || failed="$$failed '$$check'"; \
	done; \
	test -z "$$failed" || { echo "lint: failed:$$failed" >&2; exit 1; }

.PHONY: format
format: $(STAMP) ## let ruff mend what it can
	@$(IN_VENV) ruff check --fix
	@$(IN_VENV) ruff format

.PHONY: bench
bench: $(STAMP) ## speed and memory beside bare scripts (needs a real server; BENCH_ARGS=--help)
	@$(IN_VENV) python -m benchmarks $(BENCH_ARGS)

.PHONY: lowest
lowest: ## run the tests with the oldest dependencies that pyproject.toml allows (needs uv)
	@$(call resolve,.venv-lowest,lowest-direct)
	@PATH="$(abspath .venv-lowest)/bin:$$PATH" pytest -n auto --dist worksteal --ignore tests/project $(PYTEST_ARGS)

# What the next `make lock` would bring: the tests on it, and nothing that stays.
.PHONY: newest
newest: ## run the tests with the newest dependencies that pyproject.toml allows (needs uv)
	@$(call resolve,.venv-newest,highest)
	@PATH="$(abspath .venv-newest)/bin:$$PATH" pytest -n auto --dist worksteal --ignore tests/project $(PYTEST_ARGS)

# Asks a database of vulnerabilities over the network, so it is no part of `make lint` and of .ci/run. The other lock
# files are parts of this one.
.PHONY: audit
audit: $(STAMP) ## is anything known against a version in the lock files? (over the network)
	@$(IN_VENV) pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r $(LOCK)

.PHONY: release
release: $(STAMP) ## make wheel, sdist, bill of materials and checksums in dist/, the same bytes everywhere
	@rm -rf dist
	@$(IN_VENV) python -m tools.release dist

.PHONY: lock
lock: ## resolve the dependencies anew into requirements/ (needs uv)
	@command -v uv >/dev/null || { echo "uv is needed: python3 -m pip install uv" >&2; exit 1; }
	$(COMPILE) pyproject.toml $(LOCKED) --upgrade -o $(LOCK)
	$(COMPILE) pyproject.toml $(SHIPPED) -c $(LOCK) -o requirements/container.lock
	$(PYTHON) -c '$(BACKEND)' | $(COMPILE) - -c $(LOCK) -o requirements/build.lock

.PHONY: clean
clean: ## remove what the other targets made
	rm -rf "$(VENV)" .venv-lowest .venv-newest build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
