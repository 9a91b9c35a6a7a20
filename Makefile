# SPDX-License-Identifier: BSD-2-Clause
# The usual words over meson. "make demo" and "make test" work on a fresh Debian.
#
# Root is needed for two things only: to install missing packages ("make deps"),
# and to make network namespaces, where a user namespace does as well.

BUILD = build
PREFIX = /usr/local
MESON_FLAGS =

all: deps-build $(BUILD)/build.ninja
	ninja -C $(BUILD)

# The tests need more packages than the tools: "make test" adds them.
$(BUILD)/build.ninja:
	meson setup --prefix=$(PREFIX) --libdir=lib -Dtests=false $(MESON_FLAGS) $(BUILD)

# Everything that building, the demo and the tests need.
deps: deps-test

deps-build deps-bench deps-demo deps-test deps-peers:
	@.ci/deps $(@:deps-%=%)

demo: deps-demo all
	.ci/namespace examples/demo.sh $(BUILD)

# The same on a kernel that has no source filters, with a switch that snoops.
demo-compat: deps-demo all
	.ci/namespace examples/demo-compat.sh $(BUILD)

test: deps-test
	BUILD=$(BUILD) .ci/test

# Heavy tests, with large programs of others (a browser, ffmpeg).
test-peers: deps-peers
	BUILD=$(BUILD) .ci/test peers

# Ten minutes of msfd while things go wrong; "make test" has twenty seconds of it.
soak: deps-test all
	.ci/namespace env BUILD=$(BUILD) tests/netns/soak.py --seconds 600

bench: deps-bench $(BUILD)/build.ninja
	ninja -C $(BUILD) bench
	ninja -C $(BUILD) bench-flip
	ninja -C $(BUILD) bench-asm
	ninja -C $(BUILD) bench-engine
	ninja -C $(BUILD) bench-msfd
	ninja -C $(BUILD) bench-state
	ninja -C $(BUILD) bench-mwatch

install: all
	meson install -C $(BUILD)

clean:
	rm -rf $(BUILD) $(BUILD)-clang $(BUILD)-asan

.NOTPARALLEL:
.PHONY: all deps deps-build deps-bench deps-demo deps-test deps-peers demo demo-compat \
	test test-peers soak bench install clean
