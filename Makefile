PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
RUNS ?= $(or $(UDVIZ_RUNS),runs)

.PHONY: app test quick check bench chromium lock audit

app: $(VENV)/.app  ## Install, train the demo study if there is no study yet, open the app.
	@ls $(RUNS)/*/study.toml >/dev/null 2>&1 || $(BIN)/python -m pipelines.study --recipe demo
	$(BIN)/streamlit run app.py

test: check chromium  ## Install, lint, check types, run every test, three files at a time (real data: UDVIZ_REAL_DATA).
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

quick: $(VENV)/.dev  ## For while you change code: no training, browser, page, launch, attack or wheel.
	$(BIN)/python -m pytest -q -m "not training and not browser and not package and not slow" \
		$(addprefix --ignore tests/,pages launching security)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.dev  ## Every ratio of docs/benchmarks.md, rivals in the same run.
	@for script in tests/benchmarks/bench_*.py; do \
		$(BIN)/python -m $$(echo $${script%.py} | tr / .) || exit 1; done

chromium:  ## The browser tests drive the system's Chromium.
	@sh tests/browser/find_chromium.sh

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: requirements.lock | $(VENV)/bin/python
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(VENV)/bin/python
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $(VENV)/.app $@

lock:  ## Pin everything that is installed, with hashes (needs uv: pip install uv).
	@for name in requirements requirements-dev; do \
		uv pip compile $$name.txt -o $$name.lock --quiet --universal --generate-hashes \
			--python-version 3.11 --custom-compile-command "make lock" || exit 1; done

audit:  ## Known security advisories of what is pinned (needs pip-audit, and the network).
	pip-audit --require-hashes --disable-pip -r requirements-dev.lock
