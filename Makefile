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

all: deps-build $(BUILD)/build.ninja
	ninja -C $(BUILD)

# The tests need more packages than the tools: "make test" adds them.
$(BUILD)/build.ninja:
	meson setup --prefix=$(PREFIX) --libdir=lib -Dtests=false $(MESON_FLAGS) $(BUILD)

# Everything that building, the demo and the tests need.
deps: deps-test

deps-build deps-bench deps-demo deps-test deps-peers deps-deep deps-package:
	@.ci/deps $(@:deps-%=%)

demo: deps-demo all
	.ci/namespace examples/demo.sh $(BUILD)

# The same on a kernel that has no source filters, with a switch that snoops.
demo-compat: deps-demo all
	.ci/namespace examples/demo-compat.sh $(BUILD)

# A shell on a receiving host, with a sending one behind a wire: docs/ has what to try.
lab: deps-demo all
	@.ci/namespace examples/lab-shell.sh $(BUILD)

test: deps-test
	BUILD=$(BUILD) .ci/test

# What needs other builds and more time than "make test" should take: tests/deep.
test-deep: deps-deep
	BUILD=$(BUILD) .ci/test-deep

# Two of these alone: large programs of others (a browser, ffmpeg, routers), ...
test-peers: deps-peers
	BUILD=$(BUILD) .ci/test-deep peers

# ... and which lines no test reaches.
coverage: deps-deep
	BUILD=$(BUILD) .ci/test-deep coverage

# Ten minutes of msfd while things go wrong; "make test" has twenty seconds of it.
soak: deps-test all
	.ci/namespace env BUILD=$(BUILD) tests/netns/soak.py --seconds 600

# libFuzzer on each input of the library and its programs: tests/fuzz/README.md.
SECONDS = 60
fuzz: deps-test
	BUILD=$(BUILD)-fuzz tests/fuzz/run $(SECONDS)

# One table, and build/bench/report.json: ten minutes. "ninja -C build bench-NAME" shows
# what one program has to say, bench/report --quick takes less than three.
bench: deps-bench $(BUILD)/build.ninja
	ninja -C $(BUILD) bench

install: all
	meson install -C $(BUILD)

# Debian packages, in $(BUILD)-package.
package: deps-package
	.ci/package $(BUILD)-package -b

clean:
	rm -rf $(BUILD) \
		$(addprefix $(BUILD)-,clang asan fuzz $(DEEP_BUILDS))

.NOTPARALLEL:
.PHONY: all deps deps-build deps-bench deps-demo deps-test deps-peers deps-deep \
	deps-package demo demo-compat test test-deep test-peers coverage soak fuzz bench \
	install package clean
