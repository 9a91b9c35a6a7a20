#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# The programs of examples/ on traffic: each does what its opening lines say.

load ../netns/common

setup() {
	net_setup
}

teardown() {
	net_teardown
}

# start EXAMPLE ARGUMENT...: in the receiving namespace; its words are in $out.
start() {
	out=$BATS_TEST_TMPDIR/out
	ip netns exec "$rx" "$EXAMPLES/$1" "${@:2}" < "${stdin:-/dev/null}" \
		> "$out" 2>&1 3>&- &
	example=$!
	pids+=("$example")
}

says() {
	grep -qE -- "$1" "$out"
}

ends() {
	wait_for is_over "$example"
	wait "$example"
}

@test "exclude blocks a source at its quota, and goes on with the others" {
	start exclude 239.1.1.1 5000 eth0 5
	wait_for says '^joined'
	keep_sending --source 10.9.0.1 --rate 500 239.1.1.1:5000 eth0
	wait_for says '^blocked 10.9.0.1$'
	is_alive "$example"
	send 10.9.0.2 --count 5 239.1.1.1:5000 eth0
	wait_for says '^blocked 10.9.0.2$'
	kill "${pids[1]}"
	ends
	assert_equal "$(sort "$out")" \
		"$(printf '%s\n' 'blocked 10.9.0.1' 'blocked 10.9.0.2' \
			'joined 239.1.1.1')"
}

@test "exclude, IPv6" {
	start exclude ff15::1 5000 eth0 3
	wait_for says '^joined'
	keep_sending --source fd09::1 '[ff15::1]:5000' eth0
	wait_for says '^blocked fd09::1$'
	ends
}

@test "fork: the filter outlives the process that made it" {
	start fork 232.1.1.1 10.9.0.1 5000 eth0
	ends
	assert_equal "$(cat "$out")" "parent: joined, handed over, ends"
	send 10.9.0.2,10.9.0.1 --count 3 232.1.1.1:5000 eth0
	wait_for says '^worker: 10.9.0.1'
	run ! says 10.9.0.2
	# It ends by itself, and the membership with it.
	wait_for left 232.1.1.1
	assert_equal "$(grep -c worker "$out")" 3
}

is_joined() {
	in_rx ip maddress show dev eth0 | grep -qw "$1"
}

left() {
	! is_joined "$1"
}

@test "full-state sets what each line says, and reads it back" {
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 7<> "$BATS_TEST_TMPDIR/in"
	stdin=$BATS_TEST_TMPDIR/in start full-state 239.1.1.1 5000 eth0
	echo "include 10.9.0.2 10.9.0.1" >&7
	wait_for says '^filter: include 10.9.0.1 10.9.0.2$'
	send 10.9.0.3,10.9.0.1 --count 1 239.1.1.1:5000 eth0
	wait_for says '^from 10.9.0.1$'
	run ! says 10.9.0.3
	echo "exclude 10.9.0.1" >&7
	wait_for says '^filter: exclude 10.9.0.1$'
	echo "include 10.9.0.l" >&7
	wait_for says '^refused: Invalid argument$'
	send 10.9.0.1,10.9.0.3 --count 1 239.1.1.1:5000 eth0
	wait_for says '^from 10.9.0.3$'
	assert_equal "$(grep -c '^from 10.9.0.1$' "$out")" 1
	echo "include" >&7
	wait_for says '^filter: none'
	exec 7>&-
	kill "$example"
}

@test "ipv6 tells the source and the interface" {
	start ipv6 ff3e::1 fd09::1 5000 eth0
	wait_for says '^joined'
	keep_sending --source fd09::2,fd09::1 '[ff3e::1]:5000' eth0
	wait_for says '^fd09::1 by eth0: 64 bytes$'
	run ! says fd09::2
	kill "${pids[@]:1}"
	ends
}

@test "ipv6, a link-local group" {
	start ipv6 ff32::1 fd09::1 5000 eth0
	wait_for says '^joined'
	keep_sending --source fd09::1 '[ff32::1]:5000' eth0
	wait_for says '^fd09::1 by eth0: 64 bytes$'
	kill "$example"
}

@test "poll-loop receives several groups, and joins again on a new interface" {
	start poll-loop eth1 5000 10.9.0.1 232.1.1.1 232.1.1.2
	wait_for says '^waiting for eth1'
	for round in 1 2; do
		make_link eth1
		up eth1
		wait_for joined_twice "$round"
		ip -n "$tx" route replace 232.0.0.0/8 dev eth1
		for group in 232.1.1.1 232.1.1.2; do
			send 10.9.0.2,10.9.0.1 --count "$round" "$group:5000" eth1
		done
		wait_for received $((round == 1 ? 2 : 6))
		ip -n "$rx" link del eth1
		wait_for waits_again "$round"
	done
	run ! says 10.9.0.2
	kill "$example"
}

joined_twice() {
	[ "$(grep -c '^joined on eth1' "$out")" = "$1" ]
}

waits_again() {
	[ "$(grep -c '^waiting for eth1' "$out")" = $(($1 + 1)) ]
}

received() {
	[ "$(grep -c '^10.9.0.1: 64 bytes' "$out")" = "$1" ]
}

@test "receive prints what the source says" {
	start receive 232.1.1.1 10.9.0.1 5000 eth0
	wait_for is_joined 232.1.1.1
	send 10.9.0.2,10.9.0.1 --count 1 232.1.1.1:5000 eth0
	wait_for says '^10.9.0.1: 64 bytes: msnd'
	run ! says 10.9.0.2
	kill -INT "$example"
	ends
}

@test "receive says what is no group, and what it cannot bind to" {
	run in_rx "$EXAMPLES/receive" 10.1.1.1 10.9.0.1 5000 eth0
	assert_equal "$status" 2
	assert_output "receive: 10.1.1.1: not a multicast group"
	run in_rx "$EXAMPLES/receive" fd09::2 fd09::1 5000 eth0
	assert_output "receive: fd09::2: not a multicast group"
	ip netns exec "$rx" python3 -c 'if True:
		import socket, time
		taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		taken.bind(("232.1.1.1", 5000))
		print(flush=True)
		time.sleep(60)' > "$BATS_TEST_TMPDIR/bound" 3>&- &
	pids+=("$!")
	wait_for test -s "$BATS_TEST_TMPDIR/bound"
	run in_rx "$EXAMPLES/receive" 232.1.1.1 10.9.0.1 5000 eth0
	assert_equal "$status" 1
	assert_output --partial "receive: cannot bind to 232.1.1.1, port 5000: "
}

@test "why names the limit, and what is odd about a join" {
	run in_rx "$EXAMPLES/why" 232.1.1.1 eth0
	assert_success
	assert_line --partial "warning: 232.1.1.1 is in the source-specific range"
	run in_rx "$EXAMPLES/why" 232.1.1.1 eth0 10.1.0.{1..11}
	assert_equal "$status" 1
	assert_line "10.1.0.10: joined"
	assert_line "10.1.0.11: failed"
	assert_line --partial "net.ipv4.igmp_max_msf is 10"
	run in_rx "$EXAMPLES/why" ff3e::1 eth0 fd09::1 10.9.0.1
	assert_equal "$status" 1
	assert_line --partial "IPv4"
	run in_rx "$EXAMPLES/why" 239.1.1.1 eth0 10.9.0.l
	assert_equal "$status" 2
	run in_rx "$EXAMPLES/why" 239.1.1.1 eth9
	assert_equal "$status" 1
}

@test "wrong words are refused by all of them" {
	for words in "exclude 10.1.1.1 5000 eth0 5" "exclude 239.1.1.1 5000 eth9 5" \
		"fork 232.1.1.1 10.9.0.1 5000 eth9" "fork 232.1.1.1 nobody: 5000 eth0" \
		"full-state 239.1.1.1 5000 eth9" "ipv6 ff3e::1 10.9.0.1 5000 eth0" \
		"ipv6 239.1.1.1 fd09::1 5000 eth0" \
		"poll-loop eth0 5000 10.9.0.l 232.1.1.1" \
		"poll-loop eth0 5000 fd09::1 232.1.1.1" \
		exclude fork full-state ipv6 poll-loop receive why; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr timeout "$DEADLINE" ip netns exec "$rx" \
			"$EXAMPLES/"$words < /dev/null
		[ "$status" = 1 ] || [ "$status" = 2 ] || fail "$words: status $status"
		# shellcheck disable=SC2154
		[ -n "$stderr" ] || fail "$words: says nothing"
	done
}
