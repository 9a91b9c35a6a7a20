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

# end_idle: of the last one started.
end_idle() {
	kill -KILL "$idle"
	wait "$idle" || true
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

# is_level: each interval so far says that all that was on the wire came, if it can tell.
is_level() {
	grep '}$' "$out" | jq -es 'map(.deliveries[] | select(.socket != null)) |
		all(.wire == .socket)' > /dev/null
}

# has_delivery JQ: a comparison of some interval for which that is true.
has_delivery() {
	grep '}$' "$out" | jq -es "map(.deliveries[]) | any($1)" > /dev/null
}

# has_told COUNT: so many intervals, or more.
has_told() {
	[ "$(grep -c '}$' "$out")" -ge "$1" ]
}

@test "traffic that flows before the start and after the end: nothing is missing" {
	start_mjoin --json -s 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	keep_sending --rate 3000 --source 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	start_mwatch --json -i 0.1 eth0 # until it flows
	wait_for has_seen 100
	stop_mwatch
	for round in $(seq 10); do
		start_mwatch --json -i 0.1 --delivered eth0
		wait_for has_seen $((500 + 130 * round))
		stop_mwatch
		is_level
		assert_equal "$(delivery '.wire == .socket and .wire >= 500')" true
	done
}

@test "the same with traffic that stops: what came before the start is in the margin" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	for round in 1 2 3 4; do
		keep_sending --rate 3000 --source 10.9.0.1 232.1.1.1:5000 eth0
		start_mwatch --json -i 0.2 --delivered eth0
		wait_for has_delivery '.wire > 0'
		kill "${pids[-2]}"
		wait "${pids[-2]}" || true
		n_told=$(grep -c '}$' "$out")
		wait_for has_told $((n_told + 2))
		wait_for has_delivery '.wire > 0 and .under_way == 0'
		stop_mwatch
		is_level
		assert_equal "$(delivery '[.wire == .socket, .under_way] | join(" ")')" \
			"true 0"
	done
}

@test "a run of one interval compares from its start" {
	start_mjoin --json 239.1.1.1:5000 eth0
	keep_sending --rate 2000 --source 10.9.0.1 239.1.1.1:5000 eth0
	start_mwatch --json -i 0.5 -n 1 --delivered eth0
	reap_mwatch
	assert_equal "$(delivery '.wire == .socket and .wire > 100')" true
	start_mwatch --json -i 1 -d 0.3 --delivered eth0
	reap_mwatch
	assert_equal "$(delivery '.wire == .socket and .wire > 100')" true
}

@test "a receiver that came after the start: nothing is said before it was compared" {
	keep_sending --rate 2000 --source 10.9.0.1 239.1.1.1:5000 eth0
	start_mwatch --text -i 1 --all-multicast --delivered eth0
	start_idle 239.1.1.1 5000 4096
	wait_for grep -q 'on the wire' "$out"
	first=$(grep -m 1 'on the wire' "$out")
	[[ $first == *": 0 on the wire; "*"it was too short"* ]]
	[[ $first != *"queue full"* ]]
}

@test "a firewall that is there while packets flow: none came" {
	in_rx nft add table inet t
	in_rx nft add chain inet t c '{ type filter hook input priority 0; }'
	in_rx nft add rule inet t c udp dport 5000 drop
	start_mjoin --json 239.1.1.1:5000 eth0
	keep_sending --rate 2000 --source 10.9.0.1 239.1.1.1:5000 eth0
	start_mwatch --json -i 0.1 --delivered eth0
	wait_for has_seen 1500
	stop_mwatch
	assert_equal "$(delivery '.wire >= 1500 and .socket == 0')" true
	run has_delivery '.socket != null and .socket > 0'
	assert_equal "$status" 1
}

@test "packets that a new filter lets in were not lost before" {
	start_mjoin --json -s 10.9.0.1 239.1.1.1:5000 eth0
	keep_sending --rate 2000 --source 10.9.0.1,10.9.0.2 239.1.1.1:5000 eth0
	start_mwatch --json -i 0.2 --delivered eth0
	watched=$out
	start_mjoin --json 239.1.1.1:5000 eth0
	stop_mjoin
	start_mjoin --json 239.1.1.1:5000 eth0
	out=$watched
	wait_for has_seen 3000
	stop_mwatch
	is_level
	assert_equal "$(delivery '.wire == .socket and .wire > 1000')" true
}

@test "a port that nobody listens to is kept from nobody" {
	start_mwatch --json -i 0.1 --join --delivered eth0 239.1.1.1
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	wait_for has_delivery '.wire > 10 and .socket == null'
	start_idle 239.1.1.1 5000 4096 alone
	end_idle
	# One that shares is compared, and when it has gone the port is free again.
	start_idle 239.1.1.1 5000 200000
	wait_for has_delivery '.socket != null and .socket > 0'
	end_idle
	intervals=$(wc -l < "$out")
	has_more() { [ "$(wc -l < "$out")" -ge $((intervals + 2)) ]; }
	wait_for has_more
	start_idle 239.1.1.1 5000 4096 alone
}

# deliveries: "INTERFACE GROUP WIRE SOCKET QUEUE" of the summary, sorted.
deliveries() {
	jq -r 'select(.event == "summary") | .interface as $name | .deliveries[] |
		"\($name) \(.group) \(.wire) \(.socket) \(.queue_drops)"' "$out" | sort
}

@test "the drops of a queue are not those of another group on its port" {
	start_idle 239.1.1.1 5000 4096
	start_idle 239.1.1.2 5000 8000000
	start_mwatch --json -i 0.2 --delivered eth0
	for group in 1 2; do
		send 10.9.0.1 "239.1.1.$group:5000" eth0 --count 200
	done
	wait_for has_seen 400
	stop_mwatch
	dropped=$(in_rx ss -uamn | grep -A 1 '239.1.1.1:' | grep -o 'd[0-9]*)' |
		tr -dc '0-9')
	assert_equal "$(deliveries)" "eth0 239.1.1.1 200 200 $dropped
eth0 239.1.1.2 200 200 0"
	[ "$dropped" -gt 100 ]
}

@test "two interfaces: each has a comparison of its own" {
	make_link eth1
	ip -n "$tx" address add 10.9.1.1/24 dev eth1
	ip -n "$rx" address add 10.9.1.100/24 dev eth1
	up eth1
	start_mjoin --json 239.1.1.1:5000 eth0
	start_mjoin --json 239.1.1.1:5000 eth1
	start_mwatch --json -i 0.2 --delivered eth0 eth1
	send 10.9.0.1 239.1.1.1:5000 eth0 --count 300
	send 10.9.1.1 239.1.1.1:5000 eth1 --count 200
	wait_for has_seen 500
	stop_mwatch
	assert_equal "$(deliveries)" $'eth0 239.1.1.1 300 300 0\neth1 239.1.1.1 200 200 0'
}

@test "two interfaces: text names the one that is spoken of" {
	make_link eth1
	ip -n "$rx" address add 10.9.1.100/24 dev eth1
	up eth1
	start_mjoin --json 239.1.1.1:5000 eth0
	start_mwatch --text -i 0.2 --delivered eth0 eth1
	send 10.9.0.1 239.1.1.1:5000 eth0 --count 300
	wait_for grep -q '^eth0: 239.1.1.1:5000: 300 on the wire' "$out"
	stop_mwatch
	assert_equal "$status" 0
}

@test "an interface that was replaced has one comparison, and the old one is gone" {
	start_idle 239.1.1.1 5000 200000
	start_mwatch --json -i 0.2 --delivered eth0
	send 10.9.0.1 239.1.1.1:5000 eth0 --count 100
	wait_for has_delivery '.wire == 100'
	ip -n "$tx" link del eth0
	end_idle
	is_empty() { [ "$(tail -n 1 "$out" | jq '.deliveries | length')" = 0 ]; }
	wait_for is_empty
}

# be_nobody: mwatch is started as a user that may look at no sockets but its own.
be_nobody() {
	as=(setpriv --reuid 65534 --regid 65534 --clear-groups
		--bounding-set=-all,+net_raw --inh-caps=-all,+net_raw
		--ambient-caps=-all,+net_raw)
}

@test "low ports need a right, and it is said which" {
	start_mjoin --json 239.1.1.1:319 eth0
	be_nobody
	start_mwatch --text -i 0.2 --delivered eth0
	send 10.9.0.1 239.1.1.1:319 eth0 --count 50
	wait_for has_explained 50
	[[ $(explain) == *"cannot be known: ports this low need CAP_NET_BIND_SERVICE"* ]]
	# It is tried again.
	in_rx sysctl -qw net.ipv4.ip_unprivileged_port_start=300
	keep_sending --source 10.9.0.1 239.1.1.1:319 eth0
	came() { explain | grep -q ' came to sockets'; }
	wait_for came
}

@test "without rights healthy is healthy, too" {
	start_mjoin --json 239.1.1.1:5000 eth0
	be_nobody
	start_mwatch --json -i 0.2 --delivered eth0
	send 10.9.0.1 239.1.1.1:5000 eth0 --count 500
	wait_for has_seen 500
	stop_mwatch
	assert_equal "$(deliveries)" "eth0 239.1.1.1 500 500 0"
}

# start_deaf GROUP PORT: never reads, is bound to no address, and gets this group alone.
start_deaf() {
	ip netns exec "$rx" /usr/bin/python3 -c '
import signal, socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
IP_MULTICAST_ALL = 49
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
sock.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
sock.bind(("", int(sys.argv[2])))
sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                socket.inet_aton(sys.argv[1]) + socket.inet_aton("10.9.0.100"))
print("ready", flush=True)
signal.pause()' "$@" < /dev/null > "$BATS_TEST_TMPDIR/deaf" 2>&1 3>&- &
	pids+=($!)
	wait_for grep -q ready "$BATS_TEST_TMPDIR/deaf"
}

@test "drops that may be of two groups are charged to neither" {
	start_deaf 239.1.1.1 5000
	start_idle 239.1.1.2 5000 8000000
	be_nobody
	start_mwatch --json -i 0.2 --delivered eth0
	for group in 1 2; do
		in_tx msend --quiet --source 10.9.0.1 --count 300 --rate 300 \
			"239.1.1.$group:5000" eth0 &
	done
	wait_for has_seen 600
	stop_mwatch
	assert_equal "$(deliveries)" "eth0 239.1.1.1 300 300 null
eth0 239.1.1.2 300 300 null"
}
