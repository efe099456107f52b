# What people type. Each target is one line of Python; `make help` lists them.
PYTHON ?= python3
STUDY ?= demo

.PHONY: help setup report status inspect new lock verify record bundle simulate power calibrate benchmark test test-all
.DEFAULT_GOAL := help

help: ## list the targets
	@$(PYTHON) -m pipeline.environment help

setup: ## make .venv from the lock files (the other targets do this by themselves)
	@$(PYTHON) -m pipeline.environment setup

report: ## run a study from exports to report: make report STUDY=army-climate (or BUNDLE=folder)
	@$(PYTHON) -m pipeline report $(if $(BUNDLE),--bundle "$(BUNDLE)",$(STUDY))

status: ## say what of a study is out of date, and why
	@$(PYTHON) -m pipeline status $(STUDY)

inspect: ## say what an export holds, and draft a study for it: make inspect FILE=path
	@$(PYTHON) -m pipeline inspect "$(FILE)"

new: ## make a study from an export: make new STUDY=name FILE=path
	@$(PYTHON) -m pipeline new "$(STUDY)" "$(FILE)"
lock: ## freeze model, hypotheses, rules and seed; the report lists what changes later (AGAIN=1 anew)
	@$(PYTHON) -m pipeline lock $(STUDY) $(if $(AGAIN),--again)

verify: ## run a study anew and compare with its record: 0 the same, 1 numbers moved, 2 not run
	@$(PYTHON) -m pipeline verify $(STUDY)

record: ## keep a study's results as the record that verify compares with
	@$(PYTHON) -m pipeline record $(STUDY)

bundle: ## write a folder to share: metadata, codebook, licences, results and rows, if the study allows
	@$(PYTHON) -m pipeline bundle $(STUDY)

simulate: ## make the demonstration's synthetic exports again, to the byte
	@$(PYTHON) -m pipeline simulate $(STUDY)

power: ## simulate the power of a study's design: make power STUDY=army-climate
	@$(PYTHON) -m pipeline power $(STUDY)

calibrate: ## check by simulation what tests and intervals promise (minutes); writes docs/calibration.md
	@$(PYTHON) -m pipeline calibrate

benchmark: ## time the estimation core, beside lavaan where R has it
	@$(PYTHON) -m pipeline benchmark

test: ## lint, check types and run the tests (under ten minutes)
	@$(PYTHON) -m pipeline.environment test -m "not slow"

test-all: ## the same with the slow simulation tests
	@$(PYTHON) -m pipeline.environment test
