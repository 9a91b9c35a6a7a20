#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# --delivered tells where packets vanish: each cause is made here, and the numbers are
# exact once the traffic has stopped.

load mwatch

here=$BATS_TEST_DIRNAME

setup() {
	net_setup
}

teardown() {
	net_teardown
}

# start_idle GROUP PORT BYTES [alone]: a receiver that never reads; its process is $idle.
start_idle() {
	local words=$BATS_TEST_TMPDIR/idle

	ip netns exec "$rx" /usr/bin/python3 "$here/idle.py" "$1" "$2" eth0 \
		"${@:3}" < /dev/null > "$words" 2>&1 3>&- &
	idle=$!
	pids+=("$idle")
	wait_for grep -q ready "$words"
}

# delivery JQ: of the one comparison of the summary.
delivery() {
	jq -sr "last | .deliveries[0] | $1" "$out"
}

# explain: what the same says as text.
explain() {
	grep 'on the wire' "$out" | tail -n 1
}

# has_explained COUNT: so many on the wire.
has_explained() {
	explain | grep -q " $1 on the wire"
}

@test "a healthy receiver: as many on the wire as at the sockets" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	joined=$out
	start_mwatch --json -i 0.2 --delivered eth0
	send 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0 --count 1000
	wait_for has_seen 2000
	stop_mwatch
	assert_equal "$status" 0
	assert_equal "$(delivery '"\(.group) \(.port) \(.wire) \(.socket)"')" \
		"232.1.1.1 5000 1000 1000"
	assert_equal "$(delivery '[.queue_drops, .checksum_drops, .memory_drops,
		.route_drops] | join(" ")')" "0 0 0 0"
	# The probe took nothing away.
	stop_mjoin
	out=$joined
	assert_equal "$(summary '.flows[0].packets')" 1000
}

@test "the same for IPv6, and with receivers that come later" {
	start_mwatch --json -i 0.2 --delivered eth0
	start_mjoin --json -s fd09::1 '[ff3e::1]:5000' eth0
	joined=$out
	out=$BATS_TEST_TMPDIR/out.1
	intervals=$(wc -l < "$out")
	has_more() { [ "$(wc -l < "$out")" -ge $((intervals + 2)) ]; }
	wait_for has_more
	send fd09::1,fd09::2 '[ff3e::1]:5000' eth0 --count 700
	wait_for has_seen 1400
	stop_mwatch
	assert_equal "$(delivery '"\(.group) \(.wire) \(.socket) \(.queue_drops)"')" \
		"ff3e::1 700 700 0"
	stop_mjoin
	out=$joined
	assert_equal "$(summary '.flows[0].packets')" 700
}

@test "a reader that is too slow: its queue drops, and the cure is said" {
	start_idle 239.1.1.1 5000 4096
	start_mwatch --json -i 0.2 --delivered eth0
	send 10.9.0.1 239.1.1.1:5000 eth0 --count 500
	wait_for has_seen 500
	stop_mwatch
	assert_equal "$(delivery '"\(.wire) \(.socket)"')" "500 500"
	dropped=$(in_rx ss -uamn | grep -o 'd[0-9]*)' | tr -dc '0-9')
	assert_equal "$(delivery .queue_drops)" "$dropped"
	[ "$dropped" -gt 400 ]
	start_mwatch --text -i 0.2 --delivered --pid "$idle" eth0
	send 10.9.0.1 239.1.1.1:5000 eth0 --count 300
	wait_for has_explained 300
	stop_mwatch
	[[ $(explain) == "239.1.1.1:5000: 300 on the wire, 300 came to sockets, 300 "* ]]
	[[ $(explain) == *"found the receive queue full: raise SO_RCVBUF"* ]]
}

@test "the reverse-path check: the source has no route back" {
	ip -n "$tx" address add 192.0.2.1/32 dev eth0
	in_rx sysctl -qw net.ipv4.conf.eth0.rp_filter=1
	start_mjoin --json 239.1.1.1:5000 eth0
	start_mwatch --json -i 0.2 --delivered eth0
	send 192.0.2.1 239.1.1.1:5000 eth0 --count 300
	wait_for has_seen 300
	stop_mwatch
	assert_equal "$(delivery '"\(.wire) \(.socket) \(.route_drops)"')" "300 0 300"
	start_mwatch --text -i 0.2 --delivered eth0
	send 192.0.2.1 239.1.1.1:5000 eth0 --count 200
	wait_for has_explained 200
	stop_mwatch
	[[ $(explain) == *"0 came to sockets"*"reverse-path check counted 200"* ]]
}

@test "a firewall: no counter tells" {
	in_rx nft add table inet t
	in_rx nft add chain inet t c '{ type filter hook input priority 0; }'
	in_rx nft add rule inet t c udp dport 5000 drop
	start_mjoin --json -s fd09::1 '[ff3e::1]:5000' eth0
	start_mwatch --text -i 0.2 --delivered eth0
	send fd09::1 '[ff3e::1]:5000' eth0 --count 250
	wait_for has_explained 250
	stop_mwatch
	[[ $(explain) == "[ff3e::1]:5000: 250 on the wire, 0 came to sockets; "* ]]
	[[ $(explain) == *firewall* ]]
}

@test "bad UDP checksums" {
	start_mjoin --json 239.1.1.1:5000 eth0
	start_mwatch --json -i 0.2 --delivered eth0
	in_tx /usr/bin/python3 - << 'END'
from scapy.all import IP, UDP, Ether, Raw, sendp
packet = (Ether(src="02:00:00:00:00:01", dst="01:00:5e:01:01:01") /
          IP(src="10.9.0.1", dst="239.1.1.1") / UDP(sport=9, dport=5000, chksum=1) /
          Raw(b"x" * 20))
sendp([packet] * 40, iface="eth0", verbose=False)
END
	wait_for has_seen 40
	stop_mwatch
	assert_equal "$(delivery '"\(.wire) \(.socket) \(.checksum_drops)"')" "40 0 40"
}

@test "a port that is not shared: what comes to sockets cannot be known" {
	start_idle 239.1.1.1 5000 200000 alone
	start_mwatch --json -i 0.2 --delivered eth0
	send 10.9.0.1 239.1.1.1:5000 eth0 --count 100
	wait_for has_seen 100
	stop_mwatch
	assert_equal "$(delivery '"\(.wire) \(.socket)"')" "100 null"
}

@test "what nobody accepts is not compared" {
	start_mwatch --json -i 0.2 --delivered eth0
	send 10.9.0.1 239.1.1.1:5000 eth0 --count 100
	wait_for has_seen 100
	stop_mwatch
	assert_equal "$(jq -sr 'last.deliveries | length' "$out")" 0
}
