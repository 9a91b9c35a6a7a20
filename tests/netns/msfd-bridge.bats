#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# msfd and a Linux bridge as querier and snooping switch, who lets through only what
# it was asked for. The programs are unmodified, with the shim, on a kernel that only
# has any-source joins; another host's own kernel does the same things beside them.

load msfd-lab

setup() {
	lab_setup
}

teardown() {
	lab_teardown
}

@test "random histories: the switch knows, and lets through, what both hosts want" {
	start_msfd
	start_capture history
	run_history "$sw" "$tx"
	assert_success
	stop_capture
	assert_clean
	# Its kernel, which is held at the older versions, is silent.
	assert_equal \
		"$(frames 'igmp.type in {0x16, 0x17} or icmpv6.type in {131, 132}')" ""
}

@test "random histories with a switch of IGMPv2 and MLDv1, which becomes a newer one" {
	local set="ip -n $sw link set dev br0 type bridge"

	start_msfd
	[ "$subject" = kernel ] || agent tune older_interval 3
	start_capture history
	ask_anew mcast_query_interval 100 mcast_query_response_interval 50 \
		mcast_membership_interval 250 mcast_igmp_version 2 mcast_mld_version 1
	wait_for speaks IGMP 2
	wait_for speaks MLD 1
	run_history --quiet 3 --older \
		--then "$set mcast_igmp_version 3 mcast_mld_version 2
		$set mcast_querier 0; $set mcast_querier 1" "$sw" "$tx"
	assert_success
	stop_capture
	assert_clean
}

@test "with a querier of IGMPv2 and MLDv1 it speaks these, and afterwards its own again" {
	ask_anew mcast_query_interval 100 mcast_query_response_interval 50 \
		mcast_membership_interval 250
	start_capture older
	start_msfd
	[ "$subject" = kernel ] || agent tune older_interval 3
	hold 239.1.1.1,10.9.0.1 ff15::1,fd09::1
	both_known '239.1.1.1 include 10.9.0.1' 'ff15::1 include fd09::1'
	ask_anew mcast_igmp_version 2 mcast_mld_version 1
	wait_for speaks IGMP 2
	wait_for speaks MLD 1
	hold 239.1.1.2,10.9.0.2 ff15::2,fd09::2
	both_known '239.1.1.2 exclude' 'ff15::2 exclude'
	kill -KILL "$held" "$held_full"
	both_known 239.1.1.2 ff15::2
	ask_anew mcast_igmp_version 3 mcast_mld_version 2
	wait_for speaks IGMP 3
	wait_for speaks MLD 2
	both_known '239.1.1.1 include 10.9.0.1' 'ff15::1 include fd09::1'
	stop_capture
	assert_clean
	run -0 frames 'igmp.type in {0x16, 0x17} or icmpv6.type in {131, 132}' \
		igmp.type igmp.maddr ip.dst \
		icmpv6.type icmpv6.mld.multicast_address ipv6.dst
	assert_equal "$(grep -v ff02::1: <<< "$output" | tr -s '\t' ' ' |
		sed 's/^ //; s/ $//' | sort -u)" "\
0x16 239.1.1.1 239.1.1.1
0x16 239.1.1.2 239.1.1.2
0x17 239.1.1.2 224.0.0.2
131 ff15::1 ff15::1
131 ff15::2 ff15::2
132 ff15::2 ff02::2"
}

# counters: of msfd, with their values.
counters() {
	agent stats --json | jq -r '"\(.name) \(.value)"' |
		LC_ALL=C sort
}

# growth BEFORE AFTER WANTED: how the counters of WANTED have grown; "+" is as there.
growth() {
	LC_ALL=C join "$1" "$2" | LC_ALL=C join - "$3" |
		awk '{ n = $3 - $2; print $1, ($4 == "+" && n > 0 ? "+" : n) }'
}

@test "hostile queries do no harm, and are counted" {
	local filters=('239.1.1.1 include 10.9.0.1' '232.1.1.1 include 10.9.0.2'
		'ff15::1 include fd09::1' 'ff35::1 include fd09::2')

	ask_anew mcast_query_interval 100 mcast_query_response_interval 50 \
		mcast_membership_interval 250
	start_msfd
	hold 239.1.1.1,10.9.0.1 232.1.1.1,10.9.0.2 ff15::1,fd09::1 ff35::1,fd09::2
	both_known "${filters[@]}"
	start_capture hostile
	cd "$BATS_TEST_TMPDIR"
	[ "$subject" = kernel ] || counters > before
	in_sw "$netns_dir/hostile.py" rx 10.9.0.254 fe80::fe > wanted
	in_sw "$netns_dir/hostile.py" full 10.9.0.254 fe80::fe > /dev/null
	[ "$subject" = kernel ] || counters > after
	# For longer than the switch remembers what is not said again.
	both_know_for 4 "${filters[@]}"
	hold 239.1.1.1,10.9.0.3 ff15::1,fd09::3
	both_known '239.1.1.1 include 10.9.0.1 10.9.0.3' 'ff15::1 include fd09::1 fd09::3'
	stop_capture
	assert_clean
	# Some thousand questions, and not many answers.
	[ "$(frames 'igmp or icmpv6.type == 143' | wc -l)" -lt 150 ]
	[ "$subject" = kernel ] || assert_equal "$(growth before after wanted)" \
		"$(cat wanted)"
}
