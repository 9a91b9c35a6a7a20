#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# msend's faults on purpose: every number on the wire, in its order.

load msend.bash

@test "packets are lost, doubled and late at the places that were named" {
	capture -c 60 -r 2000 --lose 10,20-25 --duplicate 30 --reorder '40,50:3' \
		232.1.1.1:5000 eth0
	assert_output --partial \
		'54 packets, 3456 bytes, 0 errors, '
	assert_output --partial 'on purpose 7 lost, 1 duplicated, 2 reordered'
	run numbers
	assert_output "$(echo {0..9} {11..19} {26..30} {30..39} 41 40 {42..49} 51 52 53 \
		50 {54..59})"
}

@test "*/K is every Kth packet from K on, and the last ones wait for nothing" {
	capture -c 21 -r 2000 --json --lose '*/7' --duplicate '*/8' --reorder '*/5' \
		232.1.1.1:5000 eth0
	# 20 would leave behind 21, which is beyond the end: it is not late.
	get_json '.flows[0] | [.packets, .lost, .duplicates, .reordered] == [21, 2, 2, 3]'
	run numbers
	assert_output '0 1 2 3 4 6 5 8 8 9 11 10 12 13 16 16 15 17 18 19 20'
}

@test "where lists overlap, loss counts before lateness, and the longer way" {
	capture -c 12 -r 2000 --json --lose 3 --duplicate 3,6 --reorder '3,6,6:4' \
		232.1.1.1:5000 eth0
	get_json '.flows[0] | [.packets, .lost, .duplicates, .reordered] == [12, 1, 1, 1]'
	run numbers
	assert_output '0 1 2 4 5 7 8 9 10 6 6 11'
}

@test "a late packet that no other one overtakes is not counted as reordered" {
	capture -c 12 -r 2000 --json --lose 5 --reorder '4,7-8' 232.1.1.1:5000 eth0
	run numbers
	assert_output '0 1 2 3 4 6 7 9 8 10 11'
}

@test "each source and group has the same faults" {
	local option source group
	for option in --packet --ttl=1; do
		capture $option -s 10.9.0.1,10.9.0.2 -c 20 -r 0 --json --lose 3 \
			--reorder 5 --duplicate 8 232.1.1.1+2:5000 eth0
		get_json '[.flows[] | [.packets, .lost, .duplicates, .reordered]] ==
			[[20, 2, 2, 2], [20, 2, 2, 2]]'
		for source in 10.9.0.1 10.9.0.2; do
			for group in 232.1.1.1 232.1.1.2; do
				run numbers "ip.src == $source && ip.dst == $group"
				assert_output '0 1 2 4 6 5 7 8 8 9'
			done
		done
	done
	capture --packet -s 10.1.0.1+3 -c 10 -r 0 --lose 3 --reorder 5 --duplicate 8 \
		232.1.1.1:5000 eth0
	for source in 10.1.0.1 10.1.0.3; do
		run numbers "ip.src == $source"
		assert_output '0 1 2 4 6 5 7 8 8 9'
	done
}

# Sorted by the time of leaving: late ones are half a slot behind the other.
play_late() {
	seq 0 999 | awk '{
		late = $1 > 0 && $1 % 7 == 0 && $1 + 100 < 1000
		lost = $1 > 0 && $1 % 11 == 0
		if (!lost)
			print $1 + (late ? 100.5 : 0), $1
	}' | sort -n | awk '{ print $2 }' | paste -sd ' '
}

@test "faults reach over the ends of batches" {
	capture -c 1000 -r 0 --json --lose '*/11' --reorder '*/7:100' 232.1.1.1:5000 eth0
	# 90 are lost; 128 would be late, but 11 of them are lost.
	get_json '.flows[0] | [.packets, .lost, .reordered] == [910, 90, 117]'
	run numbers
	assert_output "$(play_late)"
}

@test "--first is where the numbers begin, and they wrap around" {
	capture -c 4 -r 1000 --first 4294967294 232.1.1.1:5000 eth0
	run numbers
	assert_output '4294967294 4294967295 0 1'
	capture -c 4 -r 1000 --rtp --first 65534 232.1.1.1:5004 eth0
	run ask_wire rtp rtp.seq
	assert_output "$(printf '%s\n' 65534 65535 0 1)"
}

@test "--restart begins anew, with another synchronisation source" {
	capture -c 8 -r 1000 --restart 4 --first 7 232.1.1.1:5000 eth0
	run numbers
	assert_output '7 8 9 10 11 7 8 9'
	capture -s 10.9.0.1,10.9.0.2 -c 8 -r 1000 --rtp --restart 4 232.1.1.1:5004 eth0
	run count_lines <<<"$(ask_wire rtp ip.src rtp.ssrc | awk '{ print $1 }')"
	assert_output "$(printf '8 10.9.0.%s\n' 1 2)"
	run bash -c 'sort | uniq -c | sort | awk "{ print \$1 }" | paste -sd " "' \
		<<<"$(ask_wire rtp rtp.ssrc)"
	assert_output '3 3 5 5'
	# Within each of the two lives numbers follow one another.
	ask_wire 'rtp && ip.src == 10.9.0.1' rtp.seq | awk '
		NR != 1 && NR != 6 && $1 != (last + 1) % 65536 { bad = 1 }
		{ last = $1 }
		END { exit bad || NR != 8 }'
}

@test "faults of what is not numbered by msend: TS" {
	capture --ts -c 40 -r 1000 --lose 20 232.1.1.1:5006 eth0
	run ask_wire mp2t.cc.drop udp.length
	assert_output 1324
	run ask_wire udp udp.length
	assert_equal "${#lines[@]}" 39
}

@test "faults that cannot be are status 2" {
	local shape='write numbers from 0 (10), ranges (20-25), or */100'
	for list in x '' 1,,2 1- -1 '*/0' '*' '*/' 1:2 ' 1' 1-2-3 \
		18446744073709551616; do
		refuse 2 "--lose: ${list:-\"\"}: $shape" --lose "$list" \
			232.1.1.1:5000 eth0
	done
	refuse 2 "--duplicate: x: $shape" --duplicate x 232.1.1.1:5000 eth0
	refuse 2 '--lose: 5-4: a range begins with its smaller number' --lose 5-4 \
		232.1.1.1:5000 eth0
	for list in 5:0 5:1001 5: 5:x; do
		refuse 2 "--reorder: $list: the distance after : must be 1 to 1000" \
			--reorder $list 232.1.1.1:5000 eth0
	done
	refuse 2 'more than 256 entries' --lose "$(seq -s, 0 256)" 232.1.1.1:5000 eth0
	refuse 2 '--lose: packet 10 is at or beyond the end: there are 10' \
		-c 10 --lose 9,10 232.1.1.1:5000 eth0
	refuse 2 '--duplicate: packet 12 is at or beyond the end' \
		-c 10 --duplicate 5-12 232.1.1.1:5000 eth0
	refuse 2 '--reorder: packet 9 ' -c 10 --reorder 9 232.1.1.1:5000 eth0
	refuse 2 '--reorder: packet 7 ' -c 10 --reorder 7:3 232.1.1.1:5000 eth0
	refuse 2 '--reorder: packet 4 has too few others behind it: there are 5 ' \
		-c 5 --reorder 4 232.1.1.1:5000 eth0
	refuse 2 '--reorder: packet 5 is at or beyond the end' -c 5 --reorder 5 \
		232.1.1.1:5000 eth0
	refuse 2 '--count: 10 packets cannot be shared equally by 3 groups' -c 10 \
		--lose 1 232.1.1.1+3:5000 eth0
	refuse 2 '--count: 10 packets cannot be shared equally by 3 groups' -c 10 \
		--restart 1 232.1.1.1+3:5000 eth0
	refuse 2 'there are 5 for each source and group' -c 10 --lose 5 \
		232.1.1.1+2:5000 eth0
	refuse 2 '--restart: packet 10 is at or beyond' -c 10 --restart 10 \
		232.1.1.1:5000 eth0
	refuse 2 '--first: 4294967296 is not from 0 to 4294967295' --first 4294967296 \
		232.1.1.1:5000 eth0
	refuse 2 '--restart: -1 is not from 0' --restart -1 232.1.1.1:5000 eth0
}
