#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# msend --packet: whole frames from any source, judged by tshark and by the kernel of
# the receiver.

load msend.bash

@test "frames come from addresses that the host does not have" {
	local mac
	mac=$(ip -n "$tx" -j link show eth0 | jq -r '.[0].address')
	capture --packet -s 10.1.0.5,192.0.2.1 -c 3 -r 100 -t 9 232.1.1.1:5000 eth0
	assert_line --partial \
		'192.0.2.1 -> 232.1.1.1:5000 on eth0: 3 packets, 192 bytes, 0 errors'
	run count_lines <<<"$(ask_wire udp ip.src ip.dst ip.ttl ip.flags.df udp.length \
		eth.src eth.dst)"
	assert_output "$(printf '3 %s\t232.1.1.1\t9\t1\t72\t%s\t01:00:5e:01:01:01\n' \
		10.1.0.5 "$mac" 192.0.2.1 "$mac")"
}

@test "without a source the frames have the one that the kernel would choose" {
	capture --packet -c 2 -r 100 232.1.1.1:5000 eth0
	run count_lines <<<"$(ask_wire udp ip.src)"
	assert_output '2 10.9.0.1'
}

@test "checksums are right in both families, for even and odd sizes" {
	local size
	start_capture
	for size in 16 17 18 19 255 1471 1472; do
		run msend --packet -z $size -c 4 -r 0 -s 10.1.255.255+3 \
			232.1.1.1:5000 eth0
		assert_success
	done
	for size in 16 17 18 19 255 1451 1452; do
		run msend --packet -z $size -c 4 -r 0 -s fd00::ffff:ffff+3 \
			'[ff3e::1]:5000' eth0
		assert_success
	done
	stop_capture
	run count_lines <<<"$(ask_wire udp ip.version ip.checksum.status ipv6.version \
		udp.checksum.status)"
	assert_output "$(printf '84 4\t1\t\t1\n84 6\t\t6\t1')"
	run ask_wire '_ws.expert || _ws.malformed' frame.number
	assert_output ''
}

@test "a range counts upwards from its first address, and each has its own numbers" {
	local i
	capture --packet -s 10.1.0.254+4,192.0.2.7 -c 3 -r 0 232.1.1.1:5000 eth0
	assert_line --partial '10.1.0.254+4 -> 232.1.1.1:5000 on eth0: 12 packets'
	run count_lines <<<"$(ask_wire udp ip.src)"
	assert_output "$(printf '3 %s\n' 10.1.0.254 10.1.0.255 10.1.1.0 10.1.1.1 \
		192.0.2.7)"
	for i in 10.1.0.254 10.1.1.1 192.0.2.7; do
		[ "$(numbers "ip.src == $i")" = '0 1 2' ]
	done
}

@test "a range of IPv6 counts over the ends of its parts" {
	capture --packet -s fd00::ffff:fffe+4 -c 1 -r 0 '[ff3e::1]:5000' eth0
	run ask_wire udp ipv6.src
	assert_output "$(printf '%s\n' fd00::ffff:fffe fd00::ffff:ffff fd00::1:0:0 \
		fd00::1:0:1)"
}

@test "groups have the MAC addresses of RFC 1112 and RFC 2464" {
	start_capture
	for group in 239.129.2.3 224.1.2.3 '[ff3e::8001:203]' '[ff02::abcd]'; do
		run msend --packet -c 1 "$group:5000" eth0
		assert_success
	done
	run msend --packet -c 3 232.1.1.255+3:5000 eth0
	assert_success
	stop_capture
	run ask_wire udp eth.dst
	assert_output - <<-EOT
		01:00:5e:01:02:03
		01:00:5e:01:02:03
		33:33:80:01:02:03
		33:33:00:00:ab:cd
		01:00:5e:01:01:ff
		01:00:5e:01:02:00
		01:00:5e:01:02:01
	EOT
}

@test "--vlan tags the frames, full ones too" {
	# The tag is not among what tcpdump looks behind for "udp".
	start_capture vlan
	run msend --packet --vlan 100 -z 1472 -c 2 232.1.1.1:5000 eth0
	assert_success
	run msend --packet --vlan 4094 -c 1 '[ff3e::1]:5000' eth0
	assert_success
	stop_capture
	run ask_wire udp vlan.id vlan.priority udp.length udp.checksum.status
	assert_output "$(printf '%s\t0\t%s\t1\n' 100 1480 100 1480 4094 72)"
}

@test "each of 4096 sources sends its packet" {
	capture --packet -s 10.1.0.0+4096 -c 1 -r 1 --json 232.1.1.1:5000 eth0
	get_json '.flows == [{"source": "10.1.0.0", "sources": 4096, "packets": 4096,
		"bytes": 262144, "errors": 0, "pps": .flows[0].pps, "lost": 0,
		"duplicates": 0, "reordered": 0}]'
	[ "$(ask_wire udp ip.src | sort -u | wc -l)" -eq 4096 ]
}

count_arrived() {
	ip -n "$rx" -s -j link show eth0 | jq '.[0].stats64.rx.packets'
}

# have_arrived N: more packets than before.
have_arrived() {
	[ $(($(count_arrived) - before)) -ge "$1" ]
}

@test "a million sources send, and take no more memory than one" {
	local sources peaks=()
	before=$(count_arrived)
	run msend --packet -s 10.0.0.0+1048576 -c 1 -r 0 --json 232.1.1.1:5000 eth0
	assert_success
	get_json '.flows[0].packets == 1048576'
	have_arrived 1048576
	for sources in 192.0.2.1 10.0.0.0+1048576; do
		before=$(count_arrived)
		start_msend --packet -s $sources -r 500 -d 60 232.1.1.1:5000 eth0
		wait_for have_arrived 100
		peaks+=("$(awk '/^VmHWM/ { print $2 }' "/proc/${pids[-1]}/status")")
		kill -INT "${pids[-1]}"
		wait "${pids[-1]}"
	done
	[ $((peaks[1] - peaks[0])) -lt 1024 ]
}

@test "a receiver takes the frames through its source filter" {
	start_mjoin --json -s 10.9.0.200,10.9.0.201 232.1.1.1:5000 eth0
	run msend --packet -s 10.9.0.200+3 -c 10 -r 1000 232.1.1.1:5000 eth0
	assert_success
	wait_for has_packets
	run msend -s 10.9.0.1 -c 1 232.1.1.1:5000 eth0
	stop_mjoin
	summary '[.flows[] | [.source, .packets]] | sort ==
		[["10.9.0.200", 10], ["10.9.0.201", 10]]'
}

@test "at full rate several sources take turns, frames or not" {
	local option
	for option in --packet --ttl=1; do
		run msend $option -s 10.9.0.1,10.9.0.2,10.9.0.3 -r 0 -d 0.3 --json \
			232.1.1.1:5000 eth0
		assert_success
		# They are never further apart than one batch.
		get_json '[.flows[].packets] | min > 0 and max - min <= 64'
	done
}

@test "frames that fail are counted and reported once" {
	start_capture
	start_msend --packet --json -r 200 -s 10.1.0.1+2 232.1.1.1:5000 eth0
	wait_for has_captured 3
	ip -n "$tx" link set eth0 down
	wait_for grep -q 'packet from 10.1.0.1+2: Network is down: going on' \
		"$sent.errors"
	local n_before
	n_before=$(count_captured)
	ip -n "$tx" link set eth0 up
	wait_for has_captured $((n_before + 1))
	kill -INT "${pids[-1]}"
	status=0
	wait "${pids[-1]}" || status=$?
	stop_capture
	assert_equal "$status" 1
	jq -e '.flows[0].errors > 0 and .flows[0].packets > 3' "$sent"
	[ "$(wc -l <"$sent.errors")" -eq 1 ]
}

@test "without CAP_NET_RAW it says what is missing" {
	run in_tx setpriv --bounding-set=-net_raw --inh-caps=-net_raw "$program" \
		--packet -c 1 232.1.1.1:5000 eth0
	assert_equal "$status" 1
	assert_output 'msend: --packet: this needs the capability CAP_NET_RAW: run '\
'msend as root, or leave --packet out'
}

@test "interfaces that cannot carry the frames are refused" {
	ip -n "$tx" tuntap add name tun0 mode tun
	ip -n "$tx" link set tun0 up
	refuse 1 'tun0: not an Ethernet interface' --packet -c 1 -s 10.1.0.1 \
		232.1.1.1:5000 tun0
	refuse 1 'eth0: 1473 bytes of payload and 28 of headers do not fit the MTU of '\
'1500' --packet -c 1 -z 1473 232.1.1.1:5000 eth0
	refuse 1 'eth0: 1453 bytes of payload and 48 of headers do not fit the MTU of '\
'1500' --packet -c 1 -z 1453 '[ff3e::1]:5000' eth0
	ip -n "$tx" address flush dev eth0
	refuse 1 'eth0: no address to send from' --packet -c 1 232.1.1.1:5000 eth0
}

@test "ranges and tags that make no sense are status 2" {
	local count='the number of sources after + must be 1 to 1048576'
	refuse 2 '10.1.0.0+2: a range of sources needs --packet' -s 10.1.0.0+2 \
		232.1.1.1:5000 eth0
	for range in 10.1.0.0+0 10.1.0.0+1048577 10.1.0.0+ 10.1.0.0+-1 '10.1.0.0+ 1' \
		10.1.0.0+99999999999999999999 10.1.0.0+1x; do
		refuse 2 "$range: $count" --packet -s "$range" 232.1.1.1:5000 eth0
	done
	local last='the range runs past the last address that can be a source'
	for range in 223.255.255.255+2 255.255.255.254+2; do
		refuse 2 "$range: $last" --packet -s $range 232.1.1.1:5000 eth0
	done
	range=feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff+2
	refuse 2 "$range: $last" --packet -s $range '[ff3e::1]:5000' eth0
	refuse 2 '10.1.0.7: the source is given twice' \
		--packet -s 10.1.0.0+8,10.1.0.7 232.1.1.1:5000 eth0
	refuse 2 '10.0.255.0+257: the source is given twice' \
		--packet -s 10.1.0.0+8,10.0.255.0+257 232.1.1.1:5000 eth0
	refuse 2 '--source: more than 1048576 sources in all' \
		--packet -s 10.0.0.0+1048576,192.0.2.1 232.1.1.1:5000 eth0
	refuse 2 'fd00::1+2: the source is of another address family' \
		--packet -s fd00::1+2 232.1.1.1:5000 eth0
	refuse 2 '--rate: more than 1000000000 packets a second in all' \
		--packet -s 10.0.0.0+1048576 -r 1000 232.1.1.1:5000 eth0
	refuse 2 '--vlan: only --packet makes tagged frames' --vlan 7 232.1.1.1:5000 eth0
	refuse 2 '--vlan: 4095 is not from 1 to 4094' --packet --vlan 4095 \
		232.1.1.1:5000 eth0
	refuse 2 '--no-loop: frames of --packet never come back' --packet --no-loop \
		232.1.1.1:5000 eth0
	refuse 2 '--gso: the kernel cuts datagrams, not frames' --packet --gso 4 \
		232.1.1.1:5000 eth0
}
