# `make` alone says what there is. Everything Python runs from .venv, which `make setup` makes and the others call for.

PY := .venv/bin/python
# pytest's closing line is what a build server reads: leave it the last one.
PYTEST := $(PY) -m pytest
JOBS ?= 2
MINUTES ?= 60
PORT ?=
BOARD ?=
# Images of containers set it; then each process of the tests would compile all of them anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test bench lint soak evidence mutants settings keys registration lock build flash hil hil-sim status console logs bridge guard device-repository test-home test-home-oldest test-home-newest newest-home other-debian discovery package recordings check release home micropython

help:
	@echo "The monitor for ABL wallboxes. First make run, then type help there."
	@echo ""
	@echo "  make run [ARGS=\"--speed 60\"]  the whole system, simulated and live: wallbox, car, firmware, radio, network, MQTT"
	@echo "      [ARGS=\"--demo night\"]    one night with a plan, in a minute"
	@echo "  make test [ARGS=\"-k words\"]   all tests but the long ones, about five minutes on two cores, benchmarks last"
	@echo "  make check                    in a minute: lint, and unit tests of what changed; ARGS=\"--base main\" since that branch"
	@echo "  make lint                     style and plain words, both MicroPython compilers and the types over src/"
	@echo "  make bench                    the benchmarks alone, with their figures"
	@echo "  make soak MINUTES=60          the long checks on all cores, each round with a new seed; adds to docs/soak.json"
	@echo "      [ROUNDS=10]               so many instead; [ARGS=\"--only cuts\"] those of that name alone"
	@echo "  make evidence                 measures again, the long ones too, and writes docs/evidence.md; ONLY=paths of tests: those alone"
	@echo "  make recordings               does the firmware still do what is recorded of it? Lists what differs; ARGS=record records anew"
	@echo "  make mutants                  breaks the code in known ways, one at a time; writes docs/defects.md"
	@echo "  make setup                    .venv and everything in it (the others do it when needed)"
	@echo "  make settings [BOARD=esp32]   asks for this site's settings, and writes src/local_config.py; FROM=saved takes those of an edited config.py over"
	@echo "  make keys [BOARD=lopy4]       src/keys.py with new random keys, and the files that register the device;"
	@echo "                                DEV=wallbox PLAN= (AS923); ARGS=--own-dev-eui: the board's own DevEUI counts"
	@echo "  make registration [BOARD=]    those files again, from src/keys.py and the settings"
	@echo ""
	@echo "  make build BOARD=lopy4        build/lopy4: what goes on that board (lopy4, esp32, rp2, linux), with its sizes; FORMAT=py for source"
	@echo "  make micropython BOARD=esp32 PORT=/dev/ttyACM0  MicroPython onto a new board (esp32, rp2), from the file that you downloaded; FILE=, AGAIN=1"
	@echo "  make flash BOARD=lopy4 PORT=/dev/ttyUSB0  puts it there; a cut at any moment leaves the old version running"
	@echo "  make logs PORT=/dev/ttyUSB0   what the board prints, without disturbing it"
	@echo "  make console PORT=/dev/ttyUSB0  its prompt: Ctrl-C stops the firmware, Ctrl-D starts it again, Ctrl-X leaves"
	@echo ""
	@echo "  make release                  build/release: every board's firmware, sums, what is in it (SBOM), this version's changes"
	@echo ""
	@echo "  make hil PORT=/dev/ttyUSB0    a real wallbox through the tests; reads only, CONTROL=1 also locks, limits, resets and undoes it"
	@echo "  make hil-sim                  the same against the simulated wallbox, MINUTES=1 of polling instead of 10"
	@echo ""
	@echo "  make status PORT=/dev/ttyUSB0 what the box says, in words; ARGS=--json for programs"
	@echo ""
	@echo "  make bridge APP=my-app DEV=wallbox CLUSTER=eu1   mosquitto's files for The Things Stack, and what to type then;"
	@echo "                                FOR=home-manager|home-assistant|both LISTEN=127.0.0.1|0.0.0.0|none; ARGS=--help for all"
	@echo "  make discovery APP=my-app DEV=wallbox  the wallbox in Home Assistant, by MQTT discovery; REMOVE=1 takes it away, HA=2024.3 is for an older one"
	@echo "  make package APP= DEV=        the same as a package, in YAML"
	@echo "                                NETWORK=chirpstack: these three at ChirpStack, by its ids (docs/chirpstack.md)"
	@echo "  make home [CONFIG=home.toml]  the service of the house: its page, the book of charging sessions, costs, API; until Ctrl-C"
	@echo "  make guard APP=my-app         between the bridge (GUARD=1) and Home Manager: withholds what would end it"
	@echo "  make device-repository        the entry for The Things Stack's device repository, made anew in ttn/lorawan-devices/; URL="
	@echo "  make test-home                real mosquitto and Home Assistant, the oldest and the newest, and a browser; ON=oldest or ON=newest alone"
	@echo "  make newest-home [VERSION=2026.12.0]  moves the pin of the newest Home Assistant, and tests with it"
	@echo "  make other-debian [SUITE=trixie]  make run and make test in a bare Debian that this machine is not; needs root and debootstrap"

setup:
	@sh tools/setup/setup.sh

run: setup
	@$(PY) -m sim run $(ARGS)

# Three processes more than jobs, for some tests wait for a simulated box in real time. Benchmarks run alone, so that the clock measures the code and not the other test processes.
# Exit code 5 is pytest's for "no test chosen", as with ARGS="-k words".
test: setup
	$(PYTEST) -n $$(($(JOBS) + 3)) --dist worksteal --durations=10 $(ARGS)
	$(PYTEST) -m "bench and not long" $(ARGS) || [ $$? = 5 ]

bench: setup
	$(PYTEST) -m bench -s $(ARGS)

lint: setup
	@$(PY) -m ruff check .
	@$(PY) -m tools.checks.dialect
	@$(PY) -m tools.checks.words
	@$(PY) -m tools.checks.assignments
	@$(PY) -m tools.checks.typecheck

check: setup
	@$(PY) -m tools.checks.changed $(ARGS)

soak: setup
	@$(PY) -m tools.checks.soak $(if $(ROUNDS),--rounds "$(ROUNDS)",--minutes "$(MINUTES)") $(ARGS)

# ONLY: paths of tests, which are measured alone; the page's other rows stay.
evidence: setup
	@rm -f build/evidence.json build/evidence-*.json
ifdef ONLY
	$(PYTEST) -m "(evidence or bench or long) and not soak" --evidence build/evidence.json $(ONLY); code=$$?; \
	$(PY) -m tools.docgen.evidence --add && exit $$code
else
	$(PYTEST) -n $(JOBS) --dist worksteal -m "(evidence or long) and not (bench or soak)" --evidence build/evidence.json; code=$$?; \
	$(PYTEST) -m "bench and not soak" --evidence build/evidence-bench.json || code=$$?; \
	$(MAKE) --no-print-directory test-home ON=oldest ARGS="-m evidence" EVIDENCE=build/evidence-home-oldest.json || code=$$?; \
	$(MAKE) --no-print-directory test-home ON=newest ARGS="-m evidence" EVIDENCE=build/evidence-home-newest.json || code=$$?; \
	$(PY) -m tools.docgen.evidence && exit $$code
endif

recordings: setup
	@$(PY) -m tools.checks.recordings $(ARGS)

mutants: setup
	@$(PY) -m tools.checks.mutants $(ARGS)

# docs/flashing.md. BOARD is asked for where it is not given.
settings: setup
	@$(PY) -m tools.board.settings $(if $(BOARD),--board "$(BOARD)") $(if $(FROM),--from "$(FROM)") $(ARGS)

# docs/registration.md
registers = $(if $(BOARD),--board "$(BOARD)") $(if $(DEV),--device "$(DEV)") $(if $(PLAN),--plan "$(PLAN)") $(if $(OUT),--out "$(OUT)")

keys: setup
	@$(PY) -m tools.board.keys $(registers) $(ARGS)

registration: setup
	@$(PY) -m tools.network.registration $(registers) $(ARGS)

# The full list of pinned packages with their hashes, from requirements.in; after a change there.
lock: setup
	@sh tools/setup/lock.sh

given = [ -n "$($(1))" ] || { echo "make $@ needs $(1), $(2). Type:  make $@ $(3)" >&2; exit 2; }
needs_board = $(call given,BOARD,the kind of board: esp32 (XIAO) or rp2 (Pico) or lopy4,BOARD=lopy4 $(1))
needs_port = $(call given,PORT,the serial port,$(1)PORT=$(or $(PORT),$(if $(filter esp32 rp2,$(BOARD)),/dev/ttyACM0,/dev/ttyUSB0)))

# docs/flashing.md. FORMAT=py: source instead of compiled files.
FORMAT ?= mpy

build:
	@$(needs_board)
	@$(MAKE) --no-print-directory setup
	@$(PY) -m tools.board.build "$(BOARD)" --format "$(FORMAT)"

flash:
	@$(call needs_board,PORT=$(or $(PORT),/dev/ttyUSB0))
	@$(call needs_port,BOARD=$(BOARD) )
	@$(MAKE) --no-print-directory setup
	@$(PY) -m tools.board.flash "$(BOARD)" "$(PORT)" --format "$(FORMAT)"

# docs/flashing.md. FILE= where it is not the only one in ~/Downloads; AGAIN=1 although MicroPython is on the board.
micropython:
	@$(call given,BOARD,the kind of board: esp32 (XIAO) or rp2 (Pico),BOARD=esp32 PORT=$(or $(PORT),/dev/ttyACM0))
	@$(call given,PORT,the serial port,BOARD=$(BOARD) PORT=/dev/ttyACM0)
	@$(MAKE) --no-print-directory setup
	@$(PY) -m tools.board.micropython "$(BOARD)" "$(PORT)" $(if $(FILE),--file "$(FILE)") $(if $(filter 1,$(AGAIN)),--again)

release: setup
	@$(PY) -m tools.board.release $(ARGS)

console logs:
	@$(needs_port)
	@$(MAKE) --no-print-directory setup
	@$(PY) -m tools.board.console $@ "$(PORT)"

# docs/home-assistant.md. The password of a broker that has one is asked for, or taken from MQTT_PASSWORD.
needs_device = $(call given,APP,the application id as the network shows it,APP=my-app DEV=$(or $(DEV),wallbox)); $(call given,DEV,the device id,APP=$(APP) DEV=wallbox)
PLACE = --app "$(APP)" --device "$(DEV)" --tenant "$(or $(TENANT),ttn)" $(if $(NETWORK),--network "$(NETWORK)") $(if $(NAME),--name "$(NAME)") $(if $(SILENCE),--silence-min "$(SILENCE)") $(if $(MORNING),--morning "$(MORNING)") \
	$(if $(HA),--home-assistant "$(HA)") $(if $(PAGE),--page "$(PAGE)")

discovery:
	@$(needs_device)
	@$(MAKE) --no-print-directory setup
	@$(PY) -m home.discovery $(if $(REMOVE),remove,publish) $(PLACE) $(if $(BROKER),--broker "$(BROKER)") $(if $(CA),--authorities "$(CA)") $(if $(MQTT_USER),--user "$(MQTT_USER)")

package:
	@$(needs_device)
	@$(MAKE) --no-print-directory setup
	@$(PY) -m home.discovery package $(PLACE) --out "$(or $(OUT),build/home-assistant/ev_charger.yaml)"

# docs/console.md: what the box says, in words; the other commands are those of tools.charger.console.
status:
	@$(needs_port)
	@$(MAKE) --no-print-directory setup
	@$(PY) -m tools.charger.console --port "$(PORT)" $(if $(ID),--id "$(ID)") $(if $(DIRECTION),--direction "$(DIRECTION)") status $(ARGS)

# docs/hil.md. MINUTES counts only if it was given: its default above is that of soak.
hil_minutes = $(if $(filter file,$(origin MINUTES)),$(1),$(MINUTES))
HIL := $(PYTEST) tests/hil -v -p no:cacheprovider --control "$(CONTROL)" $(if $(ID),--id "$(ID)") $(if $(DIRECTION),--direction "$(DIRECTION)")
SIM ?= --sleepy

hil:
	@$(needs_port)
	@$(MAKE) --no-print-directory setup
	@$(HIL) --port "$(PORT)" --minutes "$(call hil_minutes,10)" $(ARGS)

hil-sim: setup
	@$(HIL) --sim="$(SIM)" --control 1 --minutes "$(call hil_minutes,1)" $(ARGS)

# docs/bridge.md. Needs no set-up, only Python. An empty TENANT= is a stack without tenants; no TENANT at all is The Things Network's.
bridge_options = $(if $(APP),--app "$(APP)") $(if $(DEV),--device "$(DEV)") $(if $(CLUSTER),--cluster "$(CLUSTER)") \
	$(if $(filter undefined,$(origin TENANT)),,--tenant "$(TENANT)") $(if $(FOR),--for "$(FOR)") $(if $(GUARD),--guard) $(if $(MODEM),--modem "$(MODEM)") \
	$(if $(LISTEN),--listen "$(LISTEN)") $(if $(filter 0,$(TLS)),--no-tls) \
	$(if $(CA),--ca "$(CA)") $(if $(PLAIN),--plain) $(if $(KEY_FILE),--key-file "$(KEY_FILE)") $(if $(OUT),--out "$(OUT)") $(if $(REMOVE),--remove)

bridge:
	@[ -z "$(filter-out chirpstack the-things-stack,$(NETWORK))" ] || { echo "make bridge: NETWORK=$(NETWORK) is no network: the-things-stack (default) or chirpstack" >&2; exit 2; }
	@[ -z "$(filter command,$(firstword $(origin KEY)))" ] || { echo "make bridge: no key on the command line, where others can read it. Leave KEY out and type it when asked, or give KEY_FILE=" >&2; exit 2; }
	@$(or $(wildcard $(PY)),python3) -m $(if $(filter chirpstack,$(NETWORK)),home.chirpstack_bridge $(if $(MQTT_USER),--user "$(MQTT_USER)"),home.bridge) $(bridge_options) $(ARGS)

# docs/home-manager.md. Runs until Ctrl-C.
guard: setup
	@[ -n "$(APP)" ] || { echo "make guard needs APP, the application. Type:  make guard APP=my-app" >&2; exit 2; }
	@$(PY) -m home.guard --app "$(APP)" $(if $(HOST),--host "$(HOST)") $(if $(CA),--authorities "$(CA)") $(if $(MQTT_USER),--user "$(MQTT_USER)") $(ARGS)

# docs/home-service.md. Runs until Ctrl-C.
home: setup
	@$(PY) -m home run $(if $(CONFIG),--config "$(CONFIG)") $(ARGS)

# The entry in ttn/lorawan-devices/ anew, and a copy of it to hand in: docs/registration.md.
device-repository: setup
	@$(PY) -m tools.network.device_repository $(if $(OUT),--out "$(OUT)") $(if $(URL),--url "$(URL)") $(ARGS)

# docs/home-assistant.md. Not part of make test: it needs programs of the system, which it names. It mostly waits, so files run side by side.
# All with the oldest Home Assistant and mosquitto, then what meets them with the newest, which it leaves out where they cannot be had (status 3).
# ON= one of them alone. EVIDENCE=: where the figures go.
ON ?= oldest newest
home_run = HOME_PROGRAMS=$(1) $(PYTEST) tests/home -n $(JOBS) --dist loadfile --durations=5 $(if $(EVIDENCE),--evidence $(EVIDENCE)) $(ARGS)

test-home: setup
	@sh tools/setup/setup_home.sh
	@code=0; for on in $(ON); do $(MAKE) --no-print-directory test-home-$$on || code=$$?; done; exit $$code

test-home-oldest:
	$(call home_run,.venv-home/bin)

test-home-newest:
	@CI="$(CI)" bash tools/setup/setup_home_newest.sh; case $$? in 0) ;; 3) exit 0 ;; *) exit 2 ;; esac; \
	echo 'test-home: with the newest programs'; $(call home_run,.home-newest/bin) || [ $$? = 5 ]

# docs/dependencies.md. Moves the pin of the newest Home Assistant, to VERSION or to what is newest now, makes its Debian anew, and tests with both.
newest-home: setup
	@sh tools/setup/lock.sh newest $(VERSION)
	@RENEW=1 bash tools/setup/setup_home_newest.sh
	@$(MAKE) --no-print-directory test-home ON=newest

# docs/dependencies.md. What is committed, in a system that debootstrap makes.
other-debian:
	@CI="$(CI)" JOBS="$(JOBS)" bash tools/setup/other_debian.sh "$(SUITE)" $(ARGS)
