#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# What single options of mwatch do to real traffic: which packets come in, by what loss
# and jitter are told, and what names are shown.

load mwatch

setup() {
	net_setup
}

teardown() {
	net_teardown
}

# send_payloads GROUP HEX...: a packet each, from 10.9.0.1 to port 5000.
send_payloads() {
	in_tx timeout "$DEADLINE" /usr/bin/python3 -c '
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                      socket.inet_aton("10.9.0.1"))
    for payload in sys.argv[2:]:
        sender.sendto(bytes.fromhex(payload), (sys.argv[1], 5000))
' "$@"
}

# numbers FORMAT NUMBER...: in hexadecimal, as printf makes them.
numbers() {
	local format=$1
	shift
	# shellcheck disable=SC2059 # it is meant to be
	printf "$format\n" "$@"
}

# look_at ARGUMENT... -- HEX...: what mwatch tells of these payloads.
look_at() {
	local arguments=()
	while [ "$1" != -- ]; do
		arguments+=("$1")
		shift
	done
	shift
	start_mwatch --json -i 0.1 "${arguments[@]}" eth0
	send_payloads 232.1.1.1 "$@"
	wait_for has_seen $#
	stop_mwatch
	run flows '\(.sequence) \(.lost) \(.duplicates) \(.reordered) \(.restarts)'
}

@test "--all-multicast: an interface that filters brings groups that nobody joined" {
	ip -n "$rx" link add link eth0 name mv0 type macvlan mode bridge
	ip -n "$rx" link set mv0 up
	# It tells groups by a hash of one byte: some of eight are none of the host's.
	start_mwatch --json -i 0.1 mv0
	send 10.9.0.1 232.1.1.1+8:5000 eth0
	send 10.9.0.1 224.0.0.1:5000 eth0
	wait_for grep -q '"224.0.0.1"' "$out"
	stop_mwatch
	assert_equal "$(ask summary '.flows | length < 9')" true
	start_mwatch --json -i 0.1 --all-multicast mv0
	ip -n "$rx" -d link show mv0 | grep -q 'allmulti 1'
	send 10.9.0.1 232.1.1.1+8:5000 eth0
	wait_for has_seen 10
	stop_mwatch
	assert_equal "$(ask summary '.flows | length')" 8
	ip -n "$rx" -d link show mv0 | grep -q 'allmulti 0'
}

# jitter_of ARGUMENT...: of an RTP stream of ten packets, 10 ms apart, in us.
jitter_of() {
	start_mwatch --json -i 0.1 "$@" eth0
	send 10.9.0.1 --rtp --rate 100 232.1.1.1:5000 eth0
	wait_for has_seen 10
	stop_mwatch
	ask summary '.flows[0] | select(.clock == "rtp").jitter_us'
}

# 900 ticks of 90 kHz are 112.5 ms at 8 kHz: each packet seems 102.5 ms too early, and
# nine differences bring the mean to 45 ms (RFC 3550 6.4.1), less where a busy machine
# sent some of them together.
@test "--rtp-clock: the rate of RTP timestamps decides on the jitter" {
	local slow=$BATS_TEST_TMPDIR/slow fast=$BATS_TEST_TMPDIR/fast
	jitter_of --rtp-clock 8000 > "$slow"
	jitter_of > "$fast"
	jq -en --slurpfile slow "$slow" --slurpfile fast "$fast" \
		'$slow[0] > 10000 and $fast[0] < $slow[0]'
}

@test "--seq: a field of four bytes, most significant first, behind an offset" {
	# shellcheck disable=SC2046 # they are words
	look_at --seq 2:4 -- $(numbers 'abcd%08x' 254 255 256 258 259)
	assert_output "field 1 0 0 0"
}

@test "--seq: a field of two bytes, least significant first" {
	look_at --seq 0:2:le -- fe00 ff00 0001 0201 0301 0301
	assert_output "field 1 1 0 0"
}

@test "--seq: numbers that wrap around are no loss" {
	# shellcheck disable=SC2046 # they are words
	look_at --seq 0:2:be -- $(numbers %04x 65533 65534 65535 0 1 3 4)
	assert_output "field 1 0 0 0"
}

@test "--seq: a count field tells how many numbers a packet holds, as in MoldUDP64" {
	local session=41424344454647484950 count=0032 # fifty
	local messages
	messages=$(printf '0002%04x' {1..50})

	# shellcheck disable=SC2046 # they are words
	look_at --seq 10:8+18:2 -- \
		$(numbers "$session%016x$count$messages" 1 51 151 201 201 251)
	assert_output "field 50 50 0 0"
}

# told_by LOSS ARGUMENT...: what is told of ten packets of msend, of which two are lost.
told_by() {
	local loss=$1
	shift
	start_mwatch --json -i 0.1 --loss "$loss" eth0
	send 10.9.0.1 --count 12 --lose 4,5 "$@" 232.1.1.1:5000 eth0
	wait_for has_seen 10
	stop_mwatch
	flows '\(.sequence) \(.lost)'
}

@test "--loss: what is forced is what tells of loss, and nothing else" {
	assert_equal "$(told_by auto --rtp)" "rtp 2"
	assert_equal "$(told_by rtp --rtp)" "rtp 2"
	assert_equal "$(told_by none --rtp)" "null null"
	assert_equal "$(told_by auto)" "msend 2"
	assert_equal "$(told_by msend)" "msend 2"
	assert_equal "$(told_by none)" "null null"
	assert_equal "$(told_by rtp --rtp --ts)" "rtp 2"
	# Seven TS packets in each, but for null packets, which are not numbered.
	[[ $(told_by ts --ts) =~ ^ts\ 1[0-4]$ ]]
	assert_equal "$(told_by none --ts)" "null null"
}

@test "--resolve: text has the names of hosts, when they are known; JSON has none" {
	local hosts=$BATS_TEST_TMPDIR/hosts in_hosts

	echo "10.9.0.1 feed-a.example" > "$hosts"
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	in_hosts=(unshare -m bash -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$hosts")
	as=("${in_hosts[@]}")
	start_mwatch --text -i 0.1 --resolve eth0
	wait_for grep -qE '^feed-a[.]example +232[.]1[.]1[.]1:5000 ' "$out"
	stop_mwatch
	start_mwatch --text -i 0.1 eth0
	wait_for grep -qE '^10[.]9[.]0[.]1 +232[.]1[.]1[.]1:5000 ' "$out"
	stop_mwatch
	run ! grep -q feed-a "$out"
	start_mwatch --json -i 0.1 --resolve eth0
	wait_for has_seen 10
	stop_mwatch
	run ! grep -q feed-a "$out"
}

@test "two interfaces: both are joined, and told apart in every view" {
	make_link eth1
	ip -n "$tx" address add 10.8.0.1/24 dev eth1
	ip -n "$rx" address add 10.8.0.100/24 dev eth1
	up eth1
	start_mwatch --text -i 0.1 --join -s 10.9.0.1 eth0 eth1 232.1.1.1:5000
	run in_rx awk '/0xe8010101/ { print $2 }' /proc/net/mcfilter
	assert_equal "$(sort <<< "$output")" $'eth0\neth1'
	send 10.9.0.1 232.1.1.1:5000 eth0
	send 10.8.0.1 --count 20 232.1.1.1:5000 eth1
	wait_for grep -qE '^eth1 +10[.]8[.]0[.]1 ' "$out"
	stop_mwatch
	run grep -A 9 '^in all' "$out"
	assert_line --regexp '^eth0: 10 packets, .* 1 flow, 0 dropped by the kernel$'
	assert_line --regexp '^eth1: 20 packets, .* 1 flow, 0 dropped by the kernel$'
	assert_line --regexp '^INTERFACE +SOURCE '
	assert_line --regexp '^eth0 +10[.]9[.]0[.]1 +232[.]1[.]1[.]1:5000 +10 .* accept$'
	assert_line --regexp '^eth1 +10[.]8[.]0[.]1 +232[.]1[.]1[.]1:5000 +20 .* block$'
	start_mwatch --csv -i 0.1 eth0 eth1
	send 10.9.0.1 232.1.1.1:5000 eth0
	send 10.8.0.1 232.1.1.1:5000 eth1
	wait_for grep -q ',eth1,.*,10[.]8[.]0[.]1,' "$out"
	stop_mwatch
	grep -q ',eth0,.*,10[.]9[.]0[.]1,' "$out"
	run ! grep -q ',eth0,.*,10[.]8[.]0[.]1,' "$out"
}
