#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# msfctl show against programs that we did not write: what they joined is listed with
# the right process, command, group, mode and sources.

load msfctl

setup() {
	net_setup
}

teardown() {
	net_teardown
}

# commands_of PID: of its holders.
commands_of() {
	in_rx msfctl show --json --pid "$1" | jq -r --argjson pid "$1" \
		'.holders // [] | .[] | select(.pid == $pid) | .command' | sort -u
}

@test "iperf, any source" {
	start_in "$rx" iperf -s -u -B 239.1.1.1%eth0
	expect_facts "$pid" "eth0 239.1.1.1 5001 exclude"
	assert_equal "$(commands_of "$pid")" iperf
}

@test "iperf, one source" {
	start_in "$rx" iperf -s -u -B 232.1.1.1%eth0 --ssm-host 10.9.0.1
	expect_facts "$pid" "eth0 232.1.1.1 5001 include 10.9.0.1"
	assert_equal "$(commands_of "$pid")" iperf
}

@test "mcfirst" {
	start_in "$rx" mcfirst -4 -I eth0 10.9.0.1 232.1.1.1 5000
	expect_facts "$pid" "eth0 232.1.1.1 5000 include 10.9.0.1"
	assert_equal "$(commands_of "$pid")" mcfirst
}

@test "mcfirst, IPv6" {
	start_in "$rx" mcfirst -6 -I eth0 fd09::1 ff3e::1 5000
	expect_facts "$pid" "eth0 ff3e::1 5000 include fd09::1"
	assert_equal "$(commands_of "$pid")" mcfirst
}

@test "socat, any source" {
	start_in "$rx" socat -u UDP4-RECV:5000,ip-add-membership=239.1.1.1:eth0 -
	expect_facts "$pid" "eth0 239.1.1.1 5000 exclude"
	assert_equal "$(commands_of "$pid")" socat
}

# socat has an option for it since version 1.8 only.
@test "socat, one source" {
	local ip_add_source_membership=39
	local group=e8010101 interface=0a090064 source=0a090001

	option=setsockopt-listen=0:$ip_add_source_membership:x$group$interface$source
	start_in "$rx" socat -u "UDP4-RECV:5000,$option" -
	expect_facts "$pid" "eth0 232.1.1.1 5000 include 10.9.0.1"
	assert_equal "$(commands_of "$pid")" socat
}

@test "socat, IPv6" {
	start_in "$rx" socat -u UDP6-RECV:5000,ipv6-join-group=[ff15::1]:eth0 -
	expect_facts "$pid" "eth0 ff15::1 5000 exclude"
	assert_equal "$(commands_of "$pid")" socat
}

smcrouted_answers() {
	in_rx smcroutectl -u "$socket" show groups > /dev/null 2>&1
}

@test "smcrouted, joined by its control program" {
	socket=$BATS_TEST_TMPDIR/sock
	echo 'phyint eth0 enable' > "$BATS_TEST_TMPDIR/conf"
	start_in "$rx" smcrouted -n -N -f "$BATS_TEST_TMPDIR/conf" -u "$socket" \
		-P "$BATS_TEST_TMPDIR/pid"
	wait_for smcrouted_answers
	in_rx smcroutectl -u "$socket" join eth0 239.1.1.1
	in_rx smcroutectl -u "$socket" join eth0 10.9.0.1 232.1.1.1
	in_rx smcroutectl -u "$socket" join eth0 ff15::1
	output=$(in_rx msfctl show --json --pid "$pid")
	facts_of "$pid"
	for group in 239.1.1.1 232.1.1.1 ff15::1; do
		[ "$(facts_of "$pid" | grep -c "^eth0 $group ")" = 1 ]
	done
	[ "$(facts_of "$pid" | grep -c '^eth0 232.1.1.1 .* include 10.9.0.1$')" = 1 ]
	assert_equal "$(commands_of "$pid")" smcrouted
	in_rx smcroutectl -u "$socket" leave eth0 10.9.0.1 232.1.1.1
	output=$(in_rx msfctl show --json --pid "$pid")
	[ "$(facts_of "$pid" | grep -c 232.1.1.1)" = 0 ]
}

@test "all of them at once, told apart" {
	start_in "$rx" iperf -s -u -B 232.1.1.1%eth0 --ssm-host 10.9.0.1
	iperf=$pid
	start_in "$rx" mcfirst -4 -I eth0 10.9.0.2 232.1.1.1 5000
	mcfirst=$pid
	start_in "$rx" socat -u UDP4-RECV:5002,ip-add-membership=232.1.1.1:eth0 -
	expect_facts "$iperf" "eth0 232.1.1.1 5001 include 10.9.0.1"
	expect_facts "$mcfirst" "eth0 232.1.1.1 5000 include 10.9.0.2"
	expect_facts "$pid" "eth0 232.1.1.1 5002 exclude"
	run_msfctl show --here --interface eth0 --group 232.1.1.1
	assert_equal "$status" 0
	rows=$(awk 'NR > 1 { print $1, $2, $8, $9 }' <<< "$output" | sort -n)
	assert_equal "$rows" "$(sort -n <<- END
		$iperf iperf include 10.9.0.1
		$mcfirst mcfirst include 10.9.0.2
		$pid socat exclude -
	END
	)"
	run_msfctl show --json --here --interface eth0 --source 10.9.0.2
	commands=$(jq -r 'select(.group) | .holders[].command' <<< "$output")
	assert_equal "$commands" mcfirst
}
