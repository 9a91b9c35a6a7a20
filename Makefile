# SPDX-License-Identifier: BSD-2-Clause
# The usual words over meson. "make demo" and "make test" work on a fresh Debian.
#
# Root is needed for two things only: to install missing packages ("make deps"),
# and to make network namespaces, where a user namespace does as well.

BUILD = build
PREFIX = /usr/local
MESON_FLAGS =

# What tests/deep builds beside it.
DEEP_BUILDS = analyse coverage coverage-parts dist package ports-32 ports-big \
	ports-flags ports-musl reproducible tsan

all: deps-build $(BUILD)/build.ninja prefix ## the library and the tools
	ninja -C $(BUILD)

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1:/p' Makefile | \
		awk -F: '{ printf "make %-12s%s\n", $$1, $$2 }'

# A PREFIX that is given counts, whatever the build was configured with; without a word
# it stays as it is.
prefix: $(BUILD)/build.ninja
ifneq ($(origin PREFIX),file)
	@grep -qF '"name": "prefix", "value": "$(PREFIX)"' \
		$(BUILD)/meson-info/intro-buildoptions.json || \
		meson configure --prefix=$(PREFIX) $(BUILD)
endif

# The tests need more packages than the tools: "make test" adds them.
$(BUILD)/build.ninja:
	meson setup --prefix=$(PREFIX) --libdir=lib -Dtests=false $(MESON_FLAGS) $(BUILD)

# Everything that building, the demo and the tests need.
deps: deps-test

deps-build deps-bench deps-demo deps-test deps-peers deps-deep deps-package:
	@.ci/deps $(@:deps-%=%)

demo: deps-demo all ## one source of three, received on real traffic
	.ci/namespace examples/demo.sh $(BUILD)

demo-compat: deps-demo all ## the same on a kernel without source filters
	.ci/namespace examples/demo-compat.sh $(BUILD)

# A shell on a receiving host, with a sending one behind a wire: docs/ has what to try.
lab: deps-demo all ## a shell in the lab of docs/
	@.ci/namespace examples/lab-shell.sh $(BUILD)

test: deps-test ## the tests, a quarter of an hour
	BUILD=$(BUILD) .ci/test

# What needs other builds and more time than "make test" should take: tests/deep.
test-deep: deps-deep ## what takes an hour and more
	BUILD=$(BUILD) .ci/test-deep

# Two of these alone: large programs of others (a browser, ffmpeg, routers), ...
test-peers: deps-peers ## beside large programs of others
	BUILD=$(BUILD) .ci/test-deep peers

# ... and which lines no test reaches.
coverage: deps-deep ## which lines no test reaches
	BUILD=$(BUILD) .ci/test-deep coverage

# Ten minutes of msfd while things go wrong; "make test" has twenty seconds of it.
soak: deps-test all ## ten minutes of msfd while things go wrong
	.ci/namespace env BUILD=$(BUILD) tests/netns/soak.py --seconds 600

# libFuzzer on each input of the library and its programs: tests/fuzz/README.md.
SECONDS = 60
fuzz: deps-test ## libFuzzer on each input, SECONDS=60 for each
	BUILD=$(BUILD)-fuzz tests/fuzz/run $(SECONDS)

# One table, and build/bench/report.json: ten minutes. "ninja -C build bench-NAME" shows
# what one program has to say, bench/report --quick takes less than three.
bench: deps-bench $(BUILD)/build.ninja ## beside setsockopt() and the peers
	ninja -C $(BUILD) bench

install: all ## below PREFIX=/usr/local
	meson install -C $(BUILD)

# But the configuration, which somebody may have changed.
uninstall: ## what "make install" has put there
	ninja -C $(BUILD) uninstall
	PATH=$$PATH:/usr/sbin:/sbin ldconfig || :

# Debian packages, in $(BUILD)-package.
package: deps-package ## Debian packages
	.ci/package $(BUILD)-package -b

clean: ## what was built
	rm -rf $(BUILD) \
		$(addprefix $(BUILD)-,clang asan fuzz $(DEEP_BUILDS))

.NOTPARALLEL:
.PHONY: all deps deps-build deps-bench deps-demo deps-test deps-peers deps-deep \
	deps-package demo demo-compat test test-deep test-peers coverage soak fuzz bench \
	install uninstall package clean help prefix
