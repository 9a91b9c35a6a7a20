#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# mwatch --join holds memberships of its own as long as it runs, and judges by them.

load mwatch

setup() {
	net_setup
	before=$(memberships)
}

teardown() {
	net_teardown
}

# has_left: the host has what it had before.
has_left() {
	[ "$(memberships)" = "$before" ]
}

# has_flows COUNT: in some interval.
has_flows() {
	jq -se "map(.flows | length) | max >= $1" < <(grep '}$' "$out") > /dev/null
}

# is_member GROUP: in the hexadecimal digits of /proc/net/igmp.
is_member() {
	memberships | grep -qi "^$1 1$"
}

# count_ignored: multicast datagrams for which there was no socket, IPv4 and IPv6.
count_ignored() {
	in_rx awk '$1 == "Udp:" && !n { n = split($0, names); next }
		$1 == "Udp:" { for (i = 2; i <= n; i++) count[names[i]] = $i }
		$1 == "Udp6IgnoredMulti" { count[$1] = $2 }
		END { print count["IgnoredMulti"], count["Udp6IgnoredMulti"] }' \
		/proc/net/snmp /proc/net/snmp6
}

@test "--join joins the groups, and leaves them at the end" {
	start_mwatch --json -i 0.2 --join eth0 239.1.1.1:5000 239.1.1.1:5001 \
		'[ff1e::1]:5000'
	is_member 010101EF
	assert_equal "$(memberships | grep -c 'ff1e0000000000000000000000000001 1')" 1
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	keep_sending --source fd09::1 '[ff1e::1]:5000' eth0
	wait_for has_flows 2
	stop_mwatch
	assert_equal "$status" 0
	assert_equal "$(flows '\(.source) \(.verdict)')" \
		$'10.9.0.1 accept\nfd09::1 accept'
	wait_for has_left
}

@test "--join -s admits these sources, whoever else joined the group" {
	start_mjoin --json 232.1.1.1:5000 eth0
	start_mwatch --json -i 0.2 --join -s 10.9.0.1 eth0 232.1.1.1:5000
	in_rx grep -qi '0xe8010101 *0x0a090001 *1 *0' /proc/net/mcfilter
	keep_sending --source 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	wait_for has_flows 2
	stop_mwatch
	assert_equal "$(flows '\(.source) \(.verdict)')" \
		$'10.9.0.1 accept\n10.9.0.2 block'
}

@test "--join -x blocks these sources" {
	start_mwatch --json -i 0.2 --join -x fd09::2 eth0 '[ff1e::1]:5000'
	keep_sending --source fd09::1,fd09::2 '[ff1e::1]:5000' eth0
	wait_for has_flows 2
	stop_mwatch
	assert_equal "$(flows '\(.source) \(.verdict)')" $'fd09::1 accept\nfd09::2 block'
}

@test "--join of more groups than a socket takes is one membership for each" {
	start_mwatch --json -i 0.2 --join -s 10.9.0.1 eth0 232.1.1.1+100:5000
	assert_equal "$(memberships | grep -ciE '^..0101E8 1$')" 100
	stop_mwatch
	wait_for has_left
}

@test "the memberships of --join queue nothing" {
	start_mwatch --json -i 0.2 --join eth0 239.1.1.1:5000 '[ff1e::1]:5000'
	send 10.9.0.1 239.1.1.1:5000 eth0 --count 500
	send fd09::1 '[ff1e::1]:5000' eth0 --count 500
	wait_for has_seen 1000
	# The host took them, and no socket did.
	assert_equal "$(count_ignored)" "500 500"
	stop_mwatch
}

@test "--join that is refused says why, with the cure, and leaves nothing" {
	run_mwatch --json --join -n 1 eth0 239.1.1.1:5000 \
		-x "$(printf '10.9.1.%d,' {1..10})10.9.1.11"
	assert_equal "$status" 1
	[[ $stderr == "mwatch: 239.1.1.1 on eth0: cannot join: "* ]]
	[[ $stderr == *igmp_max_msf* ]]
	has_left
}

@test "--join joins again when the interface was replaced" {
	make_link late0
	ip -n "$rx" address add 10.7.0.100/24 dev late0
	ip -n "$tx" address add 10.7.0.1/24 dev late0
	up late0
	start_mwatch --json -i 0.2 --join -s 10.7.0.1 late0 232.1.1.1:5000
	index=$(in_rx cat /sys/class/net/late0/ifindex)
	ip -n "$rx" link del late0
	wait_for grep -q 'is gone' "$err"
	ip -n "$rx" link add late0 index "$((index + 10))" type veth peer name late0 \
		netns "$tx"
	ip -n "$rx" address add 10.7.0.100/24 dev late0
	ip -n "$tx" address add 10.7.0.1/24 dev late0
	up late0
	wait_for is_member 010101E8
	stop_mwatch
	assert_equal "$status" 0
}
