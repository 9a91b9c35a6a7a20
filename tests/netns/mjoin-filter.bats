#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# mjoin receives what its filter admits and nothing else, and tells the limits.

load common

setup() {
	net_setup
}

teardown() {
	net_teardown
}

# flows: the sources of the one summary, with their packets.
flows() {
	summary '[.flows[] | "\(.source)=\(.packets)"] | join(" ")'
}

@test "-s receives that source and no other" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	send 10.9.0.2,10.9.0.3,10.9.0.1 232.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$status" 0
	assert_equal "$(flows)" '"10.9.0.1=10"'
}

@test "-s receives that IPv6 source and no other" {
	start_mjoin --json -s fd09::1 '[ff3e::1]:5000' eth0
	send fd09::2,fd09::3,fd09::1 '[ff3e::1]:5000' eth0
	stop_mjoin
	assert_equal "$status" 0
	assert_equal "$(flows)" '"fd09::1=10"'
}

@test "several -s and lists of them add up" {
	start_mjoin --json -s 10.9.0.1,10.9.0.2 -s 10.9.0.4 232.1.1.1:5000 eth0
	send 10.9.0.1,10.9.0.2,10.9.0.3,10.9.0.4 232.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$(flows)" '"10.9.0.1=10 10.9.0.2=10 10.9.0.4=10"'
}

@test "-x receives every source but that one" {
	start_mjoin --json -x 10.9.0.1 239.1.1.1:5000 eth0
	send 10.9.0.1,10.9.0.2,10.9.0.3 239.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$(flows)" '"10.9.0.2=10 10.9.0.3=10"'
}

@test "-x receives every IPv6 source but those" {
	start_mjoin --json -x fd09::1,fd09::2 '[ff1e::1]:5000' eth0
	send fd09::1,fd09::2,fd09::3 '[ff1e::1]:5000' eth0
	stop_mjoin
	assert_equal "$(flows)" '"fd09::3=10"'
}

@test "neither -s nor -x receives any source" {
	start_mjoin --json 239.1.1.1:5000 eth0
	send 10.9.0.1,10.9.0.2 239.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$(flows)" '"10.9.0.1=10 10.9.0.2=10"'
	assert_equal "$(cat "$err")" ""
}

@test "a link-local group of IPv6 is received" {
	start_mjoin --json '[ff12::77]:5000' eth0
	send fd09::1 '[ff12::77]:5000' eth0
	stop_mjoin
	assert_equal "$(flows)" '"fd09::1=10"'
}

@test "the groups and ports of other receivers do not come in" {
	start_mjoin --json 239.1.1.2:5000 eth0
	start_mjoin --json 239.1.1.1:5000 eth0
	send 10.9.0.1 239.1.1.2:5000 eth0
	send 10.9.0.1 239.1.1.1:5001 eth0
	send 10.9.0.2 239.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$(flows)" '"10.9.0.2=10"'
}

@test "GROUP+N is N groups" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1+3:5000 eth0
	wait_for has_joined 3
	for i in 1 2 3 4; do
		send 10.9.0.1,10.9.0.2 "232.1.1.$i:5000" eth0
	done
	stop_mjoin
	run each summary '"\(.group) \(.flows[0].packets)"'
	assert_output "232.1.1.1 10
232.1.1.2 10
232.1.1.3 10"
}

@test "GROUP+N is N groups of IPv6" {
	start_mjoin --json -s fd09::1 '[ff3e::1]+2:5000' eth0
	wait_for has_joined 2
	for i in 1 2 3; do
		send fd09::1 "[ff3e::$i]:5000" eth0
	done
	stop_mjoin
	run each summary '"\(.group) \(.flows[0].packets)"'
	assert_output "ff3e::1 10
ff3e::2 10"
}

@test "21 groups are more than igmp_max_memberships and work" {
	assert_equal "$(in_rx sysctl -n net.ipv4.igmp_max_memberships)" 20
	start_mjoin --json -s 10.9.0.1 232.1.1.1+21:5000 eth0
	wait_for has_joined 21
	send 10.9.0.1 232.1.1.1:5000 eth0
	send 10.9.0.1 232.1.1.21:5000 eth0
	stop_mjoin
	assert_equal "$status" 0
	run each summary 'select(.flows != []) | .group'
	assert_output "232.1.1.1
232.1.1.21"
}

@test "1200 groups are more than 1024 descriptors and work" {
	ulimit -Sn 1024
	start_mjoin --json -s 10.9.0.1 232.1.0.0+1200:5000 eth0
	wait_for has_joined 1200
	send 10.9.0.1 232.1.4.175:5000 eth0
	stop_mjoin
	assert_equal "$status" 0
	run each summary 'select(.flows != []) | .group'
	assert_output 232.1.4.175
}

@test "12 sources are spread over two sockets, each packet comes once" {
	assert_equal "$(in_rx sysctl -n net.ipv4.igmp_max_msf)" 10
	start_mjoin --json -s "$(echo 10.9.0.{1..12} | tr ' ' ,)" 232.1.1.1:5000 eth0
	send "$(echo 10.9.0.{1..12} | tr ' ' ,)" 232.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$status" 0
	assert_equal "$(each joined '"\(.sockets) \(.sources | length)"')" '2 12'
	assert_equal "$(summary '[.flows[].packets] | [length, add, max]')" '[12,120,10]'
}

@test "130 IPv6 sources are spread over sockets, each packet comes once" {
	sources=fd09::1,fd09::2,fd09::c
	for ((i = 0; i < 127; i++)); do
		sources+=,fd09::1:$(printf %x $((i + 1)))
	done
	start_mjoin --json -s "$sources" '[ff3e::1]:5000' eth0
	send fd09::1,fd09::2,fd09::3,fd09::c '[ff3e::1]:5000' eth0
	stop_mjoin
	assert_equal "$(each joined '.sockets > 1')" true
	assert_equal "$(flows)" '"fd09::1=10 fd09::2=10 fd09::c=10"'
}

@test "an exclude list over the limit is refused with limit, value and cure" {
	run_mjoin -x "$(echo 10.9.0.{1..11} | tr ' ' ,)" 239.1.1.1:5000 eth0
	assert_equal "$status" 1
	assert_equal "${#stderr_lines[@]}" 1
	[[ $stderr == "mjoin: 239.1.1.1:5000 on eth0: "* ]]
	[[ $stderr == *igmp_max_msf* ]]
	[[ $stderr == *10* ]]
	[[ $stderr == *11* ]]
	assert_equal "$output" ""
}

@test "after igmp_max_msf is raised the exclude list is accepted" {
	in_rx sysctl -qw net.ipv4.igmp_max_msf=11
	start_mjoin --json -x "$(echo 10.9.0.{1..11} | tr ' ' ,)" 239.1.1.1:5000 eth0
	send "$(echo 10.9.0.{1..12} | tr ' ' ,)" 239.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$(flows)" '"10.9.0.12=10"'
}

# A second veth pair, with addresses of its own.
make_second_link() {
	make_link eth1
	ip -n "$rx" address add 10.8.0.100/24 dev eth1
	ip -n "$rx" address add fd08::100/64 dev eth1 nodad
	ip -n "$tx" address add 10.8.0.1/24 dev eth1
	ip -n "$tx" address add fd08::1/64 dev eth1 nodad
	up eth1
}

@test "one group on two interfaces: each channel has its own packets" {
	make_second_link
	start_mjoin --json -s 10.9.0.1 239.1.1.1:5000 eth0
	first=$mjoin first_out=$out
	start_mjoin --json -x 10.9.0.9 239.1.1.1:5000 eth1
	send 10.9.0.1 239.1.1.1:5000 eth0
	send 10.8.0.1 239.1.1.1:5000 eth1
	stop_mjoin
	assert_equal "$(flows)" '"10.8.0.1=10"'
	mjoin=$first
	stop_mjoin
	out=$first_out
	assert_equal "$(flows)" '"10.9.0.1=10"'
}

@test "one IPv6 group on two interfaces: each channel has its own packets" {
	make_second_link
	start_mjoin --json '[ff1e::1]:5000' eth0 '[ff1e::1]:5000' eth1
	wait_for has_joined 2
	send fd09::1 '[ff1e::1]:5000' eth0
	send fd08::1 '[ff1e::1]:5000' eth1
	stop_mjoin
	run each summary '"\(.interface) \(.flows[] | "\(.source)=\(.packets)")"'
	assert_output "eth0 fd09::1=10
eth1 fd08::1=10"
}

@test "an interface can be named by index or address" {
	index=$(in_rx cat /sys/class/net/eth0/ifindex)
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 10.9.0.100 232.1.1.2:5000 "$index"
	wait_for has_joined 2
	send 10.9.0.1 232.1.1.1:5000 eth0
	send 10.9.0.1 232.1.1.2:5000 eth0
	stop_mjoin
	run each summary '"\(.interface) \(.flows[0].packets)"'
	assert_output "eth0 10
eth0 10"
}

@test "without a port the membership is held and left at the end" {
	start_mjoin -s 10.9.0.1 232.1.1.1 eth0
	in_rx grep -q '010101E8' /proc/net/igmp
	in_rx grep -qi '0xe8010101 *0x0a090001' /proc/net/mcfilter
	stop_mjoin TERM
	assert_equal "$status" 0
	run in_rx grep '010101E8' /proc/net/igmp
	assert_failure
	grep -q 'membership only' "$out"
}

@test "kernel drops are counted, those behind the last packet too" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 7<> "$BATS_TEST_TMPDIR/pipe"
	# Nobody reads the pipe: mjoin waits for it while its socket overflows.
	start_mjoin --json --output "$BATS_TEST_TMPDIR/pipe" 239.1.1.1:5000 eth0
	in_tx timeout "$DEADLINE" msend --quiet --source 10.9.0.1 --count 30000 --rate 0 \
		--size 1400 239.1.1.1:5000 eth0
	stop_mjoin
	exec 7>&-
	summary '.kernel_drops > 0'
	assert_equal "$(summary '.kernel_drops + .flows[0].packets')" 30000
}

# Packets from 66,000 invented sources, two from each.
spoof() {
	in_tx timeout "$DEADLINE" python3 - <<- 'END'
		import socket, struct, time

		raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
		raw.setsockopt(0, socket.IP_MULTICAST_IF, socket.inet_aton("10.9.0.1"))
		group = socket.inet_aton("239.1.1.1")
		udp = struct.pack("!HHHH", 5000, 5000, 12, 0) + b"data"
		for i in range(132000):
		    source = struct.pack("!I", 0x0b000001 + i % 66000)
		    head = struct.pack("!BBHHHBBH", 0x45, 0, 32, 0, 0, 1, 17, 0)
		    raw.sendto(head + source + group + udp, ("239.1.1.1", 5000))
		    if i % 200 == 0:
		        time.sleep(0.004)  # no drops: every source is to be heard
	END
}

@test "invented sources fill no memory: 65536 are listed, the others counted" {
	start_mjoin --json 239.1.1.1:5000 eth0
	spoof
	stop_mjoin
	assert_equal "$status" 0
	assert_equal "$(each summary '.flows | length')" 65536
	assert_equal "$(each summary '([.flows[].packets] | add) + .unlisted_packets +
		.kernel_drops')" 132000
	summary '.unlisted_packets >= 464'
}
