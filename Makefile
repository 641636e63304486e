# Every target works in a fresh clone: it installs what it needs first, once.
#   make demo               everything on this machine, with a sample      make demo ARGS=--check
#   make sql                a SQL prompt on the running demo
#   make test               all tests, on real servers                    make test ARGS="-k webhook"
#   make check              style, types, and the types of the Apps Script files
#   make soak N=1000000     that many scenarios of the simulation, on all cores
#   make chaos              kills, outages, full disks, purged binlogs under load; ARGS="--kills 500", --help
#   make edits N=10000      that many edits each way on the running stack, each counted on the other side
#   make schema             what schema changes do, on MariaDB in the place of MySQL
#   make bench              what it costs, on this machine
#   make overload           far more changes than Google lets through, for a minute
#   make large              a copy of 100,000 rows each way: time beside Google's own floor, and memory
#   make many               200 links in one installation: a start, what rest costs, and an edit
#   make pages              the console with a million entries and 200 links: answers, memory, processor
#   make history            ten million entries of history: how long each kind of search takes
#   make clean              caches; make distclean: downloads, environment and the demo's data, too

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p > /dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; done)
BIN := .venv/bin
ARGS ?=
# Files of tests that run at the same time, each worker on servers of its own (about 2 GB).
WORKERS ?= 2
# Without bytecode each of our many processes would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := demo
.PHONY: demo up sql test soak chaos edits schema check bench overload large many history pages install install-tests clean distclean

install:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed. Install it, or name it: make PYTHON=..."; exit 2; }
	@$(PYTHON) -m sandbox.stack.bootstrap

install-tests:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed. Install it, or name it: make PYTHON=..."; exit 2; }
	@$(PYTHON) -m sandbox.stack.bootstrap --tests

demo: install
	@$(BIN)/twinsheet demo $(ARGS)

up: install
	@$(BIN)/twinsheet up $(ARGS)

sql: install
	@$(BIN)/twinsheet sql $(ARGS)

test: install-tests
	$(BIN)/pytest -n $(WORKERS) --dist loadfile $(ARGS)

soak: install-tests
	$(BIN)/python -m tests.simulation --count $(or $(N),100000) --first $(or $(FIRST),1000000)

chaos: install-tests
	$(BIN)/python -m tests.chaos $(ARGS)

edits: install-tests
	TWINSHEET_EDITS_EACH_WAY=$(or $(N),10000) $(BIN)/pytest tests/e2e/test_main_job_counts.py -k echo $(ARGS)

schema: install-tests
	TWINSHEET_SCHEMA_SERVER=mariadb $(BIN)/pytest tests/e2e/test_main_job_schema.py $(ARGS)

check: install-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m sandbox.script.typecheck

bench: install-tests
	$(BIN)/python -m benchmarks $(ARGS)

overload: install-tests
	$(BIN)/python -m benchmarks.overload $(ARGS)

large: install-tests
	$(BIN)/python -m benchmarks.large $(ARGS)

many: install-tests
	$(BIN)/python -m benchmarks.many $(ARGS)

pages: install-tests
	$(BIN)/python -m benchmarks.pages $(ARGS)

history: install-tests
	$(BIN)/python -m benchmarks.history $(ARGS)

clean:
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis build
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

distclean: clean
	@! test -e .twinsheet/stack.json || { echo "Stop the demo first."; exit 2; }
	rm -rf .venv .downloads .twinsheet *.egg-info
