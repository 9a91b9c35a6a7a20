# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the test programs share: steps that are told and counted, builds, and runs of
# meson's tests. status becomes 1 with the first step that fails, and stays so.
set -u

# shellcheck disable=SC2034 # used by those who read this file
status=0

# step NAME COMMAND...: says what it does, and does it.
step() {
	local name=$1
	shift
	echo "== $name: $*"
	"$@" && return 0
	echo "== $name: FAILED" >&2
	# shellcheck disable=SC2034 # as above
	status=1
	return 1
}

# setup DIRECTORY OPTION...: configures it, or takes it as it is.
setup() {
	local dir=$1
	shift
	[ -e "$dir/build.ninja" ] || meson setup "$@" "$dir"
}

# Else files that root has made would stay in the tree.
export PYTHONDONTWRITEBYTECODE=1

# Root makes network namespaces and captures what is on the wire (tcpdump changes
# its user, which a user namespace does not allow). Nothing else runs as root.
as_root=()
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "libmsf: root is needed, only for network namespaces and captures:" \
			"run the tests as root" >&2
		exit 1
	fi
	as_root=(sudo -E)
fi

# What failed, with the comments before it (our own programs) and behind it (bats):
# meson itself prints only the names.
show_failures() {
	awk '/^#/ {
			if (n > 0) {
				print
				n--
			} else if (n_kept < 25) {
				kept[n_kept++] = $0
			}
			next
		}
		/^not ok/ {
			for (i = 0; i < n_kept; i++)
				print kept[i]
			print
			n = 25
		}
		!/^not ok/ { n = 0 }
		{ n_kept = 0 }' "$1"
}

# run_tests DIRECTORY OPTION...
run_tests() {
	local dir=$1

	shift
	"${as_root[@]}" meson test -C "$dir" --no-rebuild --print-errorlogs "$@" &&
		return 0
	show_failures "$dir/meson-logs/testlog.txt"
	return 1
}
