# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the builds for other processors share: the libraries of another architecture of
# Debian in a directory of their own. They come from the sources that apt has on this
# machine, and neither its packages nor its architectures change: apt gets a state of
# its own.
. .ci/steps.sh

unset CC CFLAGS LDFLAGS

# fetch_root ARCHITECTURE DIRECTORY: DIRECTORY/root has all that libmsf is built with.
fetch_root() {
	local arch=$1 dir=$2 package link target apt
	local packages=(libc6-dev libgcc-12-dev libnl-3-dev libnl-route-3-dev
		libnl-idiag-3-dev libpopt-dev libjansson-dev libedit-dev libnftables-dev
		libncurses-dev libmicrohttpd-dev libcap-ng-dev libinih-dev
		libsystemd-dev)

	rm -rf "$dir" && mkdir -p "$dir/root" "$dir/state/lists/partial" \
		"$dir/cache/archives/partial" && : > "$dir/state/status" || return 1
	apt=(apt-get -qq -y -o "APT::Architecture=$arch" -o "APT::Architectures::=$arch"
		-o "Dir::State=$dir/state" -o "Dir::State::status=$dir/state/status"
		-o "Dir::Cache=$dir/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User=
		-o APT::Install-Recommends=false)
	# Sources that have nothing for this architecture fail, which is no matter.
	"${apt[@]}" update > "$dir/update.log" 2>&1
	"${apt[@]}" --download-only install "${packages[@]}" || {
		cat "$dir/update.log"
		return 1
	}
	for package in "$dir"/cache/archives/*.deb; do
		dpkg-deb -x "$package" "$dir/root" || return 1
	done
	rm -rf "$dir/cache" "$dir/state"
	# The linker would follow these to the libraries of this machine.
	find "$dir/root" -type l -lname '/*' | while read -r link; do
		target=$(readlink "$link")
		ln -sfn "$dir/root$target" "$link"
	done
}

# configure NAME OPTION...: with $dir/NAME.ini, whose text is read from here.
configure() {
	local name=$1

	shift
	cat > "$dir/$name.ini"
	meson setup --cross-file "$dir/$name.ini" "$@" "$dir/$name"
}

# Sets names and programs: the tests that ask nothing of the system, and their targets.
find_pure_tests() {
	local file

	names=(base abi message)
	programs=("${names[@]/#/tests/unit/test-}")
	for file in tests/engine/test-*.c; do
		file=${file%.c}
		[ "${file##*/}" = test-capture ] && continue # the kernel's suite
		programs+=("$file")
		names+=("engine-${file##*/test-}")
	done
}
