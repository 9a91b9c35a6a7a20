#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# What depends on who looks: progress on a terminal, the end of a tool when nobody reads
# it any more; and where the packets of an interface go.

load common

setup() {
	net_setup
}

teardown() {
	net_teardown
}

# on_terminal COMMAND...: its output and errors, with a terminal for both.
on_terminal() {
	in_rx timeout "$DEADLINE" script -qec "$*" /dev/null < /dev/null
}

@test "mjoin tells its progress on a terminal, each second" {
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	run on_terminal mjoin -t 3 -s 10.9.0.1 232.1.1.1:5000 eth0
	assert_output --regexp '[12] s: 1 flows, [0-9]+ packets'
}

@test "msfctl doctor tells for how long it waits, on a terminal" {
	run on_terminal msfctl doctor -w 2 232.1.1.1:5000 eth0
	assert_output --regexp 'waiting, [0-9]+ of 2 s: 0 datagrams delivered'
}

@test "msfctl show says that there is nothing to show, on a terminal only" {
	run on_terminal msfctl show --group 232.1.1.99
	assert_equal "$status" 0
	assert_output --partial 'msfctl: show: no memberships'
	run --separate-stderr in_rx msfctl show --group 232.1.1.99
	assert_equal "$status:$output" "0:"
	[[ $stderr != *"no memberships"* ]] || fail "$stderr"
	start_mjoin --json 239.1.1.1:5000 eth0
	run on_terminal msfctl show --pid "$mjoin"
	refute_output --partial 'no memberships'
}

ended() {
	! is_alive "$1"
}

@test "msfctl monitor ends when nobody reads it, also while nothing happens" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	ip netns exec "$rx" msfctl monitor > "$BATS_TEST_TMPDIR/fifo" 3>&- &
	pid=$!
	pids+=("$pid")
	exec 9< "$BATS_TEST_TMPDIR/fifo"
	exec 9<&-
	wait_for ended "$pid"
}

@test "what comes in at the port of a bridge is judged by who joined on the bridge" {
	ip -n "$rx" link add br0 type bridge mcast_snooping 0
	ip -n "$rx" address add 10.9.0.99/24 dev br0
	ip -n "$rx" link set eth0 master br0
	ip -n "$rx" link set br0 up
	keep_sending --source 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	ip netns exec "$rx" mjoin -q -s 10.9.0.1 232.1.1.1 br0 3>&- &
	pids+=("$!")
	wait_for in_rx grep -q br0 /proc/net/mcfilter
	run in_rx timeout "$DEADLINE" mwatch -n 2 --json eth0 232.1.1.1
	assert_equal "$status" 0
	assert_equal "$(jq -sc 'last.flows | sort_by(.source) | map(.verdict)' \
		<<< "$output")" '["accept","block"]'
}
