#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# Programs that we did not write, through the preload shim on a system that offers no
# more than any-source joins: each gets the packets of the source it asked for and of no
# other, and fails in the same words as on this kernel, which has source filters and is
# the referee.

load receivers/receivers

setup_file() {
	receivers_setup
}

teardown_file() {
	net_teardown
}

@test "the packets of all sources arrive where nothing is filtered" {
	for system in "${systems[@]}" "bare ENOPROTOOPT"; do
		run on "$system" "$receivers/receive.py" --count 150 232.1.1.1 5000 \
			10.9.0.100 join
		assert_success
		for i in 1 2 3; do
			[ "$(grep -cx "$i" <<< "$output")" -ge 10 ]
		done
	done
}

@test "mcfirst gets the source it asks for" {
	for system in "${systems[@]}"; do
		run on "$system" mcfirst -4 -I eth0 -c 20 10.9.0.2 232.1.1.1 5000
		assert_success
		assert_equal "$(tally "$mcfirst_sources")" "20 10.9.0.2"
		run on "$system" mcfirst -6 -I eth0 -c 20 fd09::2 ff3e::1 5000
		assert_success
		assert_equal "$(tally "$mcfirst_sources")" "20 fd09::2"
	done
	needs_shim mcfirst -4 -I eth0 10.9.0.2 232.1.1.1 5000
	needs_shim mcfirst -6 -I eth0 fd09::2 ff3e::1 5000
}

@test "mcfirst fails as on a kernel with source filters" {
	# No route says which interface.
	same mcfirst -4 10.9.0.1 232.1.1.1 5000
	assert_equal "$status" 1
	assert_output --partial 'No such device'
	same mcfirst -4 -I nosuch 10.9.0.1 232.1.1.1 5000
	assert_equal "$status" 1
	same mcfirst -4 -I eth0 -t 1 10.9.0.77 232.1.1.1 5000
	assert_equal "$status" 1
	assert_output --partial '0 packets received'
}

@test "ssmping gets the answers of the source, IPv4 and IPv6" {
	local expected=() words source

	start_ssmpingd
	# All at once: each takes a second.
	for system in "${systems[@]}"; do
		for source in 10.9.0.1 fd09::1; do
			start_on "$system" ssmping -I eth0 -c 1 "$source"
			expected+=("$pid $out $source")
		done
	done
	for words in "${expected[@]}"; do
		read -r pid out source <<< "$words"
		wait "$pid"
		run cat "$out"
		assert_line --regexp "^multicast from $source, seq=1 "
	done
	needs_shim ssmping -4 -I eth0 -c 1 10.9.0.1
	needs_shim ssmping -6 -I eth0 -c 1 fd09::1
	same ssmping -4 -I nosuch -c 1 10.9.0.1
	assert_failure
}


# IPv4 addresses as socket options have them.
group=e8010101 interface=0a090064 source1=0a090001 source2=0a090002

# longs HEX...: 8 bytes each, in the order of memory, as socat reads them (it knows
# decimal numbers only, and no longer text than 512 bytes).
longs() {
	local hex

	for hex in "$@"; do
		printf 'l%d' "0x$(fold -w 2 <<< "$hex" | tac | tr -d '\n')"
	done
}

# sockaddr HEX...: as struct sockaddr_storage.
sockaddr() {
	local n

	longs "$@"
	for ((n = $#; n < 16; n++)); do
		printf l0
	done
}

# group_source_req GROUP SOURCE: as bytes of a struct sockaddr_in, or _in6.
group_source_req() {
	printf 'i%s' "$(in_rx cat /sys/class/net/eth0/ifindex)" 0
	# shellcheck disable=SC2086 # several words each
	printf %s "$(sockaddr $1)" "$(sockaddr $2)"
}

@test "socat with the options of IPv4 as raw bytes" {
	local add=setsockopt-listen=0:39:x$group$interface block unblock
	local join=ip-add-membership=232.1.1.1:10.9.0.100

	block=setsockopt-listen=0:38:x$group$interface
	unblock=setsockopt-listen=0:37:x$group$interface
	for system in "${systems[@]}"; do
		hear "$system" "20 10.9.0.1" "UDP4-RECV:5000,$add$source1"
		hear "$system" "20 10.9.0.3" \
			"UDP4-RECV:5000,$join,$block$source1,$block$source2"
		hear "$system" "20 10.9.0.2" "UDP4-RECV:5000,$join,$(printf '%s,' \
			"$block"0a09000{1,2,3})$unblock$source2"
	done
	needs_shim socat -u "UDP4-RECV:5000,$add$source1" -
	same socat -u "UDP4-RECV:5000,$add$source1,$add$source1" -
	assert_output --partial 'Cannot assign requested address'
	same socat -u "UDP4-RECV:5000,$block$source1" -
	assert_output --partial 'Invalid argument'
	same socat -u "UDP4-RECV:5000,$join,$join" -
	assert_output --partial 'Address already in use'
	# An address that no interface has.
	same socat -u "UDP4-RECV:5000,setsockopt-listen=0:39:x${group}0a090077$source1" -
	assert_output --partial 'No such device'
}

@test "socat with MCAST_JOIN_SOURCE_GROUP as raw bytes, IPv4 and IPv6" {
	local group4='02000000e8010101' source4='020000000a090001'
	local group6='0a00000000000000 ff3e000000000000 0000000000000001'
	local source6='0a00000000000000 fd09000000000000 0000000000000001'
	local join4 join6 source1_long=fd09:0000:0000:0000:0000:0000:0000:0001

	join4=setsockopt-listen=0:46:$(group_source_req "$group4" "$source4")
	join6=setsockopt-listen=41:46:$(group_source_req "$group6" "$source6")
	for system in "${systems[@]}"; do
		hear "$system" "20 10.9.0.1" "UDP4-RECV:5000,$join4"
		hear "$system" "20 ${source1_long}" "UDP6-RECV:5000,$join6"
	done
	needs_shim socat -u "UDP4-RECV:5000,$join4" -
	needs_shim socat -u "UDP6-RECV:5000,$join6" -
	same socat -u "UDP6-RECV:5000,$join6,$join6" -
	assert_output --partial 'Cannot assign requested address'
}

@test "iperf --ssm-host gets the client that is this source" {
	for system in "${systems[@]}"; do
		hear_iperf "$system" 10.9.0.1 10.9.0.2
	done
	wait_for iperf_says 'mcast join source group failed: Protocol not available' \
		"bare ENOPROTOOPT" 232.1.1.1%eth0 --ssm-host 10.9.0.1
}

# iperf_says SENTENCE SYSTEM OPTION...: now. What else it says and how it ends when it
# cannot join is not always the same, shim or not: at times it ends in its own code.
iperf_says() {
	LIMIT=1 run on "$2" iperf -s -u -B "${@:3}"
	grep -qaxF "$1" <<< "$output"
}

@test "iperf fails as on a kernel with source filters" {
	for system in "${systems[@]}"; do
		wait_for iperf_says 'mcast if_nametoindex failed: No such device' \
			"$system" 232.1.1.1%nosuch --ssm-host 10.9.0.1
		wait_for iperf_says 'mcast join source pton failed: Success' \
			"$system" 232.1.1.1%eth0 --ssm-host fd09::1
	done
}

@test "multicat SOURCE@GROUP writes the packets of the source" {
	local item=10.9.0.1@232.1.1.1:5002/ifaddr=10.9.0.100

	send_large
	for system in "${systems[@]}"; do
		hear_multicat "$system" 1 "$item"
	done
	needs_shim multicat -u -U "$item" "$BATS_TEST_TMPDIR/bare.ts"
	same multicat -u -U 10.9.0.1@232.1.1.1:5000/ifaddr=10.9.0.77 /dev/null
	assert_output --partial "couldn't join multicast group (No such device)"
	same multicat -u -U 10.9.0.1@232.1.1.1:5000 /dev/null
	assert_output --partial "couldn't join multicast group (No such device)"
}
