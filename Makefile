PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
RUNS ?= $(or $(UDVIZ_RUNS),runs)

.PHONY: app test quick check bench chromium

app: $(VENV)/.app  ## Install, train the demo study if there is no study yet, open the app.
	@ls $(RUNS)/*/study.toml >/dev/null 2>&1 || $(BIN)/python -m pipelines.study --recipe demo
	$(BIN)/streamlit run app.py

test: check chromium  ## Install, lint, check types, run every test (real data: UDVIZ_REAL_DATA).
	$(BIN)/python -m pytest

quick: $(VENV)/.dev  ## The tests without training, browser and installing: for while you change code.
	$(BIN)/python -m pytest -q -m "not training and not browser and not package"

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

$(VENV)/.app: requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet -r requirements-dev.txt
	@touch $(VENV)/.app $@
