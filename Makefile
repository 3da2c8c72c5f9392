.DEFAULT_GOAL := help
.PHONY: help setup benchmark report submission portfolios performance test torture lint clean
SHELL := /bin/sh
BIN := .venv/bin
READY := .venv/ready

help: ## list the verbs
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

setup: $(READY) ## make .venv with everything the project needs

$(READY): pyproject.toml constraints.txt
	@python=$$(sh tools/find-python) && echo "Setting up .venv with $$python" && $$python -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,lint]'
	@touch $(READY)

benchmark: $(READY) ## five tuned estimators on MNIST, some ten minutes, then the report
	@$(BIN)/crossover run quick

report: $(READY) ## write the report of runs/quick again
	@$(BIN)/crossover report runs/quick

submission: $(READY) ## a Kaggle Digit Recognizer submission from train.csv
	@$(BIN)/crossover run kaggle
	@$(BIN)/crossover submit runs/kaggle --out submission.csv
	@$(BIN)/crossover check-submission submission.csv

portfolios: $(READY) ## learn which settings to try first, on the data sets at hand; up to ten hours, goes on where it stopped
	@$(BIN)/python -m benchmarks.portfolios learn --hours 10

performance: $(READY) ## speed, measured side by side, some minutes; writes benchmarks/performance/RESULTS.md
	@$(BIN)/python -m benchmarks.performance

test: $(READY) ## every test that needs no network, two at a time
	@$(BIN)/python -m pytest -n 2 --dist loadfile

torture: $(READY) ## hostile inputs, a hundred kills, a thousand trials, memory and speed of workers, SLURM, thousands of simulated leaderboards; long
	@$(BIN)/python -m pytest -m torture tests

lint: $(READY) ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

clean: ## remove .venv and caches; runs/ stays
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
