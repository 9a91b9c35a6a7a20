#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# msfd and FRR's pimd, a router of IGMPv3 and IGMPv2, on a link of its own; another
# host's own kernel does the same things on another link.

netns_dir=$BATS_TEST_DIRNAME/../netns
load "$netns_dir/msfd-lab"

setup() {
	command -v vtysh > /dev/null || skip "FRR is not installed"
	router_setup
}

teardown() {
	[ -z "${sw:-}" ] || router_teardown
}

# $sw is the router here; its interfaces are rx and full.
router_setup() {
	local name

	lab_names
	frr=$(mktemp -d)
	chown frr:frr "$frr"
	printf 'netns add %s\n' "$sw" "$rx" "$full" | ip -batch -
	hold_kernel_back
	make_link rx 1
	make_link full 2
	ip -n "$sw" link set dev lo up
	for name in zebra pimd; do
		ip netns exec "$sw" "/usr/lib/frr/$name" -u frr -g frr \
			-i "$frr/$name.pid" -z "$frr/zserv" --vty_socket "$frr" -P 0 \
			-f /dev/null < /dev/null > "$frr/$name.log" 2>&1 3>&- &
		pids+=($!)
		wait_for [ -S "$frr/$name.vty" ]
	done
}

# make_link NAME NUMBER: between the router and that host.
make_link() {
	ip -n "$sw" link add name "$1" type veth peer name eth0 netns "${!1}"
	ip -n "$sw" address add "10.9.$2.1/24" dev "$1"
	ip -n "$sw" link set dev "$1" up
	ip -n "${!1}" address add "10.9.$2.100/24" dev eth0
	ip -n "${!1}" link set dev lo up
	ip -n "${!1}" link set dev eth0 up
}

router_teardown() {
	lab_teardown
	rm -r "$frr"
}

# route VERSION: IGMP of this version on both links.
route() {
	local name words=(configure)

	for name in rx full; do
		words+=("interface $name" 'ip pim' 'ip igmp' "ip igmp version $1"
			'ip igmp query-max-response-time 10' 'ip igmp query-interval 2'
			'ip igmp last-member-query-interval 1')
	done
	printf '%s\n' "${words[@]}" | vtysh --vty_socket "$frr" -d pimd > /dev/null
	wait_for asks "$1"
}

asks() {
	vtysh --vty_socket "$frr" -d pimd -c 'show ip igmp interface json' |
		jq -e "[.rx, .full] | all(.version == $1 and .querier)" > /dev/null
}

# groups INTERFACE: what the router itself says of it, but for times.
groups() {
	vtysh --vty_socket "$frr" -d pimd -c 'show ip igmp groups json' |
		jq -c "[.$1.groups[] | {group, mode, version, sourcesCount}] | sort"
	vtysh --vty_socket "$frr" -d pimd -c 'show ip igmp sources json' |
		jq -c "[.$1[]? | objects | [.group, (.sources[] | [.source, .forwarded])]]
			| sort"
}

@test "random histories: IGMPv3 pimd knows of both hosts what is right" {
	route 3
	start_msfd
	start_capture frr igmp
	run_history "frr=$frr" -
	assert_success
	stop_capture
	assert_equal "$(frames "$WRONG")" ""
}

known_by_frr() {
	python3 "$netns_dir/mdb.py" "frr=$frr" rx,full "$@"
}

@test "the groups and sources that IGMPv3 pimd shows are those of the kernel's host" {
	route 3
	start_msfd
	hold 239.1.1.1,10.9.0.1 232.1.1.1,10.9.0.2
	hold 239.1.1.1,10.9.0.3
	known_by_frr '239.1.1.1 include 10.9.0.1 10.9.0.3' '232.1.1.1 include 10.9.0.2'
	run groups rx
	assert_output "$(groups full)"
	assert_output --partial '"group":"239.1.1.1","mode":"INCLUDE","version":3'
}

@test "IGMPv2 pimd: it is answered in its version, and told of leaves" {
	route 2
	start_msfd
	start_capture frr igmp
	wait_for speaks IGMP 2
	hold 239.1.1.1,10.9.0.1
	hold 239.1.1.2,10.9.0.2
	known_by_frr '239.1.1.1 exclude' '239.1.1.2 exclude'
	assert_equal "$(groups rx)" "$(groups full)"
	kill -KILL "$held" "$held_full"
	known_by_frr 239.1.1.2 '239.1.1.1 exclude'
	stop_capture
	assert_equal "$(frames "$WRONG")" ""
	run -0 frames 'igmp.type != 0x16 and igmp.type != 0x17'
	assert_output ""
}

@test "random histories: IGMPv2 pimd knows the groups of both hosts" {
	route 2
	start_msfd
	wait_for speaks IGMP 2
	run_history --older "frr=$frr" -
	assert_success
}
