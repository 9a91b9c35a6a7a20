#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Interfaces that come late, go, or are replaced while mjoin runs.

load common

setup() {
	net_setup
}

teardown() {
	net_teardown
}

# make_late NAME: a link with addresses, up.
make_late() {
	make_link "$1"
	ip -n "$rx" address add 10.7.0.100/24 dev "$1"
	ip -n "$rx" address add fd07::100/64 dev "$1" nodad
	ip -n "$tx" address add 10.7.0.1/24 dev "$1"
	ip -n "$tx" address add fd07::1/64 dev "$1" nodad
	up "$1"
}

# has_event NAME [COUNT]
has_event() {
	[ "$(grep -c "\"event\":\"$1\"" "$out")" = "${2:-1}" ]
}

@test "--retry waits for an interface that is not there yet" {
	start_mjoin --json --retry --wait=10 -s 10.7.0.1 232.1.1.1:5000 late0
	has_event waiting
	make_late late0
	wait_for has_event joined
	keep_sending --source 10.7.0.1 232.1.1.1:5000 late0
	reap
	assert_equal "$status" 0
	assert_equal "$(jq -sr 'map(.event) | join(" ")' "$out")" \
		"waiting joined first summary"
}

@test "--retry waits for an interface that is named by an address" {
	start_mjoin --json --retry --wait=10 '[ff1e::1]:5000' fd07::100
	make_late late0
	wait_for has_event joined
	keep_sending --source fd07::1 '[ff1e::1]:5000' late0
	reap
	assert_equal "$status" 0
	assert_equal "$(summary '.interface')" '"late0"'
}

@test "--retry does not let the other channels wait" {
	start_mjoin --json --retry 232.1.1.1:5000 late0 10.9.0.1@232.1.1.2:5000 eth0
	wait_for has_event joined
	send 10.9.0.1 232.1.1.2:5000 eth0
	stop_mjoin
	run each summary 'select(.group == "232.1.1.2") | .flows[0].packets'
	assert_output 10
}

@test "--retry that waits in vain: --timeout is status 3, a signal 0" {
	run_mjoin --retry --timeout 0.2 -s 10.9.0.1 232.1.1.1:5000 late0
	assert_equal "$status" 3
	start_mjoin --retry -s 10.9.0.1 232.1.1.1:5000 late0
	stop_mjoin
	assert_equal "$status" 0
}

@test "--retry joins again when the interface was replaced" {
	make_late late0
	start_mjoin --json --retry 10.7.0.1@232.1.1.1:5000 late0 \
		'fd07::1@[ff3e::1]:5000' late0
	wait_for has_event joined 2
	ip -n "$rx" link del late0
	wait_for has_event gone
	make_late late0
	wait_for has_event rejoined 2
	keep_sending --source 10.7.0.1 232.1.1.1:5000 late0
	keep_sending --source fd07::1 '[ff3e::1]:5000' late0
	wait_for has_event first 2
	stop_mjoin
	assert_equal "$status" 0
}

@test "--retry joins again when the new interface has the old index" {
	make_late late0
	index=$(in_rx cat /sys/class/net/late0/ifindex)
	start_mjoin --json --retry -s 10.7.0.1 232.1.1.1:5000 late0
	wait_for has_event joined
	ip -n "$rx" link del late0
	ip -n "$rx" link add late0 index "$index" type veth peer name late0 netns "$tx"
	ip -n "$rx" address add 10.7.0.100/24 dev late0
	ip -n "$tx" address add 10.7.0.1/24 dev late0
	up late0
	wait_for has_event rejoined
	assert_equal "$(each rejoined .ifindex)" "$index"
	# Users of 232.1.1.1 on the new interface; a stale membership is no user.
	in_rx grep -qE '010101E8 +1 ' /proc/net/igmp
	keep_sending --source 10.7.0.1 232.1.1.1:5000 late0
	wait_for has_event first
	stop_mjoin
	assert_equal "$status" 0
}

@test "without --retry an interface that goes is status 1 with the cure" {
	make_late late0
	start_mjoin --json -s 10.7.0.1 232.1.1.1:5000 late0
	keep_sending --source 10.7.0.1 232.1.1.1:5000 late0
	wait_for has_event first
	ip -n "$rx" link del late0
	reap
	assert_equal "$status" 1
	assert_equal "$(cat "$err")" "mjoin: late0: the interface is gone:$(
		echo " --retry waits for it and joins again")"
	summary '.flows[0].packets > 0'
}

@test "changes of other interfaces, and down and up, do not matter" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	make_late late0
	ip -n "$rx" link del late0
	ip -n "$rx" link set eth0 down
	ip -n "$rx" link set eth0 up
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	wait_for has_event first
	stop_mjoin
	assert_equal "$status" 0
	assert_equal "$(cat "$err")" ""
}

@test "an interface that joins and leaves a bridge is not gone" {
	ip -n "$rx" link add br0 type bridge
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 br0
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	ip -n "$rx" link set eth0 master br0
	ip -n "$rx" link set eth0 nomaster
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	wait_for has_event first
	stop_mjoin
	assert_equal "$status" 0
	assert_equal "$(cat "$err")" ""
}
