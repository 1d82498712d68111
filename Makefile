# pg_ferry: `make help` lists the targets, docs/development.md explains them.
# The module and its install scripts are built by PGXS; CMakeLists.txt builds the core and its unit tests.

PG_CONFIG ?= pg_config
WERROR ?= -Werror

# These goals start on a machine without PostgreSQL, so they must not need PGXS.
script_goals := help setup demo stop test bench lint format

.DEFAULT_GOAL := all

ifneq ($(or $(filter-out $(script_goals),$(MAKECMDGOALS)),$(if $(MAKECMDGOALS),,all)),)

# ---- What is built -----------------------------------------------------------------------------

ferry_version := $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" pg_ferry.control)
sources = $(sort $(foreach folder,$(1),$(wildcard $(folder)/*.cpp $(folder)/*/*.cpp $(folder)/*/*/*.cpp)))
objects = $(patsubst %.cpp,build/obj/%.o,$(call sources,$(1)))

core_objects := $(call objects,src/core)
server_objects := $(call objects,src/server)
test_objects := $(call objects,test/module)

MODULE_big = pg_ferry
OBJS = $(core_objects) $(server_objects) $(call objects,src/load src/archive src/functions)
EXTENSION = pg_ferry pg_ferry_hiring
DATA = $(wildcard src/sql/upgrade/*.sql)
DATA_built = build/sql/pg_ferry--$(ferry_version).sql build/sql/pg_ferry_hiring--$(ferry_version).sql
EXTRA_CLEAN = build

# sql/schedule may name the tests that must come first; all others follow by name.
regress_files := $(filter-out $(REGRESS_SKIP),$(basename $(notdir $(wildcard sql/*.sql))))
regress_first := $(filter $(regress_files),$(shell sed 's/\#.*//' sql/schedule 2>/dev/null))
REGRESS ?= $(regress_first) $(sort $(filter-out $(regress_first),$(regress_files)))
REGRESS_OUTPUT ?= build/regress
REGRESS_OPTS = --outputdir=$(REGRESS_OUTPUT)

# ---- PGXS --------------------------------------------------------------------------------------

pg_version := $(shell $(PG_CONFIG) --version 2>/dev/null)
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifeq ($(wildcard $(PGXS)),)
$(error no server headers behind PG_CONFIG=$(PG_CONFIG): run `make setup`, or name another pg_config)
endif

PG_CXXFLAGS = -std=c++20 -O2 -fvisibility=hidden -fvisibility-inlines-hidden \
    -Wall -Wextra -Wshadow -Wconversion $(WERROR) $(EXTRA_CXXFLAGS)
SHLIB_LINK = -lavro -ldeflate -lzstd -lsnappy -lsimdjson -lz -lstdc++ \
    -Wl,--exclude-libs,ALL -Wl,--version-script=scripts/exports.map
override with_llvm = no     # bitcode rules ignore PG_CXXFLAGS, and nothing here gains from inlining by JIT
include $(PGXS)

# Before 16 the server's own PGDLLEXPORT is empty, which hidden visibility would make fatal.
server_flags := -isystem $(shell $(PG_CONFIG) --includedir-server) -Isrc
ifneq ($(filter 13 14 15,$(MAJORVERSION)),)
server_flags += -D'PGDLLEXPORT=__attribute__((visibility("default")))'
endif

# ---- Rules -------------------------------------------------------------------------------------

# The core sees no server header: the compiler proves the lowest floor of the layering.
build/obj/src/core/%.o: src/core/%.cpp Makefile
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -Isrc -MMD -MP -c $< -o $@

build/obj/%.o: %.cpp Makefile build/obj/.postgres
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) $(server_flags) $(CPPFLAGS) -MMD -MP -c $< -o $@

-include $(OBJS:.o=.d) $(test_objects:.o=.d)

# Another pg_config means other objects; a source that came or went means another link.
build/obj/.postgres: FORCE
	@mkdir -p $(@D) && echo '$(pg_version) $(PGXS)' | cmp -s - $@ || echo '$(pg_version) $(PGXS)' > $@
built_from = $(OBJS) $(wildcard src/sql/*/*.sql)
build/obj/.sources: FORCE
	@mkdir -p $(@D) && echo '$(built_from)' | cmp -s - $@ || echo '$(built_from)' > $@
$(shlib): build/obj/.sources scripts/exports.map
FORCE:

build/sql/pg_ferry--$(ferry_version).sql: $(sort $(wildcard src/sql/ferry/*.sql))
build/sql/pg_ferry_hiring--$(ferry_version).sql: $(sort $(wildcard src/sql/hiring/*.sql))
$(DATA_built): build/obj/.sources
	@mkdir -p $(@D)
	cat /dev/null $(filter %.sql,$^) > $@

# A second module, for tests only and never installed: SQL functions that walk the C++/server boundary. It brings its
# own magic block: with that of module.cpp it would define the settings twice in one session.
test_module := build/test-module/ferry_boundary.so
test-module: $(if $(test_objects),$(test_module))
$(test_module): $(core_objects) $(filter-out %/module.o,$(server_objects)) $(test_objects) build/obj/.sources scripts/exports.map
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -shared -o $@ $(filter %.o,$^) $(LDFLAGS) $(SHLIB_LINK)

# pg_regress hands these to psql, where \getenv fetches them; a caller may name copies the server can read.
export FERRY_TEST_MODULE ?= $(abspath $(test_module))
export FERRY_TEST_DATA ?= $(abspath data)
installcheck: test-module regress-output
regress-output:
	@mkdir -p $(REGRESS_OUTPUT)

.PHONY: FORCE test-module regress-output
endif

# ---- Everything else is a script ---------------------------------------------------------------

help: ## list the targets
	@echo 'all            build the module and the install scripts (PG_CONFIG=... picks another PostgreSQL)'
	@echo 'install        install both extensions (DESTDIR= is honoured)'
	@echo 'installcheck   run pg_regress against the server that PGHOST and PGPORT name'
	@echo 'clean          remove what was built'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1 \2/p' Makefile | while read -r t d; do printf '%-14s %s\n' "$$t" "$$d"; done

setup: ## install what a build, the tests and the demo need, and nothing else
	@scripts/setup.sh

demo: ## build, start throw-away servers, walk through every capability (FERRY_DEMO_DATA=dir: other CSVs)
	@scripts/demo.sh

stop: ## stop the servers of the demo
	@scripts/stop.sh

test: ## run every test: unit, exports, pg_regress, isolation, HTTP, crashes, replication
	@scripts/test.sh

bench: ## print side-by-side ratios of loads, batches, backups, restores, metrics and the API, each from one run (50 minutes; see the heads of bench/*.sh)
	@bench/load.sh clean dirty wide large pgloader && bench/json.sh batch single callers && bench/backup.sh && bench/restore.sh && bench/metrics.sh metrics rollup writes loads && bench/http.sh

lint: ## layering, formatting, clang-tidy on the core, one version everywhere
	@scripts/lint.sh

format: ## rewrite our C++ in the house format
	@scripts/format.sh

.PHONY: $(script_goals)
