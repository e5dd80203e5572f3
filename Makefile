# Everything a checkout needs. `make demo` and `make test` work on a machine that has only Python >= 3.11, make and
# package installation: the environment is made on first use and made again when what it depends on changes.

EXCHANGE ?= binance
VENV := .venv
BIN := $(VENV)/bin
PROJECTS := . helix_binance helix_kraken
EXTRAS := plugins/helix-risk-extras
READY := $(VENV)/ready
DIST := dist

# Sets $python to the first that is new enough and can make environments, or says what is missing.
FIND_PYTHON = for python in $(or $(PYTHON),python3.11 python3 python3.12 python3.13 python); do \
	"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && break; python=; done; \
	[ -n "$$python" ] || { echo "Helix needs Python 3.11 or newer with venv and pip (on Debian: python3 and python3-venv)." \
	"If it is not on the path: make PYTHON=/path/to/python3.11" >&2; false; }

.DEFAULT_GOAL := help
.PHONY: help demo test deep proof bench audit lint typecheck format unit lock wheels release-check image units docs clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## play real candles against the bot, from alert to message (EXCHANGE=binance)
	@$(BIN)/helix demo --exchange $(EXCHANGE)

test: lint typecheck unit ## everything that must hold before a commit

lint: $(READY) ## style, formatting and the floors of the house
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports --no-logo

typecheck: $(READY) ## mypy, strict
	@$(BIN)/mypy

unit: $(READY) ## all tests; ARGS='-k words' narrows
	@$(BIN)/pytest -n 5 --dist worksteal $(ARGS)

deep: $(READY) ## the long tests that `make test` leaves out
	@$(BIN)/pytest -n 4 --dist worksteal -m deep $(ARGS)

proof: $(READY) ## half an hour of simulated faults, crashes and kills; writes docs/proof.md (HOURS=8 goes on longer)
	@$(BIN)/helix-sim proof $(if $(HOURS),--hours $(HOURS),--minutes 30) --out docs/proof.md

bench: $(READY) ## measure how fast Helix is, beside others, in one table; needs a quiet machine (docs/performance.md)
	@$(BIN)/python benchmarks/bench.py

audit: $(READY) ## ask OSV about known vulnerabilities of the pinned dependencies
	@$(BIN)/python .ci/audit.py $(ARGS)

image: ## check all files of deploy/, build the image and try it out (needs docker or podman)
	@deploy/check-files.sh
	@deploy/check-image.sh

units: ## install the units under a live systemd, as docs/systemd.md says, and try them (needs podman)
	@deploy/check-units.sh

docs: $(READY) build/docs-tools/ready ## write the pages that come from code, and make the site; a broken link fails
	@$(BIN)/python docs/making/settings_page.py
	@$(BIN)/python docs/making/commands_page.py
	@build/docs-tools/bin/python docs/making/site.py

format: $(READY) ## put the code into the house's format
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

lock: ## write requirements.txt anew from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: python3 -m pip install uv" >&2; exit 1; }
	@env -u PIP_FIND_LINKS -u UV_FIND_LINKS uv pip compile --quiet --upgrade --universal --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --python-version 3.11 --extra ccxt --group dev \
		--output-file requirements.txt pyproject.toml
	@env -u PIP_FIND_LINKS -u UV_FIND_LINKS uv pip compile --quiet --upgrade --universal --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --python-version 3.11 --group release --output-file deploy/release-tools.txt
	@env -u PIP_FIND_LINKS -u UV_FIND_LINKS uv pip compile --quiet --upgrade --universal --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --python-version 3.11 --group docs --output-file docs/making/tools.txt
	@for list in "flask flask ccxt" "freqtrade freqtrade" "pulse pulse-tradingview pulse-binance" "profiler py-spy"; do \
		set -- $$list; name=$$1; shift; printf '%s\n' "$$@" | env -u PIP_FIND_LINKS -u UV_FIND_LINKS uv pip compile --quiet --upgrade \
		--universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 \
		--output-file benchmarks/$$name.txt - || exit 1; done
	@echo "requirements.txt: $$(grep -c == requirements.txt) pins; deploy/release-tools.txt: $$(grep -c == deploy/release-tools.txt)"

wheels: $(READY) ## build the wheels of all distributions into dist/
	@for project in $(PROJECTS) $(EXTRAS); do $(BIN)/python -m build --wheel --no-isolation --outdir $(DIST) $$project >/dev/null || exit 1; done
	@ls $(DIST)/*.whl

release-check: $(READY) ## build what is published into dist/ and try it out on each Python (docs/releasing.md)
	@deploy/check-release.sh

clean: ## remove what was built, the environment too; never data/ or logs/
	@rm -rf $(VENV) $(DIST) build site .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment runs the code of the folder it was made in: in a copy, or under another name, it is made anew.
MADE_IN := $(shell cat $(READY) 2>/dev/null)
ifneq ($(MADE_IN),$(if $(MADE_IN),$(CURDIR)))
$(shell rm -f $(READY))
endif

# The stamp goes first and comes back last: a set-up that was interrupted starts from nothing the next time.
$(READY): requirements.txt pyproject.toml helix_binance/pyproject.toml helix_kraken/pyproject.toml
	@echo "Setting up $(VENV), once: a minute or two ..."
	@if ! { [ -f $@ ] && $(BIN)/pip --version >/dev/null 2>&1; }; then $(FIND_PYTHON) && $$python -m venv --clear $(VENV); fi
	@rm -f $@
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes --requirement requirements.txt || { \
	echo "The packages of requirements.txt could not be installed: see above. They are fetched once, from the internet;" \
	"behind a proxy, set HTTPS_PROXY first. Then type the same again." >&2; false; }
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation $(PROJECTS:%=--editable %)
	@echo "$(CURDIR)" > $@

# What makes the site is kept out of the bot's own environment.
build/docs-tools/ready: docs/making/tools.txt $(READY)
	@$(BIN)/python -m venv --clear build/docs-tools
	@build/docs-tools/bin/pip install -qq --disable-pip-version-check --require-hashes --requirement docs/making/tools.txt
	@touch $@
