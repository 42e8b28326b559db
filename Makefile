# Every target forwards: what it does, and its --help, are the command line's (`make help`).
# The first one sets up .venv from a hashed lock; after that it only compares.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
ENTER = PYTHONPATH=harness $(PYTHON) -m matterzoo_harness.bootstrap
ZOO = $(ENTER) matterzoo

# make run MODEL=chgnet-0.3.0 INPUT=my.cif OUT=results RUNTIME=docker DEVICE=cuda ARGS="--json"
given = $(if $($(1)),$(2) "$($(1))")
OPTIONS = $(call given,OUT,--out) $(call given,RUNTIME,--runtime) $(call given,DEVICE,--device) $(ARGS)

.PHONY: help run embed gather list info lock fetch build check golden doctor metrics study test test-fast lint clean
.PHONY: archive verify restore diff cite df gc

help:
	@$(ZOO) --help
run:
	@$(ZOO) run "$(MODEL)" $(INPUT) $(OPTIONS)
embed:
	@$(ZOO) embed $(INPUT) $(call given,MODELS,--models) $(OPTIONS)
gather metrics:
	@$(ZOO) $@ $(DIR) $(ARGS)
study:
	@$(ZOO) study run "$(STUDY)" $(OPTIONS)
doctor:
	@$(ZOO) $@ $(ARGS)
list info lock fetch build:
	@$(ZOO) $@ $(MODEL) $(ARGS)
check:
	@$(ZOO) check $(MODEL) $(call given,RUNTIME,--runtime) $(call given,DEVICE,--device) $(ARGS)
golden:
	@$(ZOO) $@ "$(MODEL)" $(call given,RUNTIME,--runtime) $(call given,DEVICE,--device) $(ARGS)
# make archive MODEL="chgnet-0.3.0 soap" OUT=chgnet.tar; make verify ARCHIVE=chgnet.tar; make diff A=one B=another
archive:
	@$(ZOO) archive $(MODEL) $(call given,OUT,--out) $(ARGS)
verify:
	@$(ZOO) verify "$(ARCHIVE)" $(ARGS)
restore:
	@$(ZOO) restore "$(ARCHIVE)" $(call given,RUNTIME,--runtime) $(ARGS)
diff:
	@$(ZOO) diff "$(A)" "$(B)" $(ARGS)
cite:
	@$(ZOO) cite $(MODEL) $(ARGS)
df gc:
	@$(ZOO) $@ $(ARGS)
test:
	@$(ENTER) --tests python tests/run.py $(ARGS)
test-fast:
	@$(ENTER) --tests python tests/run.py --fast $(ARGS)
lint:
	@$(ENTER) --tests python tests/lint.py $(ARGS)
clean:
	rm -rf .venv dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
