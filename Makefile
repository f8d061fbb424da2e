# The index of what can be done here: `make` prints it. Every target can be repeated, and starts from any state.
# GNU make 3.81 (macOS) and POSIX sh are enough; .ci/environment.sh makes the environment.

PYTHON ?=
UV ?= uv
WHEELS ?=
ARGS ?=
UPGRADE ?=
export PYTHON UV WHEELS
# The environment is the locked one, whatever the shell around it has on its path.
unexport PYTHONHOME PYTHONPATH

BIN := .venv/bin
DEMO := outputs/_data/demo/truth.json
DEMO_SOURCES := $(wildcard bizops/sources/demo/*.py bizops/sources/demo/*/*.py bizops/schema/*.py)
# One lock for every Python and system; one version of each package, so that the digits are the same everywhere.
COMPILE := pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

.PHONY: help report test lab check bench docs setup setup-test lock wheels clean
.NOTPARALLEL:

help: ## print this list
	@echo "make TARGET [PYTHON=python3.12] [WHEELS=folder] [UV=]"
	@echo
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  %-8s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  PYTHON   the Python to use (3.11 to 3.13; default: the newest on PATH)"
	@echo "  WHEELS   a folder of wheels: sets up without network (make wheels fills one)"
	@echo "  UV       empty: set up with venv and pip even if uv is there"
	@echo "  ARGS     more arguments, for example: make test ARGS=\"-k qbr\""

report: setup $(DEMO) ## set up, build the demo company, run every report and say where the pages are
	@code=0; $(BIN)/bizops run --all $(ARGS) || code=$$?; \
	if [ -f outputs/index.html ]; then printf '\nAll pages: %s\n' "$$(pwd)/outputs/index.html"; fi; \
	exit $$code

test: setup-test ## set up and run the tests
	@$(BIN)/python -m pytest -n 2 $(ARGS)

lab: setup $(DEMO) ## open JupyterLab, kernel and demo data ready
	@JUPYTER_PREFER_ENV_PATH=1 $(BIN)/jupyter lab $(ARGS)

check: setup-test ## lint, formatting, types and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/test_architecture.py

bench: setup-test ## run every benchmark and print its table
	@code=0; for file in benchmarks/[a-z]*.py; do \
	  printf '\n%s\n' "$$file"; $(BIN)/python "$$file" $(ARGS) || code=1; \
	done; exit $$code

docs: setup ## write the generated pages of docs/, and the texts that the catalogues of languages lack
	@$(BIN)/python docs/catalogue.py
	@$(BIN)/python docs/messages.py

setup: ## make or mend .venv, nothing else
	@sh .ci/environment.sh run

setup-test:
	@sh .ci/environment.sh test

lock: ## resolve both locks anew from pyproject.toml (needs uv; UPGRADE=1 for newer versions)
	@$(UV) $(COMPILE) --output-file requirements.lock pyproject.toml
	@$(UV) $(COMPILE) --output-file tests/requirements.lock --extra test --constraints requirements.lock pyproject.toml
	@sh .ci/environment.sh test
	@$(BIN)/python -m pytest -q tests/test_packaging.py

wheels: ## download the wheels of both locks into WHEELS (default: wheels/)
	@sh .ci/environment.sh wheels

clean: ## remove .venv, caches and builds; outputs/ stays, it is the record of your runs
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find bizops tests benchmarks -type d -name __pycache__ -prune -exec rm -rf {} +

$(DEMO): $(DEMO_SOURCES) | setup
	@$(BIN)/bizops demo
	@touch -c $@
