#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# msfctl doctor finds what is wrong with the network between: queriers, bridges that
# snoop, second senders, routers. A switch of the lab is a bridge in a namespace of
# its own, or one of the receiving host.

load doctor

setup() {
	net_setup
}

teardown() {
	doctor_teardown
}

# make_bridge [TYPE OPTION...]: br0 of the receiving host, with eth0 as a port.
make_bridge() {
	ip -n "$rx" address flush dev eth0
	ip -n "$rx" link add br0 type bridge mcast_igmp_version 3 mcast_mld_version 2 "$@"
	in_rx sysctl -qw net.ipv6.conf.br0.accept_dad=0
	ip -n "$rx" address add 10.9.0.100/24 dev br0
	ip -n "$rx" address add fd09::100/64 dev br0 nodad
	ip -n "$rx" link set eth0 master br0
	ip -n "$rx" link set br0 up
}

# send_cycle TIMES PERIOD: each payload so many times in turn, of so many different ones.
send_cycle() {
	ip netns exec "$tx" python3 - "$@" > /dev/null 2>&1 3>&- <<-'END' &
		import socket, sys, time
		times, period = map(int, sys.argv[1:])
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
		             socket.inet_aton("10.9.0.1"))
		for i in range(2000):
		    for _ in range(times):
		        s.sendto(b"payload %d" % (i % period), ("239.1.1.1", 5000))
		    time.sleep(0.005)
	END
	pids+=($!)
}

@test "healthy: a switch that snoops, with a querier of version 3" {
	make_switch "${querier[@]}"
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	wait=6 examine -s 10.9.0.1 232.1.1.1:5000 eth0
	assert_health
	assert_finding querier pass "asks with IGMPv3; every 2 s"
	assert_finding version pass IGMPv3
	assert_finding snooping pass "it arrives"
}

@test "healthy: a switch that snoops, with a querier of MLDv2" {
	make_switch "${querier[@]}"
	keep_sending --source fd09::1 '[ff3e::1]:5000' eth0
	wait=6 examine -s fd09::1 '[ff3e::1]:5000' eth0
	assert_health
	assert_finding querier pass "asks with MLDv2; every 2 s"
}

@test "healthy: a bridge of this host that snoops, with a querier" {
	make_bridge "${querier[@]}"
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	wait=6 examine -s 10.9.0.1 232.1.1.1:5000 br0
	assert_health
	assert_finding querier pass
}

@test "a querier of version 2 ends joins of a source" {
	make_switch "${querier[@]}" mcast_igmp_version 2
	wait=4 examine -s 10.9.0.1 232.1.1.1:5000 eth0
	assert_fault version "the querier" "mcast_igmp_version 3"
	assert_finding querier pass "IGMPv2"
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	wait=4 examine 239.1.1.1:5000 eth0
	assert_health
	assert_finding version pass "enough for a join of any source"
}

@test "a querier of MLDv1 ends joins of a source" {
	make_switch "${querier[@]}" mcast_mld_version 1
	wait=4 examine -s fd09::1 '[ff3e::1]:5000' eth0
	assert_fault version "MLDv1" "mcast_mld_version 2"
	assert_finding querier pass "MLDv1"
}

@test "a switch that passes on nothing unasked, and has no querier" {
	make_switch mcast_snooping 1 mcast_querier 0
	bridge -n "$sw" link set dev port-rx mcast_flood off
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	examine 239.1.1.1:5000 eth0
	assert_silence
	assert_finding querier unknown "no query" "--wait 135"
	assert_finding report pass "report left"
	assert_finding snooping unknown "none was heard" "is there a querier"
	assert_finding summary unknown "without a querier"
}

@test "a bridge of this host that snoops, without a querier" {
	make_bridge mcast_snooping 1 mcast_querier 0
	examine 239.1.1.1:5000 br0
	assert_fault snooping "no querier" "mcast_querier 1"
}

@test "a bridge of this host that does not snoop is no fault" {
	make_bridge mcast_snooping 0
	examine 239.1.1.1:5000 br0
	assert_silence
	assert_finding snooping pass "does not snoop"
}

@test "a bridge of this host with a querier knows of us, and the sender is silent" {
	make_bridge "${querier[@]}"
	examine -s 10.9.0.1 232.1.1.1:5000 br0
	assert_silence
	assert_finding querier pass
	assert_finding snooping pass "has the group for br0"
}

@test "a bridge of this host that has forgotten us" {
	make_bridge "${querier[@]}"
	start_doctor --wait 2 239.1.1.1:5000 br0
	while is_alive "$doctor"; do
		bridge -n "$rx" mdb del dev br0 port br0 grp 239.1.1.1 2> /dev/null ||
			true
		read -r -t 0.02 <> <(:) || true
	done
	reap_doctor
	assert_fault snooping "does not have the group for br0" mcast_hash_max
}

@test "a group that no bridge holds back needs no entry" {
	make_bridge "${querier[@]}"
	examine 224.0.0.251:5353 br0
	assert_silence
	assert_finding snooping pass "in any case"
}

@test "a port of a bridge: what arrives belongs to the bridge" {
	make_bridge mcast_snooping 0
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	examine 239.1.1.1:5000 eth0
	assert_finding interface fail "eth0 is a port of br0" "join on br0"
	assert_finding summary fail "eth0 is a port of br0" "join on br0"
	assert_equal "$status" 1
	examine 239.1.1.1:5000 br0
	assert_health
	ip -n "$rx" link set br0 type bridge mcast_snooping 1 mcast_querier 1
	examine 239.1.1.2:5000 eth0
	assert_equal "$(failed_checks)" interface
}

@test "two stations with the same address" {
	make_switch mcast_snooping 0
	other=$rx-other
	ip netns add "$other"
	plug "$other" port-other
	ip -n "$other" address add 10.9.0.1/24 dev eth0
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	ip netns exec "$other" msend --quiet --rate 100 --source 10.9.0.1 239.1.1.1:5000 \
		eth0 > /dev/null 2>&1 3>&- &
	pids+=($!)
	examine 239.1.1.1:5000 eth0
	ip netns del "$other"
	assert_fault senders "10.9.0.1 come in turn from" "turn one of them off"
}

@test "datagrams that come twice" {
	send_cycle 2 100000
	examine 239.1.1.1:5000 eth0
	assert_fault senders "came a second time" "loop"
}

@test "healthy: a sender that says the same all the time, or in turn" {
	send_cycle 1 1
	examine 239.1.1.1:5000 eth0
	assert_health
	kill "${pids[@]}"
	send_cycle 1 20
	examine 239.1.1.1:5000 eth0
	assert_health
	assert_finding senders pass
}

@test "several sources are told, and are no fault" {
	keep_sending --source 10.9.0.1,10.9.0.2 239.1.1.1:5000 eth0
	examine 239.1.1.1:5000 eth0
	assert_health
	assert_finding senders unknown "2 sources" "-s SOURCE"
	examine -s 10.9.0.2 239.1.1.1:5000 eth0
	assert_health
	assert_finding senders pass "one sender"
	assert_finding traffic pass "10.9.0.1 sends to the group too"
}

@test "a source behind a router: the TTL that it may lack" {
	ip -n "$rx" route add 10.7.0.0/24 via 10.9.0.1
	examine -s 10.7.0.1 232.1.1.1:5000 eth0
	assert_silence
	assert_finding ttl unknown "behind a router" IP_MULTICAST_TTL
	ip -n "$tx" address add 10.7.0.1/32 dev eth0
	keep_sending --source 10.7.0.1 --ttl 7 232.1.1.1:5000 eth0
	examine -s 10.7.0.1 232.1.1.1:5000 eth0
	assert_health
	assert_finding ttl pass "TTL of 7"
}

@test "a sender of this host that is not looped back" {
	ip netns exec "$rx" msend --quiet --rate 100 --no-loop --source 10.9.0.100 \
		239.1.1.1:5000 eth0 > /dev/null 2>&1 3>&- &
	pids+=($!)
	examine 239.1.1.1:5000 eth0
	assert_equal "$(failed_checks)" ""
	assert_finding traffic fail "this host sends them itself" IP_MULTICAST_LOOP
}

@test "a host that has the address of the sender" {
	ip -n "$rx" address add 10.9.0.1/24 dev eth0
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	examine 239.1.1.1:5000 eth0
	assert_fault route "10.9.0.1 is an address of this host" "another address"
}
