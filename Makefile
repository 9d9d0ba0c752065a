# What can be done here. `make` alone lists it. Kept to GNU make 3.81 (macOS).
SHELL = /bin/sh
PORT ?= 8000
SECONDS = 120
PY = .venv/bin/python
LOCKED = .python-version bin/bootstrap
COMPILE = uv pip compile -q pyproject.toml --universal -p 3.13 --generate-hashes --no-emit-index-url --no-header --no-annotate

export PORT
# Where it is set, every process would compile all of our modules again.
unexport PYTHONDONTWRITEBYTECODE
ifdef TIPSTAFF_HOME
export TIPSTAFF_HOME
endif

# A .venv whose python has gone (an interpreter was removed) is made again.
$(shell [ -x $(PY) ] || rm -f .venv/.stamp-run .venv/.stamp-dev)

.PHONY: help run test check lock faults bench messages reference fmt clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-9s %s\n", $$1, $$2}' Makefile

run: .venv/.stamp-run  ## start everything on this machine with demo data (PORT=8000, TIPSTAFF_HOME=.tipstaff)
	@exec $(PY) -P tipstaff/demo/__main__.py

test: .venv/.stamp-dev  ## all tests but the fault tests
	@$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: .venv/.stamp-dev  ## format, lint, types, import contracts, migrations, templates, dependencies, translations, settings
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@TESTING=1 .venv/bin/mypy .
	@.venv/bin/lint-imports
	@TESTING=1 $(PY) manage.py makemigrations --check --dry-run
	@find . -name '*.html' -path '*/templates/*' -not -path './.*' -exec .venv/bin/djade --check --target-version 6.1 {} +
	@.venv/bin/deptry .
	@$(PY) -m tipstaff.translations --check
	@TESTING=1 $(PY) manage.py check
	@TESTING=1 $(PY) manage.py reference --check

lock: .venv/.stamp-dev  ## resolve pyproject.toml anew into the three locks
	@PATH="$(CURDIR)/.tools/uv/bin:$(CURDIR)/.tools/venv/bin:$$PATH"; export PATH; \
	$(COMPILE) --upgrade --group local -o requirements.lock && \
	$(COMPILE) --upgrade --group dev -c requirements.lock -o requirements-dev.lock && \
	$(COMPILE) --upgrade -c requirements.lock -o requirements-production.lock
	@! grep -n '://' requirements*.lock || { echo "A lock names an address: it must not." >&2; exit 1; }

faults: .venv/.stamp-dev  ## kill parts at random for SECONDS=120 and look for anything lost
	@FAULT_SECONDS=$(SECONDS) $(PY) -m pytest tests/faults

bench: .venv/.stamp-dev  ## measure a sweep of a million clocks and the desk with a million cases (tests/bench/README.md)
	@$(PY) -m tests.bench.sweep
	@$(PY) -m tests.bench.desk

messages: .venv/.stamp-dev  ## bring the catalogues in locale/ up to date with what the source says
	@$(PY) -m tipstaff.translations

fmt: .venv/.stamp-dev  ## format code and templates
	@.venv/bin/ruff check -q --fix . || true
	@.venv/bin/ruff format -q .
	@find . -name '*.html' -path '*/templates/*' -not -path './.*' -exec .venv/bin/djade --target-version 6.1 {} + || true

reference: .venv/.stamp-dev  ## write docs/reference/ from the code
	@TESTING=1 $(PY) manage.py reference

clean:  ## remove caches, .venv and .tools; the data in .tipstaff stays
	@rm -rf .venv .tools .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis test-results
	@find . -name __pycache__ -type d -not -path './.tipstaff/*' -prune -exec rm -rf {} +

# One .venv serves both locks. The development lock contains the other, so once it is in, `run` keeps it.
.venv/.stamp-run: requirements.lock $(LOCKED)
	@[ -x $(PY) ] || rm -rf .venv
	@lock=requirements.lock; if [ -x .venv/bin/pytest ]; then lock=requirements-dev.lock; fi; \
	echo "Installing what $$lock names …"; bin/bootstrap $$lock
	@touch $@

.venv/.stamp-dev: requirements-dev.lock $(LOCKED)
	@[ -x $(PY) ] || rm -rf .venv
	@echo "Installing what requirements-dev.lock names …"; bin/bootstrap requirements-dev.lock
	@touch .venv/.stamp-run $@
