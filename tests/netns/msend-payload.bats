#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# msend's payloads that others know: MPEG-TS in UDP and in RTP, judged by tshark, and
# datagrams that the kernel cuts out of one.

load msend.bash

# The PIDs of TS packets on the wire: "N PID".
count_pids() {
	ask_wire udp mp2t.pid | tr ',' '\n' | count_lines
}

@test "TS has whole packets, three PIDs and no gap in their counters" {
	capture --ts -c 320 -r 2000 232.1.1.1:5006 eth0
	assert_output --partial '320 packets, 421120 bytes'
	# Of 2240 packets every 16th is a null packet.
	run count_pids
	assert_output "$(printf '%s\n' '1050 0x00000100' '1050 0x00000101' \
		'140 0x00001fff')"
	run ask_wire 'mp2t.cc.drop || _ws.malformed' frame.number
	assert_output ''
	run count_lines <<<"$(ask_wire udp udp.length)"
	assert_output '320 1324'
}

@test "a lost packet is seen in the counters, so the test above can fail" {
	capture --ts -c 100 -r 2000 --lose 50 232.1.1.1:5006 eth0
	run ask_wire mp2t.cc.drop udp.length
	assert_output 1324
}

@test "some TS packets have an adaptation field, with or without a payload" {
	capture --ts -c 100 -r 2000 232.1.1.1:5006 eth0
	run count_lines <<<"$(ask_wire udp mp2t.af.length | tr ',' '\n' | grep .)"
	assert_line --regexp '^[0-9]+ 7$'
	assert_line --regexp '^[0-9]+ 183$'
	assert_equal "${#lines[@]}" 2
	ask_wire udp mp2t.af.pcr | grep -q .
}

@test "TS in RTP is payload type 33, and --first and --pids are heeded" {
	capture --ts --rtp --pids 5 --first 65500 -c 160 -r 2000 232.1.1.1:5004 eth0
	run count_lines <<<"$(ask_wire udp rtp.p_type udp.length)"
	assert_output "$(printf '160 33\t1336')"
	run count_pids
	assert_output "$(printf '210 0x0000010%s\n' 0 1 2 3 4; echo '70 0x00001fff')"
	run ask_wire 'mp2t.cc.drop || _ws.malformed' frame.number
	assert_output ''
	[ "$(ask_wire udp rtp.seq | sed -n '36,37p' | paste -sd ' ')" = '65535 0' ]
}

@test "each source and group has counters of its own" {
	capture --ts -z 188 -s 10.9.0.1,10.9.0.2 -c 200 -r 1000 232.1.1.1+2:5006 eth0
	local group source
	for source in 10.9.0.1 10.9.0.2; do
		for group in 232.1.1.1 232.1.1.2; do
			ask_wire "ip.src == $source && ip.dst == $group" \
				mp2t.pid mp2t.cc mp2t.afc | awk '
				$1 == "0x00001fff" { next }
				$3 != 2 && $1 in last && $2 != (last[$1] + 1) % 16 {
					bad = 1
				}
				{ last[$1] = $2; n++ }
				END { exit bad || n != 94 }'
		done
	done
}

@test "sizes that hold no whole TS packets are status 2" {
	refuse 2 '--size: 187 is not from 188 to 65507' --ts -z 187 232.1.1.1:5006 eth0
	refuse 2 '--size: 1400 does not hold whole TS packets: 188 and multiples of 188' \
		--ts -z 1400 232.1.1.1:5006 eth0
	refuse 2 '--size: 1316 does not hold whole TS packets: 200 and multiples of 188 '\
'more, such as 1328' --ts --rtp -z 1316 232.1.1.1:5006 eth0
	refuse 2 '--pids: only --ts has PIDs' --pids 3 232.1.1.1:5006 eth0
	refuse 2 '--pids: 4097 is not from 1 to 4096' --ts --pids 4097 232.1.1.1:5006 eth0
}

@test "--gso hands over several datagrams as one, and each arrives" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	start_capture
	run msend --gso 8 -s 10.9.0.1 -c 100 -r 0 --json 232.1.1.1:5000 eth0
	assert_success
	get_json '.flows[0] | .packets == 100 and .bytes == 6400'
	wait_for has_packets
	stop_mjoin
	stop_capture
	summary '.flows[0].packets == 100'
	# On this link nobody cuts before the receiver does. A batch has 64 packets.
	run count_lines <<<"$(ask_wire udp udp.length)"
	assert_output "$(printf '%s\n' '1 264' '12 520')"
}

@test "--gso that cannot be is refused" {
	refuse 2 '--gso: 1 is not from 2 to 64' --gso 1 232.1.1.1:5000 eth0
	refuse 2 '--gso: datagrams that leave together go to one group' --gso 4 \
		232.1.1.1+2:5000 eth0
	refuse 2 '--gso: 64 times 1400 bytes are more than the 65507' --gso 64 -z 1400 \
		232.1.1.1:5000 eth0
	refuse 1 'with --gso nothing is fragmented' --gso 2 -z 1473 232.1.1.1:5000 eth0
}

@test "a receiver on this host that joins while packets are sent is served" {
	local heard=$BATS_TEST_TMPDIR/heard
	start_msend -r 200 -s 10.9.0.1 239.1.1.1:5000 eth0
	start_capture
	wait_for has_captured 5
	ip netns exec "$tx" socat -u UDP4-RECV:5000,ip-add-membership=239.1.1.1:eth0 \
		"CREATE:$heard" 3>&- &
	pids+=($!)
	wait_for test -s "$heard"
	stop_capture
}
