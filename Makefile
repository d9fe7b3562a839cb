# One command for everything. `make` alone says which.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
UV_VERSION := $(shell sed -n 's/^uv==//p' constraints.txt)
PY := .venv/bin/python
DEMO_PY := .venv-demo/bin/python
TYPED := $(wildcard crds operator trainer predict report storage server migrate labels shelf hack bench tests)

.PHONY: help
help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-21s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo demo-down
demo: .venv-demo/.stamp ## Train and evaluate a classifier and a detector on a real cluster (CONTEXT=name for your own)
	@$(DEMO_PY) -m hack.demo

demo-down: .venv-demo/.stamp ## Take the demo away again
	@$(DEMO_PY) -m hack.demo down

.PHONY: local
local: .venv/.stamp ## Run the same manifests in one process, without a cluster; results in out/
	@.venv/bin/darkroom samples digits --to examples/local/data/digits
	@.venv/bin/darkroom samples photos --to examples/local/data/photos
	@.venv/bin/darkroom run -f examples/local --output out

.PHONY: browser
browser: .venv/.stamp ## Install what the browser tests need and is missing: Chromium and axe-core
	@$(PY) -m hack.browser

.PHONY: azurite
azurite: .venv/.stamp ## Install the Azurite of the tests of Azure Blob, from npm (1 min once)
	@$(PY) -m hack.azurite

.PHONY: label-studio
label-studio: .venv/.stamp ## Install the Label Studio of the tests of labelling, in an environment of its own (1 min once)
	@$(PY) -m hack.label_studio

.PHONY: test test-all test-unit test-fast verify generate
# Tests that need no cluster run on all CPUs while a machine that lacks one builds it; a cluster's come last, alone.
SIDE_BY_SIDE := -n auto --maxprocesses 8 --no-loadscope-reorder
test: .venv/.stamp browser ## Run the tests, on a local cluster that is started if it does not run
	@$(PY) -m hack.azurite & $(PY) -m hack.localcluster all & $(PY) -m pytest $(SIDE_BY_SIDE) tests

test-all: export DARKROOM_FREEZE_SECONDS := 300
test-all: export DARKROOM_OUTAGE_SECONDS := 90
test-all: export DARKROOM_SLOWDOWN_SECONDS := 120
test-all: .venv/.stamp browser label-studio ## Run every test, with the faults that take minutes each and the long freeze and outage
	@$(PY) -m hack.azurite & $(PY) -m hack.localcluster all & $(PY) -m pytest $(SIDE_BY_SIDE) tests -m 'extended or not extended'

test-unit: .venv/.stamp azurite ## Run the tests that need no cluster
	@$(PY) -m pytest $(SIDE_BY_SIDE) tests/unit tests/contract tests/fuzz

# Of the folders of pure code, the files that need torch, speak HTTP or wait are left out by name. In one process: two
# would each import all of it.
FAST := tests/contract $(addprefix tests/unit/,crds hack operator trainer/metrics trainer/search)
NOT_FAST := test_cluster_reads test_cluster_writes test_election test_handlers test_health_replicas \
	test_kopf_workaround test_progress test_runtime test_workqueue
test-fast: .venv/.stamp ## Run the tests of pure code: decisions, manifests, contract, metrics, search, tools (20 s)
	@$(PY) -m pytest -p tests.without_torch -n 0 $(NOT_FAST:%=--ignore-glob='*/%.py') $(FAST)

verify: .venv/.stamp ## Format, lint, types, import rules, sizes, prose, generated files, chart and manifests
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy $(TYPED)
	.venv/bin/lint-imports --no-logo --no-cache
	$(PY) -m hack.tools.check_sizes
	$(PY) -m hack.tools.check_prose
	$(PY) -m hack.tools.generate --check
	.venv/bin/yamllint --strict .
	$(PY) -m hack.tools.check_chart

generate: .venv/.stamp ## Write the CRDs, the chart's schema and README and the reference pages
	@$(PY) -m hack.tools.generate

.PHONY: images cluster bench bench-operator bench-budget soak
images: .venv/.stamp ## Build the operator's and the trainer's image and load them into the local cluster
	@$(PY) -m hack.localcluster images

cluster: .venv/.stamp ## Start the local cluster, with both images
	@$(PY) -m hack.localcluster all

bench: bench-operator bench-budget bench-trainer bench-fewshot bench-curve bench-random-budgets ## Run every benchmark (13 h)

.PHONY: bench-trainer
bench-trainer: .venv/.stamp ## Measure the training loop and frozen features: speed, memory, growth (9 min; ARGS=--quick for less)
	@$(PY) -m bench.trainer $(ARGS)

bench-operator: .venv/.stamp ## The operator on 1,000 Models at once beside bare kopf, and its start beside 1,000 and 10,000 (25 min; ARGS="--kept" for less)
	@$(PY) -m hack.localcluster build
	@$(PY) -m bench.operator $(ARGS)

bench-budget: .venv/.stamp ## Budgets of 30, 60 and 120 s with 0, 1 and 3 kills on the local cluster; prints the table (16 min)
	@$(PY) -m bench.budget $(ARGS)

.PHONY: bench-fewshot bench-curve bench-random-budgets bench-least-budget bench-gpu
bench-fewshot: .venv/.stamp ## Darkroom beside usual baselines with few images (10 h; ARGS="--photos DIR"; --plan tells the time)
	@$(PY) -m bench.fewshot $(ARGS)

bench-least-budget: .venv/.stamp ## The least budget that is useful for 50 photographs (15 min; ARGS="--photos DIR")
	@$(PY) -m bench.least_budget $(ARGS)

bench-gpu: .venv/.stamp ## Few images, images a second and bf16 on a GPU (8 min; ARGS="--device cpu --quick" checks it without)
	@$(PY) -m bench.gpu $(ARGS)

.PHONY: bench-scale
bench-scale: .venv/.stamp ## The same budget on 1, 2 and 4 CPU cores: trials, images a second, waiting, score (5 min)
	@$(PY) -m bench.scale $(ARGS)

.PHONY: bench-server
bench-server: .venv/.stamp ## The prediction server beside a bare session and a plain handler, and its memory (5 min; ARGS="--soak 0")
	@$(PY) -m bench.server $(ARGS)

.PHONY: soak-server
soak-server: .venv/.stamp ## Two servers under load while models change and servers are killed (ARGS="--minutes 30")
	@$(PY) -m hack.localcluster build
	@$(PY) -m bench.server_soak $(ARGS)

bench-curve: .venv/.stamp ## Scores at 30 s to 5 min, and what early stop saves of 10 min (80 min)
	@$(PY) -m bench.curve $(ARGS)

bench-random-budgets: .venv/.stamp ## 200 random trainings on a machine that slows down and stalls: none may pass its budget (10 min)
	@$(PY) -m bench.random_budgets $(ARGS)

soak: .venv/.stamp ## 200 Models on the local cluster while pods and operator are killed at random (20 min)
	@$(PY) -m bench.soak $(ARGS)

.PHONY: bench-node-kills
bench-node-kills: .venv/.stamp ## Runs on two nodes while a worker or index 0 is killed, both are drained or lose touch (20 min; ARGS="--clocks counted" for half)
	@$(PY) -m bench.node_kills $(ARGS)

.PHONY: crash-matrix
crash-matrix: .venv/.stamp ## Kill the operator before and after every write of every life; prints every point (7 min)
	@$(PY) -m hack.localcluster build
	@$(PY) -m tests.faults.crashes $(ARGS)

.PHONY: venv
venv: .venv/.stamp ## Create .venv with everything for development, torch included

# The demo drives a cluster, where torch is in an image: its own environment costs seconds, not gigabytes.
.venv-demo/.stamp: EXTRAS := samples
.venv/.stamp: EXTRAS := operator,trainer,server,shelf
.venv/.stamp: GROUPS := --group dev

.venv/.stamp .venv-demo/.stamp: pyproject.toml constraints.txt
	@echo "$(@D): installing .[$(EXTRAS)] $(GROUPS)"
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@test -x $(@D)/bin/uv || $(@D)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(@D)/bin/uv pip install --python $(@D)/bin/python -c constraints.txt -e '.[$(EXTRAS)]' $(GROUPS)
	@touch $@
