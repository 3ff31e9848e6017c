# Everything one does with this project. `make` alone lists the targets; nothing but Python and make is needed.

PYTHON ?= python3
UV_VERSION := 0.13.9

VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
ifeq ($(filter 3.11 3.12 3.13,$(VERSION)),)
$(error Python 3.11, 3.12 or 3.13 is needed, and $(PYTHON) is $(or $(VERSION),missing); say which, as in: make up PYTHON=python3.12)
endif

UV := .local/uv/bin/uv
RUN := .venv/bin/python
LOCAL := $(RUN) -m infra.local

# Each environment has a stamp that is newer than what it is made from, and named after its Python.
READY_UV := .local/uv/ready-$(UV_VERSION)-$(VERSION)
READY_VENV := .venv/ready-$(VERSION)
READY_LOCALSTACK := .local/localstack/ready-$(VERSION)
READY_LAMBDA := .local/lambda-runtime/ready-$(VERSION)
READY := $(READY_VENV) $(READY_LOCALSTACK) $(READY_LAMBDA)

# In Docker neither LocalStack nor a Lambda runtime of our own is used. Chosen as infra/local/running.py chooses.
ifneq ($(filter up,$(MAKECMDGOALS)),)
LAUNCHED_BY := $(or $(LAUNCHER),$(shell cat .local/launcher 2>/dev/null),$(shell docker version >/dev/null 2>&1 && docker compose version >/dev/null 2>&1 && echo docker))
endif
READY_TO_START := $(if $(filter docker,$(LAUNCHED_BY)),$(READY_VENV),$(READY))

# What a target cannot do without is asked for before anything is installed or looked at.
NEEDED := seed:FILES=customers.xlsx superuser:LOGIN=asha api-key:NAME=shop api-key:ROLE=reader database:STAGE=dev foundation:STAGE=dev \
  deploy:STAGE=dev roll-back:STAGE=dev destroy:STAGE=dev bench-beside:OTHER=../other bench-beside:OTHER_PYTHON=../other/.venv/bin/python
part = $(word $(1),$(subst :, ,$(subst =, ,$(2))))
ask_for = $(if $($(call part,2,$(1))),,$(error make $(call part,1,$(1)) needs $(call part,2,$(1)), as in: make $(subst :, ,$(1))))
$(foreach each,$(NEEDED),$(if $(filter $(call part,1,$(each)),$(MAKECMDGOALS)),$(call ask_for,$(each))))

export UV_NO_PROGRESS ?= 1
# uv keeps what it fetched in the home folder; in a container whose user has none, it would not start.
ifeq ($(shell cache="$${XDG_CACHE_HOME:-$$HOME/.cache}"; mkdir -p "$$cache" 2>/dev/null; test -w "$$cache" && echo yes),)
export UV_CACHE_DIR ?= $(CURDIR)/.local/uv-cache
endif
# What is installed is compiled once, also if the environment says that nothing is: each process would do it anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup up seed status redrive superuser api-key logs down reset dev database foundation deploy roll-back destroy check lint audit test test-docker bench bench-beside profile openapi screenshots stopwatch lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY_TO_START) ## install what is missing, below this folder (the other targets do it by themselves)
	@echo 'Everything is installed.'

up: $(READY_TO_START) ## start, deploy and seed everything; DATA=dir AWS_PORT=4566 DB_PORT=54329 LAUNCHER=native|docker
	@exec $(LOCAL) up $(if $(DATA),--data "$(DATA)") $(if $(AWS_PORT),--aws-port $(AWS_PORT)) $(if $(DB_PORT),--db-port $(DB_PORT))

seed: $(READY_VENV) ## import workbooks into the running stack: FILES="a.xlsx b.xlsx"
	@exec $(LOCAL) seed $(FILES)

status: $(READY_VENV) ## what runs where, and what is in it
	@exec $(LOCAL) status

redrive: $(READY_VENV) ## try again what ended in the dead-letter queue
	@exec $(LOCAL) redrive

superuser: $(READY_VENV) ## an admin for the console, or a reset password for one: LOGIN=asha [NAME="Asha Rao"]
	@exec $(LOCAL) superuser "$(LOGIN)" $(if $(NAME),--name "$(NAME)")

api-key: $(READY_VENV) ## an API key: NAME=shop ROLE=reader|writer|importer [DAYS=90] [CUSTOMER=12]
	@exec $(LOCAL) api-key "$(NAME)" "$(ROLE)" $(if $(DAYS),--days "$(DAYS)") $(if $(CUSTOMER),--customer "$(CUSTOMER)")

logs: $(READY_VENV) ## follow the logs of everything
	@exec $(LOCAL) logs

down: $(READY_VENV) ## stop everything; the data stays
	@exec $(LOCAL) down

reset: $(READY_VENV) ## stop everything and remove the data
	@exec $(LOCAL) reset

dev: $(READY_VENV) ## chalice local on http://localhost:8000 with the database of the running stack; PORT=8000
	@exec $(LOCAL) dev $(if $(PORT),--port $(PORT))

database: $(READY_VENV) ## a database for another stage on the local server, to deploy it to LocalStack: STAGE=dev
	@exec $(LOCAL) database "$(STAGE)"

foundation: $(READY_VENV) ## network, database and key of a stage on AWS: STAGE=dev [PARAMETERS="MaxCapacity=8 …"] [CONFIRM=yes]
	@exec $(RUN) -m infra foundation "$(STAGE)" $(PARAMETERS)

# The lint is for what goes to others; a roll-back must not wait for it.
deploy: lint ## deploy a stage: STAGE=dev [ENDPOINT=http://localhost:4566] [CERTIFICATES=file] [ARCHITECTURE=arm64] [PARAMETERS="RequestsASecond=200 …"] [CONFIRM=yes]
	@exec $(RUN) -m infra deploy "$(STAGE)" $(TARGET) $(if $(CERTIFICATES),--certificates "$(CERTIFICATES)") $(if $(ARCHITECTURE),--architecture "$(ARCHITECTURE)") $(PARAMETERS)

roll-back: $(READY_VENV) ## put the revision before the last deployment back: STAGE=dev [ENDPOINT=…] [CONFIRM=yes]
	@exec $(RUN) -m infra roll-back "$(STAGE)" $(TARGET)

destroy: $(READY_VENV) ## delete the stack of a stage, not its data: STAGE=dev [ENDPOINT=…] [CONFIRM=dev] [FORCE=yes]
	@exec $(RUN) -m infra destroy "$(STAGE)" $(TARGET)

# One process more than there are cores, four at most: what is on LocalStack waits most of the time.
SIDE_BY_SIDE := -n $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 4 ? cores + 1 : 4)))

TARGET = $(if $(ENDPOINT),--endpoint "$(ENDPOINT)")

lint: $(READY_VENV)
	@$(RUN) -m ruff format --check --quiet . || { echo 'Not formatted; mend it with: .venv/bin/ruff format .'; exit 1; }
	@$(RUN) -m ruff check --quiet .
	@$(RUN) -m mypy
	@! [ -e .git ] || git ls-files -z $(REAL) | xargs -0 $(SCAN)
	@! [ -e .git ] || git ls-files -z . $(REAL:%=':!%') | xargs -0 $(SCAN) --disable-plugin KeywordDetector

audit: $(READY_VENV) ## ask the Python advisory service about every dependency that is deployed or used (needs the internet)
	@.venv/bin/pip-audit --strict --disable-pip --no-deps -r requirements.txt -r requirements-dev.txt

check: lint ## the gate before a commit: format, lint, types, fast tests
	@$(RUN) -m pytest tests/unit

test: lint $(READY) ## everything: the gate, and the tests of every level on a stack of their own
	@$(RUN) -m pytest $(SIDE_BY_SIDE) --hypothesis-profile thorough

test-docker: $(READY) ## the way through Docker, with an engine and images of the tests' own; skipped where there can be none
	@timeout --kill-after=60 2400 $(RUN) -m pytest -n 0 -s -rs tests/docker

bench: $(READY) ## measure what docs/performance.md tells; BENCHES="imports" for some of it
	@exec $(RUN) -m bench $(BENCHES)

bench-beside: $(READY) ## measure beside a service in Django: OTHER=its folder OTHER_PYTHON=a Python that has what it needs
	@exec $(RUN) -m bench.beside "$(OTHER)" --python "$(OTHER_PYTHON)"

profile: $(READY) ## where the time of one call goes: CALL=register (or check-eligibility, create-loan, receipt, "page: home", …)
	@exec $(RUN) -m bench.profiling $(if $(CALL),"$(CALL)")

openapi: $(READY_VENV) ## write the published contract anew: openapi.json and docs.html in chalicelib/api/published
	@exec $(RUN) -m contract

screenshots: $(READY) ## take the pictures of the console in docs/screenshots, on a stack of their own
	@exec $(RUN) -m tests.support.console.screenshots

stopwatch: $(READY) ## do the tasks of a working day in the console, and print their clicks and keys
	@exec $(RUN) -m tests.support.console.stopwatch

lock: $(READY_UV) ## resolve the requirements anew (UPGRADE=1 takes newer versions)
	$(UV) pip compile $(LOCK_FLAGS) --no-emit-package pillow pyproject.toml -o requirements.txt
	$(UV) pip compile $(LOCK_FLAGS) pyproject.toml --group dev -o requirements-dev.txt
	$(UV) pip compile $(LOCK_FLAGS) -c requirements-dev.txt pyproject.toml --group deployer -o infra/local/requirements.txt
	$(UV) pip compile $(LOCK_FLAGS) -c requirements-dev.txt infra/localstack/lambda-runtime.in -o infra/localstack/lambda-runtime.txt
	$(UV) pip compile $(LOCK_FLAGS) --no-deps infra/localstack/requirements.txt -o infra/localstack/requirements.txt
# Digests are no secrets, nor is what tests make up; outside the tests, what is assigned to a name such as `password` is one.
REAL := app.py chalicelib infra .chalice docs bench
SCAN := $(RUN) -m detect_secrets.pre_commit_hook --plugin infra/secret_scan.py --disable-plugin HexHighEntropyString \
  --disable-plugin Base64HighEntropyString --exclude-lines eyJhbGciOiJub25lIn0 \
  --exclude-files '(requirements(-dev)?|lambda-runtime)[.]txt$$' \
  --exclude-secrets '^(password|pass|secret|loans|hunter2|local|api_key|API key)$$'
LOCK_FLAGS := --quiet --universal --python-version 3.11 --no-header --no-annotate --generate-hashes $(if $(UPGRADE),--upgrade)

# $(call begin,what) and $(end): an installation says what it does, and its seconds when it is done.
BEGAN = .local/began-$(notdir $(@D))
begin = mkdir -p .local && date +%s > $(BEGAN) && echo '$(1)'
end = echo "  done in $$(($$(date +%s) - $$(cat $(BEGAN)))) s" && rm $(BEGAN) && touch $@

$(READY_UV):
	@$(call begin,Installing uv)
	@rm -rf .local/uv
	@$(PYTHON) -m venv .local/uv || { echo '$(PYTHON) cannot make an environment; on Debian and Ubuntu: apt install python3-venv'; exit 1; }
	@.local/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(end)

# $(call environment,folder): an environment of this Python in the folder, kept where it is one already.
environment = [ "$$($(1)/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$(VERSION)" ] || $(UV) venv --quiet --clear --python $(PYTHON) $(1)

$(READY_VENV): requirements-dev.txt | $(READY_UV)
	@$(call begin,Installing what development needs)
	@$(call environment,.venv)
	@$(UV) pip sync --quiet --require-hashes --python .venv/bin/python requirements-dev.txt
# If root made it under a umask such as 077, the user as whom Postgres runs could not read Postgres.
	@chmod -R o+rX .venv
	@$(end)

$(READY_LOCALSTACK): infra/localstack/requirements.txt infra/localstack/pyproject.toml $(wildcard infra/localstack/loans_localstack/*.py) | $(READY_UV)
	@$(call begin,Installing LocalStack)
	@$(call environment,.local/localstack)
	@$(UV) pip sync --quiet --require-hashes --python .local/localstack/bin/python infra/localstack/requirements.txt
	@$(UV) pip install --quiet --python .local/localstack/bin/python --no-deps --reinstall ./infra/localstack
	@$(end)

$(READY_LAMBDA): infra/localstack/lambda-runtime.txt | $(READY_UV)
	@$(call begin,Installing what stands in for the Lambda runtime)
	@$(call environment,.local/lambda-runtime)
	@$(UV) pip sync --quiet --require-hashes --python .local/lambda-runtime/bin/python infra/localstack/lambda-runtime.txt
	@$(end)
