#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# msfd --suppress-kernel: the kernel's own reports are kept off the wire, and msfd reports
# what the kernel and programs that tell nobody have joined. The kernel of $rx speaks
# IGMPv2 and MLDv1, msfd IGMPv3 and MLDv2, so that it is seen who says something.

load msfd-lab

setup() {
	lab_setup
	holder=
}

teardown() {
	lab_teardown
}

KERNEL='igmp.type in {0x12, 0x16, 0x17} or icmpv6.type in {131, 132}'

# The group to which $tx asks where fd09::64 is.
ADDRESS=icmpv6.mldr.mar.multicast_address
NEIGHBOUR="$ADDRESS == ff02::1:ff00:64"

# What msfd drops, by nobody who reports instead.
NOBODY='add table inet nobody
add chain inet nobody output { type filter hook output priority filter; }
add rule inet nobody output igmp type { 0x12, 0x16, 0x17, 0x22 } drop
add rule inet nobody output icmpv6 type { 131, 132, 143 } drop'

# hold GROUP...: plain joins of a program without libmsf, one socket each.
hold() {
	local words=() group

	for group in "$@"; do
		[[ $group == *:* ]] && words+=(socket udp6) || words+=(socket udp4)
		words+=(join "$group" eth0)
	done
	start_holder python3 "$netns_dir/hold.py" "${words[@]}"
}

start_holder() {
	n_started=$((n_started + 1))
	ip netns exec "$rx" "$@" < /dev/null \
		> "$BATS_TEST_TMPDIR/hold.$n_started" 2>&1 3>&- &
	holder=$!
	pids+=("$holder")
	wait_for grep -q ready "$BATS_TEST_TMPDIR/hold.$n_started"
}

drop() {
	kill -KILL "$holder"
	wait "$holder" 2> /dev/null || true
}

# forwards GROUP: does the switch send the group to $rx?
forwards() {
	bridge -n "$sw" mdb show dev br0 | grep -q "port rx grp $1 "
}

forwards_none() {
	! forwards "$1"
}

# includes GROUP SOURCE, excludes_nothing GROUP: what the switch sends to $rx of it.
includes() {
	bridge -n "$sw" -d mdb show dev br0 |
		grep -q "port rx grp $1 .*filter_mode include.*source_list $2/"
}

excludes_nothing() {
	bridge -n "$sw" -d mdb show dev br0 |
		grep "port rx grp $1 " | grep -q "filter_mode exclude"
}

# heard FILTER [COUNT]: from $rx, at least so often.
heard() {
	[ "$(frames "$1" | wc -l)" -ge "${2:-1}" ]
}

# record_types GROUP...: of each record about one of them that $rx has sent. A report may
# have many records.
record_types() {
	frames "igmp.type == 0x22 or icmpv6.type == 143" igmp.record_type igmp.maddr \
		icmpv6.mldr.mar.record_type icmpv6.mldr.mar.multicast_address |
		awk -F '\t' -v groups="$*" '
			BEGIN {
				n = split(groups, list, " ")
				for (; n; n--)
					asked[list[n]]
			}
			{
				split($1 == "" ? $3 : $1, type, ",")
				n = split($1 == "" ? $4 : $2, group, ",")
				for (i = 1; i <= n; i++)
					if (group[i] in asked)
						print type[i]
			}'
}

# is_current GROUP COUNT: $rx has answered so many queries with it.
is_current() {
	[ "$(record_types "$1" | grep -cE '^(1|2)$')" -ge "$2" ]
}

# knows_no_neighbour: $tx forgets where $rx is, so that the next packet has to ask.
knows_no_neighbour() {
	ip -n "$tx" neigh flush dev eth0
}

reaches() {
	knows_no_neighbour
	in_tx ping -6 -q -n -c 1 -W 1 "$1" > /dev/null
}

reaches_not() {
	! reaches "$1"
}

has_table() {
	in_rx nft list tables | grep -q 'inet msfd'
}

has_no_table() {
	! has_table
}

@test "only msfd is heard while the kernel is kept quiet, and only the kernel before" {
	start_capture before
	hold 239.1.1.1 ff15::1
	wait_for heard "igmp.type == 0x16 and igmp.maddr == 239.1.1.1"
	wait_for heard "icmpv6.type == 131 and icmpv6.mld.multicast_address == ff15::1"
	drop
	stop_capture

	start_msfd
	start_capture after
	hold 239.1.1.2 ff15::2
	wait_for forwards 239.1.1.2
	wait_for forwards ff15::2
	drop
	wait_for forwards_none 239.1.1.2
	wait_for forwards_none ff15::2
	stop_capture
	assert_equal "$(frames "$KERNEL")" ""
	assert_clean
}

@test "a stranger's join is reported, those of link-local groups too" {
	start_msfd
	start_capture stranger
	hold 239.1.1.3 224.0.0.251 ff15::3 ff02::fb
	wait_for heard "igmp.type == 0x22 and igmp.maddr == 239.1.1.3"
	wait_for heard "igmp.type == 0x22 and igmp.maddr == 224.0.0.251"
	wait_for heard "$ADDRESS == ff15::3"
	wait_for heard "$ADDRESS == ff02::fb"
	wait_for forwards 239.1.1.3
	wait_for forwards ff02::fb
	assert_equal "$(frames "$KERNEL")" ""
}

@test "a program that tells msfd is no stranger, until one joins beside it" {
	start_msfd
	start_capture told
	start_holder "${asm_program[@]}" python3 "$netns_dir/hold.py" \
		socket udp4 source 232.1.1.1 eth0 10.9.0.1 \
		socket udp6 source ff15::1 eth0 fd09::1
	wait_for includes 232.1.1.1 10.9.0.1
	wait_for includes ff15::1 fd09::1
	# Two queries later.
	wait_for is_current 232.1.1.1 2
	wait_for is_current ff15::1 2
	assert_equal "$(record_types 232.1.1.1 ff15::1 | grep -cE '^(2|4)$')" 0

	hold ff15::1
	wait_for excludes_nothing ff15::1
	drop
	wait_for includes ff15::1 fd09::1
	includes 232.1.1.1 10.9.0.1
}

@test "when msfd is killed the kernel speaks again" {
	start_msfd
	wait_for has_table
	kill -KILL "$msfd"
	wait_for is_over "$msfd"
	msfd=
	wait_for has_no_table
	start_capture killed
	hold 239.1.1.4 ff15::4
	wait_for heard "igmp.type == 0x16 and igmp.maddr == 239.1.1.4"
	wait_for heard "icmpv6.type == 131 and icmpv6.mld.multicast_address == ff15::4"
}

# So the tests that follow can fail.
@test "neighbour discovery does not work behind the switch when nobody reports" {
	wait_for reaches fd09::64
	in_rx nft "$NOBODY"
	wait_for forwards_none ff02::1:ff00:64
	run reaches fd09::64
	assert_failure
	in_rx nft delete table inet nobody
	wait_for reaches fd09::64
}

@test "neighbour discovery works behind the switch when msfd reports" {
	start_msfd
	start_capture discovery
	# The switch forgets after five seconds what nobody reports: four queries later it
	# has all from msfd.
	wait_for is_current ff02::1:ff00:64 4
	reaches fd09::64
	assert_equal "$(frames "$KERNEL")" ""

	# An address of later, and one that goes.
	ip -n "$rx" address add fd09::77:1234/64 dev eth0 nodad
	wait_for forwards ff02::1:ff77:1234
	reaches fd09::77:1234
	ip -n "$rx" address del fd09::77:1234/64 dev eth0
	wait_for forwards_none ff02::1:ff77:1234
	reaches fd09::64
}

@test "neighbour discovery survives the end of msfd and its next start" {
	wait_for reaches fd09::64
	start_msfd
	start_capture restart
	wait_for heard "$NEIGHBOUR"
	stop_msfd
	reaches fd09::64
	start_msfd
	reaches fd09::64
	assert_equal "$(record_types ff02::1:ff00:64 | grep -c 3)" 0
}

@test "keeping the kernel quiet needs CAP_NET_ADMIN, and msfd says so" {
	run ip netns exec "$rx" setpriv --bounding-set -net_admin --inh-caps -net_admin \
		"${MSFD:-msfd}" --foreground --suppress-kernel --no-journal
	assert_failure
	assert_output --partial "CAP_NET_ADMIN"
	run has_table
	assert_failure
}

@test "a second msfd cannot keep the same kernel quiet, and says why" {
	start_msfd
	run in_rx timeout "$DEADLINE" "${MSFD:-msfd}" --foreground --suppress-kernel \
		--no-journal --socket "$BATS_TEST_TMPDIR/second.sock"
	assert_failure
	assert_output --partial "inet msfd"
	wait_for has_table
}
