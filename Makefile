# make demo: try it. make test: all tests. make check: what CI runs.
PYTHON ?= python3
BIN := .venv/bin
PYTEST := $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: demo test check format docs tables goldens bench engines clean

demo: .venv/ready
	@rm -rf demo.duckdb demo.duckdb.wal demo.duckdb.sqlml
	$(BIN)/sqlml run --db demo.duckdb examples/sql/iris.sql
	$(BIN)/sqlml run --db demo.duckdb examples/sql/churn.sql
	@echo
	@echo "Once more: what has not changed is not run again."
	$(BIN)/sqlml run --db demo.duckdb examples/sql/churn.sql
	$(BIN)/sqlml models --db demo.duckdb

test: .venv/ready
	$(PYTEST)

check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST)

format: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/ready
	$(BIN)/python -m sqlml.documentation docs

# The parser's tables, after a change of sqlml/grammar/sqlml.lark.
tables: .venv/ready
	$(BIN)/python -m sqlml.grammar.tables

# What engines are given for examples/workflows, after a change that is meant.
goldens: .venv/ready
	SQLML_GOLDENS=write $(BIN)/pytest tests/codegen/test_goldens.py

bench: .venv/ready
	$(BIN)/python benchmarks/run.py

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

# Airflow and Kubeflow, each with libraries of its own; the tests of these engines run there.
engines: .envs/airflow/ready .envs/kfp/ready

.envs/%/ready: envs/%.lock
	$(PYTHON) -m venv .envs/$*
	.envs/$*/bin/python -m pip install --quiet --requirement $<
	touch $@

clean:
	rm -rf .venv .envs build dist *.egg-info demo.duckdb demo.duckdb.wal demo.duckdb.sqlml
