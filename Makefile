# One line per verb; tools/setup installs what a bare machine lacks, and says what and why.
SHELL := /bin/bash
READY := .venv/.ready
# A test run starts hundreds of programs; each would compile all it imports anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run ready test test-debian13 test-vm check bench lock mutate fuzz pictures deb wheel format assets clean

run: assets  ## the demo: server, Okta simulator, a Linux device, one person signed in
	@tools/as-root "the demo's device makes accounts with useradd" .venv/bin/homeport demo

test: ready  ## everything, with a real PostgreSQL and a real Chromium; ONLY=area for one area
	@tools/test $(ONLY)

ready: assets  ## install and fetch what `make test` needs, and run nothing
	@tools/setup test

test-debian13: export HOMEPORT_DEBIAN_SUITE := trixie
test-debian13: ready  ## the device's login again, on Debian 13 instead of 12
	@tools/test devices

test-vm: assets  ## one machine's life under systemd, booted in QEMU without hardware support: some minutes, not part of `make test`
	@tools/setup vm
	@tools/as-root "a Debian root holds files of many owners" .venv/bin/python -m pytest tests/vm/story.py -n0 -s -q

check: $(READY)  ## the fast part: format, lint, types, import contracts, house rules
	@tools/check

bench: ready  ## figures beside goals, as a table and as JSON in .run/bench; ONLY=name for one
	@tools/as-root "the agent's bench makes accounts with useradd" .venv/bin/python -m bench $(ONLY)

lock: $(READY)  ## resolve requirements/*.in to hash-pinned requirements/*.txt
	@tools/lock

mutate: $(READY)  ## remove each check of the verifier and the linker in turn; ONLY=word for some
	@.venv/bin/python -m tools.mutate $(ONLY)

fuzz: $(READY)  ## feed the readers of Macs' messages random input, ten minutes or SECONDS_TO_FUZZ
	@tools/setup fuzz
	@PYTHONPATH=.cache/fuzz .venv/bin/python tools/fuzz.py

pictures: ready  ## renew the pictures of the docs
	@tools/as-root "the machine in the pictures makes accounts with useradd" .venv/bin/python tools/pictures.py

deb: assets  ## dist/*.deb: the agent for Debian 12 and 13, the server for Debian 12
	@tools/setup packages
	@.venv/bin/python -m tools.agent_deb
	@.venv/bin/python -m tools.server_deb

wheel: assets  ## dist/homeport-VERSION-py3-none-any.whl, the server for a Python environment of your own
	@.venv/bin/uv build --quiet --wheel --no-build-isolation --offline --out-dir dist server && ls dist/homeport-*.whl

format: $(READY)  ## write the code as `make check` wants it
	@.venv/bin/ruff check --fix-only --quiet . ; .venv/bin/ruff format --quiet .

assets: $(READY)  ## build the static files of the portals
	@if [ -e tools/build_assets.py ]; then .venv/bin/python tools/build_assets.py; fi

clean:  ## remove what make made: environment, caches, demo data
	@[ ! -e .run ] || tools/as-root "demo devices belong to root" rm -rf .run
	@rm -rf .venv .mypy_cache .ruff_cache .hypothesis .import_linter_cache .cache dist server/src/homeport/foundation/ui/static/vendor

$(READY): requirements/uv.txt requirements/dev.txt server/pyproject.toml agent/pyproject.toml simulators/pyproject.toml tools/setup
	@tools/setup environment
