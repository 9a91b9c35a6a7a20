#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# mwatch --expect is a monitoring check: status 0 when what is expected is there, 3 and
# a sentence for each flow that is not.

load mwatch

setup() {
	net_setup
}

teardown() {
	net_teardown
}

@test "it ends as soon as all is there" {
	keep_sending --source 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	run_mwatch -q -i 0.1 -e 10.9.0.1,232.1.1.1:5000 -e 10.9.0.2,232.1.1.1 eth0
	assert_equal "$status" 0
	assert_equal "$output$stderr" ""
}

@test "IPv6 too" {
	keep_sending --source fd09::1 '[ff3e::1]:5000' eth0
	run_mwatch -q -i 0.1 -e 'fd09::1,[ff3e::1]:5000' eth0
	assert_equal "$status" 0
	assert_equal "$output$stderr" ""
}

@test "without an end it waits 10 seconds" {
	run_mwatch -q -e 10.9.0.1,232.1.1.1:5000 eth0
	assert_equal "$status" 3
	assert_equal "$stderr" "mwatch: eth0: 10.9.0.1 to 232.1.1.1:5000: expected a \
packet, never seen"
}

@test "who sends instead is named, and each flow has its sentence" {
	keep_sending --source 10.9.0.2 232.1.1.1:5000 eth0
	run_mwatch -q -d 1 -e 10.9.0.1,232.1.1.1:5000 -e 10.9.0.2,232.1.1.1:5001 \
		-e 10.9.0.2,232.1.1.1:5000 -e fd09::1,ff3e::1 eth0
	assert_equal "$status" 3
	assert_equal "${#stderr_lines[@]}" 3
	assert_equal "${stderr_lines[0]}" "mwatch: eth0: 10.9.0.1 to 232.1.1.1:5000: \
expected a packet, never seen; the group came from 10.9.0.2 to port 5000"
	assert_equal "${stderr_lines[1]}" "mwatch: eth0: 10.9.0.2 to 232.1.1.1:5001: \
expected a packet, never seen; the group came from 10.9.0.2 to port 5000"
	assert_equal "${stderr_lines[2]}" "mwatch: eth0: fd09::1 to ff3e::1: expected a \
packet, never seen"
}

@test "a rate that is too low is said with what it was" {
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	run_mwatch -q -n 10 -i 0.1 -e 10.9.0.1,232.1.1.1:5000,100000 eth0
	assert_equal "$status" 3
	[[ $stderr =~ ^mwatch:\ eth0:\ 10.9.0.1\ to\ 232.1.1.1:5000:\ expected\ at\ least\
\ 100000\ packets/s,\ saw\ [0-9]+\.[0-9]$ ]] || fail "$stderr"
}

@test "a rate that is high enough is met" {
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	run_mwatch -q -n 10 -i 0.1 -e 10.9.0.1,232.1.1.1:5000,10 eth0
	assert_equal "$status" 0
	assert_equal "$stderr" ""
}

@test "with --duration the whole run is judged, not one interval" {
	start_mwatch --json -i 0.1 -d 2 -e 10.9.0.1,232.1.1.1:5000,20 eth0
	send 10.9.0.1 232.1.1.1:5000 eth0
	reap_mwatch
	assert_equal "$status" 3
	# one interval has had 100 packets a second, the whole 5
	ask interval '.flows[].pps >= 20' | grep -qx true
	grep -q 'expected at least 20 packets/s, saw [0-9.]*$' "$err"
}

@test "a signal ends it, and what was seen until then is judged" {
	start_mwatch --json -d 60 -i 0.1 -e 10.9.0.1,232.1.1.1:5000 eth0
	stop_mwatch
	assert_equal "$status" 3
	start_mwatch --json -d 60 -i 0.1 -e 10.9.0.1,232.1.1.1:5000 eth0
	send 10.9.0.1 232.1.1.1:5000 eth0
	wait_for has_seen 10
	stop_mwatch
	assert_equal "$status" 0
}

@test "what this host sends itself is no match" {
	start_mwatch --json -d 1 -e 10.9.0.100,232.1.1.1:5000 eth0
	in_rx msend --quiet --count 10 --rate 1000 --source 10.9.0.100 232.1.1.1:5000 eth0
	reap_mwatch
	assert_equal "$status" 3
	assert_equal "$(flows '\(.direction) \(.packets)')" "out 10"
}
