# Every task a person runs, a line each. `make help` lists them.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := client/visgate_client server/visgate_server export/visgate_export agent/visgate_agent
INSTALLED := $(VENV)/.installed
EXPORT := $(BIN)/visgate-export models $(if $(PROFILE),--profile $(PROFILE))
UNIT := $(BIN)/pytest tests/unit -n 2 --dist loadfile
SERVED := $(BIN)/pytest tests/integration tests/end_to_end

.DEFAULT_GOAL := help
.PHONY: help setup models pocket configs serve stop doctor chat demo test unit lint format bench docs clean test-one-triton test-other-servers

help:  ## list the tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(INSTALLED)  ## make the virtual environment .venv with everything in it

$(INSTALLED): constraints.txt requirements-dev.txt $(wildcard */pyproject.toml)
	@command -v $(PYTHON) >/dev/null || { echo "visgate needs Python 3.11: install it or set PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --progress-bar off -c constraints.txt -r requirements-dev.txt -e client -e server -e export -e agent
	@touch $@

models: setup  ## fetch weights, export them to checked ONNX, fill model_repository/
	$(EXPORT)

pocket: setup  ## train the pocket models anew (hours; their weights are in git)
	$(BIN)/python -m visgate_export.pocket

configs: setup  ## write config.pbtxt files from the specs
	$(BIN)/python -m visgate_server.repository

serve: setup  ## start Triton and return when it is ready (stop it with `make stop`); PROFILE=full for a GPU
	-$(EXPORT)  # what could not be made is named, and the rest is served
	$(BIN)/visgate-server start

stop: setup  ## stop Triton
	$(BIN)/visgate-server stop

doctor: setup  ## say what would keep the server from starting
	$(BIN)/visgate-server doctor

chat: serve  ## talk about a picture: make chat IMAGE=photo.jpg
	$(BIN)/visgate chat $(if $(IMAGE),--image "$(IMAGE)")

demo: setup  ## hold an image chat on real photos through a real Triton; see demo_output/index.html
	-$(EXPORT)
	$(BIN)/visgate-server run -- $(BIN)/python -m visgate_agent.demo

lint: setup  ## ruff and mypy
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(PACKAGES)

format: setup  ## let ruff format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

unit: models  ## the tests that need no server
	$(UNIT)

test: setup  ## everything: lint, unit, integration (starts a real Triton) and end to end
	$(MAKE) --jobs=2 lint models  # neither waits for the other
	$(UNIT)
	$(MAKE) --jobs=2 --output-sync=target test-one-triton test-other-servers

test-one-triton:
	$(SERVED) -m one_triton

test-other-servers:
	$(SERVED) -m "not one_triton"

bench: models  ## what serving costs and is worth beside other ways, and how well every tool does (an hour and a half)
	$(BIN)/python -m benchmarks calls
	$(BIN)/python -m benchmarks costs
	$(BIN)/python -m benchmarks engine
	$(BIN)/python -m benchmarks client echo
	$(BIN)/python -m benchmarks client chaos
	$(BIN)/python -m benchmarks client memory
	$(BIN)/python -m benchmarks drawings
	$(BIN)/python -m benchmarks quality

docs: setup  ## write the generated parts of the documents
	$(BIN)/python docs/generate.py

clean:  ## remove what the tasks above made, but for the virtual environment and downloads
	-$(BIN)/visgate-server stop
	rm -rf demo_output .visgate .mypy_cache .ruff_cache .pytest_cache
	find model_repository -name '*.onnx*' -delete
