# Thin: each target says what it does and calls one command. CI calls the same ones.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
WHEELS := target/wheels-under-test
SHELL  := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Whole runs gain little from the compiler's own cache, which is larger than what it builds.
export CARGO_INCREMENTAL ?= 0

say = @scripts/say "$(1)"

.PHONY: help
help: ## Show the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

.PHONY: prerequisites prerequisites-node
prerequisites:
	@scripts/prerequisites $(PYTHON)

prerequisites-node:
	@scripts/prerequisites $(PYTHON) node

# The environment: made once, brought up to date when pyproject.toml changes.
$(VENV)/ready: pyproject.toml | prerequisites
	$(call say,setting up $(VENV))
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --upgrade pip
	@$(BIN)/pip install --quiet --group dev
	@$(BIN)/python scripts/extras | $(BIN)/pip install --quiet --requirement /dev/stdin
	@touch $@

# The peers that come from npm.
benches/node_modules/ready: benches/package.json | prerequisites
	@npm install --prefix benches --silent --no-audit --no-fund
	@touch $@

.PHONY: install
install: $(VENV)/ready ## Build the wheel and install it, with all extras, into .venv.
	@scripts/install-wheel $(BIN) $(WHEELS)

.PHONY: demo
demo: install ## Start the gateway on its own documents, and the official client against it.
	$(call say,wholejson demo)
	@$(BIN)/wholejson demo

.PHONY: test
test: prerequisites-node check rust-test python-test ## Set all up and run every check and test.

.PHONY: check
check: $(VENV)/ready ## Formatting, lints and types.
	$(call say,cargo fmt)
	@cargo fmt --all --check
	$(call say,cargo clippy)
	@cargo clippy --quiet --workspace --all-targets --locked -- -D warnings
	$(call say,ruff)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	$(call say,mypy)
	@$(BIN)/mypy

# The same random cases every time; `make proof` looks for new ones.
SEED ?= 1

.PHONY: rust-test
rust-test: prerequisites ## The tests of the core.
	$(call say,cargo test)
	@PROPTEST_RNG_SEED=$(SEED) cargo test --quiet --locked --package wholejson

# The JavaScript SDKs that the endpoint is tested with.
tests/js/node_modules/ready: tests/js/package.json
	@scripts/prerequisites $(PYTHON) node
	$(call say,installing the JavaScript SDKs)
	@npm install --prefix tests/js --no-audit --no-fund --loglevel error
	@touch $@

.PHONY: python-test
python-test: install tests/js/node_modules/ready benches/node_modules/ready ## Build and install the wheel, and run the Python tests on it.
	$(call say,stubtest)
	@cd tests && ../$(BIN)/python -m mypy.stubtest wholejson._core
	$(call say,pytest on the installed wheel)
	@WHOLEJSON_INSTALLED=1 WHOLEJSON_WHEEL="$$(ls $(WHEELS)/*.whl)" $(BIN)/pytest

DOCUMENTS ?= 1000000

.PHONY: proof
proof: install ## The long runs: DOCUMENTS= (a million) against the slow version and other parsers.
	$(call say,$(DOCUMENTS) documents against the slow version and serde_json)
	@WHOLEJSON_DOCUMENTS=$(DOCUMENTS) cargo test --quiet --locked --profile proof --package wholejson --test core -- --nocapture
	$(call say,$(DOCUMENTS) documents against json.loads and orjson and the slow version)
	@WHOLEJSON_INSTALLED=1 WHOLEJSON_DOCUMENTS=$(DOCUMENTS) $(BIN)/pytest -s tests/python/test_differential.py
	@$(BIN)/python proof/record.py runs "documents against the slow version, serde_json, json.loads and orjson" documents=$(DOCUMENTS)
	$(call say,what is handed to what users call)
	@WHOLEJSON_INSTALLED=1 WHOLEJSON_DOCUMENTS=$(DOCUMENTS) $(BIN)/pytest -s tests/python/test_surface.py

# Each target so long, so many at a time.
SECONDS ?= 60
JOBS ?= 1

.PHONY: fuzz
fuzz: prerequisites ## Look for bytes that break a relation: SECONDS= for each target, JOBS= at a time, TARGETS= some.
	$(call say,fuzzing)
	@$(PYTHON) fuzz/run.py --jobs=$(JOBS) $(SECONDS) $(TARGETS)

.PHONY: audit
audit: $(VENV)/ready ## Licences, sources and advisories of what is built upon. Advisories need the network.
	@command -v cargo-deny >/dev/null || cargo install --quiet --locked --root .tools cargo-deny
	@$(BIN)/pip install --quiet pip-audit
	$(call say,licences and sources and advisories)
	@PATH="$(CURDIR)/.tools/bin:$$PATH" $(BIN)/python proof/audit.py

.PHONY: memcheck
memcheck: install ## Read the corpus through the extension under valgrind (on Debian: apt install valgrind).
	$(call say,valgrind)
	@scripts/memcheck $(BIN)/python

.PHONY: miri
miri: ## Interpret short tests of the core and look for undefined behaviour. Needs the nightly toolchain.
	$(call say,miri)
	@scripts/miri

.PHONY: soak
soak: install ## Run hundreds of streams at once through the gateway for minutes, with faults.
	$(call say,the soak)
	@$(BIN)/python tests/python/soak.py $(SOAK)

.PHONY: test-ray
test-ray: install ## The gateway on Ray Serve; installs Ray into .venv-ray.
	$(call say,Ray Serve)
	@WHOLEJSON_RAY=1 $(BIN)/pytest -s tests/python/test_ray.py

.PHONY: test-vllm
test-vllm: install ## The middleware in vLLM itself; VLLM= names its command.
	$(call say,vLLM)
	@WHOLEJSON_VLLM="$(or $(VLLM),$$(command -v vllm))" $(BIN)/pytest -s tests/python/test_vllm.py

.PHONY: bench
bench: install benches/node_modules/ready ## Measure beside other software; write benches/RESULTS.md and the README's figures.
	$(call say,benchmarks)
	@$(BIN)/python benches/run.py

.PHONY: screenshots
screenshots: install ## Take the pictures of the web pages anew, in Chromium.
	$(call say,screenshots)
	@$(BIN)/pip install --quiet --group pictures
	@$(BIN)/python scripts/screenshots.py docs/images

# The LiteLLM proxy, in an environment of its own. nginx is the machine's.
.venv-litellm-proxy/ready: | prerequisites
	$(call say,installing the LiteLLM proxy)
	@$(PYTHON) -m venv .venv-litellm-proxy
	@.venv-litellm-proxy/bin/pip install --quiet 'litellm[proxy]'
	@touch $@

.PHONY: bench-gateway
bench-gateway: install .venv-litellm-proxy/ready ## Measure the gateway beside nginx (if installed) and the LiteLLM proxy.
	$(call say,the gateway)
	@$(BIN)/python benches/gateway.py --litellm .venv-litellm-proxy/bin/litellm

.PHONY: wheel
wheel: $(VENV)/ready ## Build the wheel (for TARGET=, a Rust target) and the source distribution.
	$(call say,building the wheel and the source distribution)
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/wheel $(TARGET)

.PHONY: clean
clean: ## Remove what was built.
	rm -rf $(VENV) .venv-* target dist benches/node_modules tests/js/node_modules
