#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# What mjoin makes the host say on the wire, judged by tshark: a source-specific join
# is one, in IPv6 as in IPv4; no report opens the group to every source, not even
# for a moment (RFC 4607 4.2).

load common

setup() {
	net_setup
	wire=$BATS_TEST_TMPDIR/wire
}

teardown() {
	net_teardown
}

start_capture() {
	rm -f "$wire.log"
	ip netns exec "$tx" tcpdump -U --immediate-mode -n -i eth0 -Z root -w "$wire" \
		'igmp or ip6' 2> "$wire.log" 3>&- &
	capture=$!
	pids+=("$capture")
	wait_for grep -q 'listening on' "$wire.log"
}

stop_capture() {
	kill -INT "$capture"
	wait_for is_over "$capture"
}

# records mld|igmp GROUP: the records for a group, a line each: type and number of
# sources. A report can hold records for other groups.
records() {
	local type=igmp.record_type group=igmp.maddr

	if [ "$1" = mld ]; then
		type=icmpv6.mldr.mar.record_type
		group=icmpv6.mldr.mar.multicast_address
	fi
	tshark -r "$wire" -Y "$group" -T fields -E separator=' ' -e "$type" -e "$group" \
		2> /dev/null | awk -v group="$2" '{
			n = split($1, types, ",")
			split($2, groups, ",")
			for (i = 1; i <= n; i++)
				if (groups[i] == group)
					print types[i]
		}'
}

# has_records mld|igmp GROUP TYPE COUNT
has_records() {
	[ "$(records "$1" "$2" | grep -cx "$3")" -ge "$4" ]
}

# sources mld|igmp GROUP: of all reports that name the group.
sources() {
	local group=igmp.maddr source=igmp.saddr

	if [ "$1" = mld ]; then
		group=icmpv6.mldr.mar.multicast_address
		source=icmpv6.mldr.mar.source_address
	fi
	tshark -r "$wire" -Y "$group == $2" -T fields -e "$source" 2> /dev/null |
		tr , '\n' | sort -u
}

is_well_formed() {
	[ -z "$(tshark -r "$wire" -Y _ws.malformed 2> /dev/null)" ]
}

# Record types are 5 ALLOW and 6 BLOCK; 2 and 4 are those of EXCLUDE (RFC 3376 4.2.12,
# RFC 3810 5.2.12). A change is reported twice: the robustness is 2.

@test "an IPv6 source join is source-specific on the wire, and so is its end" {
	start_capture
	start_mjoin -s fd09::1 '[ff3e::4321:1]:5000' eth0
	wait_for has_records mld ff3e::4321:1 5 2
	stop_mjoin
	wait_for has_records mld ff3e::4321:1 6 2
	stop_capture
	assert_equal "$(records mld ff3e::4321:1 | sort -u)" "5
6"
	assert_equal "$(sources mld ff3e::4321:1)" fd09::1
	is_well_formed
}

@test "an IPv4 source join is source-specific on the wire, and so is its end" {
	start_capture
	start_mjoin -s 10.9.0.1,10.9.0.2 232.77.1.1:5000 eth0
	wait_for has_records igmp 232.77.1.1 5 2
	stop_mjoin
	wait_for has_records igmp 232.77.1.1 6 2
	stop_capture
	assert_equal "$(records igmp 232.77.1.1 | sort -u)" "5
6"
	assert_equal "$(sources igmp 232.77.1.1)" "10.9.0.1
10.9.0.2"
	is_well_formed
}

has_all_sources() {
	[ "$(sources igmp 232.77.1.2 | wc -l)" = 12 ]
}

@test "sources that are spread over sockets are one source list for the router" {
	start_capture
	start_mjoin -s "$(echo 10.9.0.{1..12} | tr ' ' ,)" 232.77.1.2:5000 eth0
	wait_for has_all_sources
	stop_capture
	assert_equal "$(records igmp 232.77.1.2 | sort -u)" 5
	stop_mjoin
}

@test "an exclude list goes to the router as one" {
	start_capture
	start_mjoin -x fd09::1 '[ff1e::4321:2]:5000' eth0
	wait_for has_records mld ff1e::4321:2 4 1
	wait_for eval '[ "$(sources mld ff1e::4321:2)" = fd09::1 ]'
	stop_capture
	stop_mjoin
}
