#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The verdict is what the filter in force says: of the host, of one process, of the VLAN
# or bridge that takes the packets of an interface.

load mwatch

setup() {
	net_setup
}

teardown() {
	net_teardown
}

# verdicts: "SOURCE GROUP:PORT VERDICT" of the last interval that has flows, sorted.
verdicts() {
	grep '}$' "$out" | jq -rs 'map(.flows | select(length > 0)) | last // [] | .[] |
		"\(.source) \(.group):\(.port) \(.verdict)"' | sort
}

# has_verdicts TEXT
has_verdicts() {
	[ "$(verdicts)" = "$1" ]
}

# expect_verdicts LINE...: in time, whatever they are at first.
expect_verdicts() {
	local wanted

	wanted=$(printf '%s\n' "$@" | sort)
	wait_for has_verdicts "$wanted" || assert_equal "$(verdicts)" "$wanted"
}

@test "a source that a socket of the host wants is accepted, others are blocked" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	keep_sending --source 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	keep_sending --source 10.9.0.1 232.1.1.2:5000 eth0
	start_mwatch --json -i 0.2 eth0
	expect_verdicts '10.9.0.1 232.1.1.1:5000 accept' \
		'10.9.0.2 232.1.1.1:5000 block' '10.9.0.1 232.1.1.2:5000 unjoined'
	stop_mwatch
	assert_equal "$status" 0
}

@test "the same for IPv6, and for an exclude list" {
	start_mjoin --json -s fd09::1 '[ff3e::1]:5000' eth0
	start_mjoin --json -x fd09::1 '[ff1e::2]:5000' eth0
	keep_sending --source fd09::1,fd09::2 '[ff3e::1]:5000' eth0
	keep_sending --source fd09::1,fd09::2 '[ff1e::2]:5000' eth0
	start_mwatch --json -i 0.2 eth0
	expect_verdicts 'fd09::1 ff3e::1:5000 accept' 'fd09::2 ff3e::1:5000 block' \
		'fd09::1 ff1e::2:5000 block' 'fd09::2 ff1e::2:5000 accept'
}

@test "the filters of several sockets add up" {
	start_mjoin --json -x 10.9.0.1,10.9.0.2 239.1.1.1:5000 eth0
	start_mjoin --json -x 10.9.0.2,10.9.0.3 239.1.1.1:5000 eth0
	start_mjoin --json -s 10.9.0.4 239.1.1.1:5000 eth0
	keep_sending --source 10.9.0.1,10.9.0.2,10.9.0.3,10.9.0.4 239.1.1.1:5000 eth0
	start_mwatch --json -i 0.2 eth0
	expect_verdicts '10.9.0.1 239.1.1.1:5000 accept' \
		'10.9.0.2 239.1.1.1:5000 block' '10.9.0.3 239.1.1.1:5000 accept' \
		'10.9.0.4 239.1.1.1:5000 accept'
}

@test "--pid tells what one process gets, beside others of the same group" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	first=$mjoin
	start_mjoin --json -s 10.9.0.2 232.1.1.1:5000 eth0
	start_mjoin --json 239.1.1.3:5000 eth0
	keep_sending --source 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	keep_sending --source 10.9.0.1 239.1.1.3:5000 eth0
	start_mwatch --json -i 0.2 --pid "$first" eth0
	expect_verdicts '10.9.0.1 232.1.1.1:5000 accept' \
		'10.9.0.2 232.1.1.1:5000 block' '10.9.0.1 239.1.1.3:5000 unjoined'
}

@test "--pid: a port that the process does not listen to is unjoined" {
	start_mjoin --json -s fd09::1 '[ff3e::1]:5000' eth0
	keep_sending --source fd09::1 '[ff3e::1]:5000' eth0
	keep_sending --source fd09::1 '[ff3e::1]:5001' eth0
	start_mwatch --json -i 0.2 --pid "$mjoin" eth0
	expect_verdicts 'fd09::1 ff3e::1:5000 accept' 'fd09::1 ff3e::1:5001 unjoined'
}

@test "the verdict follows the filters, and the end of the process" {
	start_mjoin --json 239.9.9.9:5000 eth0
	keep_sending --source 10.9.0.1 239.9.9.9:5000 eth0
	start_mwatch --json -i 0.2 --pid "$mjoin" eth0
	expect_verdicts '10.9.0.1 239.9.9.9:5000 accept'
	stop_mjoin
	expect_verdicts '10.9.0.1 239.9.9.9:5000 unjoined'
	stop_mwatch
	assert_equal "$status" 0
	run grep -c 'has ended' "$err"
	assert_output 1
}

@test "--pid says which process cannot be looked at, and why" {
	run_mwatch --json --pid 4194000 -n 1 eth0
	assert_equal "$status" 1
	assert_equal "$stderr" "mwatch: --pid: 4194000: no such process"
	run_mwatch --json --pid $$ -n 1 eth0
	assert_equal "$status" 1
	[[ $stderr == *"lives in another network namespace"* ]]
}

@test "packets of a VLAN that has no interface here are unjoined" {
	start_mjoin --json 239.1.1.1:5000 eth0
	start_mwatch --json -i 0.2 eth0
	in_tx /usr/bin/python3 - << 'END'
from scapy.all import IP, UDP, Dot1Q, Ether, sendp
head = Ether(src="02:00:00:00:00:01", dst="01:00:5e:01:01:01")
tail = IP(src="10.9.0.1", dst="239.1.1.1") / UDP(sport=9, dport=5000) / b"x"
sendp([head / Dot1Q(vlan=5) / tail, head / tail], iface="eth0", verbose=False)
END
	wait_for has_seen 2
	stop_mwatch
	assert_equal "$(flows '\(.vlan) \(.verdict)')" $'5 unjoined\nnull accept'
}

@test "packets of a port are judged by its bridge" {
	ip -n "$rx" link add br0 type bridge mcast_snooping 0
	ip -n "$rx" link set eth0 master br0
	ip -n "$rx" link set br0 up
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 br0
	keep_sending --source 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	start_mwatch --json -i 0.2 eth0
	expect_verdicts '10.9.0.1 232.1.1.1:5000 accept' '10.9.0.2 232.1.1.1:5000 block'
}
