# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# What the demos and the lab's shell share: throw-away network namespaces, and what runs
# in them. A script names itself in $name and sources this. Whatever was made or started
# here has gone when it ends.

work=$(mktemp -d)
pids=()
namespaces=()

# shellcheck disable=SC2317 # called by the trap
lab_clean_up() {
	local netns

	trap - EXIT
	stop_from 0
	for netns in "${namespaces[@]}"; do
		# What a shell there left behind.
		ip netns pids "$netns" 2>/dev/null | xargs -r kill -KILL 2>/dev/null
		ip netns del "$netns" 2>/dev/null
	done
	rm -rf "$work"
}
trap lab_clean_up EXIT
trap 'exit 1' INT TERM HUP

fail() {
	echo "$name: $1" >&2
	exit 1
}

# stop_from N: ends what was started, but for the first N.
stop_from() {
	local pid

	for pid in "${pids[@]:$1}"; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	pids=("${pids[@]:0:$1}")
}

add_namespaces() {
	local netns

	for netns in "$@"; do
		ip netns add "$netns" ||
			fail "cannot make network namespaces: run it as root, or by make"
		namespaces+=("$netns")
		ip -n "$netns" link set lo up
		# A new namespace takes it from the host.
		ip netns exec "$netns" sysctl -qw net.ipv4.conf.all.rp_filter=0 \
			net.ipv4.conf.default.rp_filter=0
	done
}

# connect NAMESPACE NAMESPACE [INTERFACE]: a veth pair; eth0 in the first, and in the
# second unless told otherwise.
connect() {
	local there=${3:-eth0}

	ip -n "$1" link add eth0 type veth peer name "$there" netns "$2" ||
		fail "cannot make a veth pair"
	# The addresses are ours alone: they can be used at once.
	ip netns exec "$1" sysctl -qw net.ipv6.conf.eth0.accept_dad=0
	ip netns exec "$2" sysctl -qw "net.ipv6.conf.$there.accept_dad=0"
	ip -n "$1" link set eth0 up
	ip -n "$2" link set "$there" up
}

# add_addresses NAMESPACE N...: 10.9.0.N and fd09::N at eth0.
add_addresses() {
	local netns=$1 n

	shift
	for n in "$@"; do
		ip -n "$netns" address add "10.9.0.$n/24" dev eth0
		ip -n "$netns" address add "fd09::$n/64" dev eth0 nodad
	done
}

# need_files FILE...: that the build has made.
need_files() {
	local file

	for file in "$@"; do
		[ -e "$file" ] || fail "$file is missing: run make first"
	done
}
