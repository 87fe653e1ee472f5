# `make demo` and `make test` are all a fresh machine needs. Everything is installed into .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: help demo test check format bench far lab text how-small clean

help:
	@echo "make demo    install, train a small model, grade it, write its report"
	@echo "make test    install what tests need, and run them"
	@echo "make check   ruff, mypy"
	@echo "make format  put the code into the house's form"
	@echo "make bench   measure everything on this machine into docs/performance.md; NANOGPT=FOLDER compares with it"
	@echo "make far     train on short problems, ask long ones, write docs/far.md; four hours, goes on where it stopped"
	@echo "make lab     compare kinds of models at the same size and time, write docs/lab.md; goes on where it stopped"
	@echo "make how-small  search the smallest models that calculate, write docs/how-small.md; goes on where it stopped"
	@echo "make text    train models of text, write docs/text.md; ABACIST_DATA names the texts, NANOGPT and WEIGHTS folders"
	@echo "make clean   remove .venv and caches; runs/ stays"

demo: $(VENV)/installed
	$(BIN)/abacist train demo

test: $(VENV)/installed-test
	$(BIN)/pytest -n auto

check: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed-test
	$(BIN)/abacist bench --json docs/performance.json --page docs/performance.md $(if $(NANOGPT),--nanogpt "$(NANOGPT)")

far: $(VENV)/installed
	$(BIN)/python scripts/far.py

lab: $(VENV)/installed
	$(BIN)/python scripts/lab.py
	$(BIN)/python scripts/units.py

how-small: $(VENV)/installed
	$(BIN)/python scripts/how-small.py

text: $(VENV)/installed
	$(BIN)/python scripts/text.py $(if $(NANOGPT),--nanogpt "$(NANOGPT)") $(if $(WEIGHTS),--weights "$(WEIGHTS)")

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "abacist needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "Python cannot make $(VENV); on Debian and Ubuntu: apt install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	$(BIN)/python -m compileall -q src  # so that the first start is quick too
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,check]'
	@touch $@
