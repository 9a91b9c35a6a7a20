#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# msend, judged by what is on the wire: two network namespaces, a veth pair
# between them, tcpdump on the far end, tshark to read what it wrote.

load msend.bash

@test "each of several sources sends as many packets as asked for, from its own address" {
	start_capture
	run msend --source 10.9.0.1,10.9.0.2 -s 10.9.0.3 --count 20 --rate 200 \
		232.1.1.1:5000 eth0
	assert_success
	assert_line --partial \
		'10.9.0.3 -> 232.1.1.1:5000 on eth0: 20 packets, 1280 bytes, 0 errors'
	stop_capture
	run bash -c 'sort | uniq -c' \
		<<<"$(read_wire ip.src ip.dst udp.dstport udp.length ip.ttl)"
	assert_output - <<-EOT
		     20 10.9.0.1	232.1.1.1	5000	72	1
		     20 10.9.0.2	232.1.1.1	5000	72	1
		     20 10.9.0.3	232.1.1.1	5000	72	1
	EOT
}

@test "several sources take turns" {
	start_capture
	run msend -s 10.9.0.1,10.9.0.2,10.9.0.3 -c 3 -r 4 -q 232.1.1.1:5000 eth0
	assert_success
	assert_output ''
	stop_capture
	run read_wire ip.src
	assert_output "$(printf '10.9.0.%s\n' 1 2 3 1 2 3 1 2 3)"
}

@test "IPv6 sources send with the hop limit asked for" {
	start_capture
	run msend -s fd09::1,fd09::2 -c 5 -r 100 --ttl 7 '[ff3e::1]:5000' eth0
	assert_success
	assert_line --partial 'fd09::2 -> [ff3e::1]:5000 on eth0: 5 packets'
	stop_capture
	run bash -c 'sort | uniq -c' \
		<<<"$(read_wire ipv6.src ipv6.dst udp.dstport ipv6.hlim)"
	assert_output - <<-EOT
		      5 fd09::1	ff3e::1	5000	7
		      5 fd09::2	ff3e::1	5000	7
	EOT
}

@test "the payload holds msnd, a number for each source and group, and the time" {
	local start end
	start=$(date +%s%N)
	start_capture
	run msend -s 10.9.0.1,10.9.0.2 -c 10 -r 100 -z 40 232.1.1.1+3:5000 eth0
	assert_success
	stop_capture
	end=$(date +%s%N)

	# 10 packets to three groups in turn: 4, 3 and 3, and numbers from 0.
	run bash -c 'cut -c1-46 | awk "{print \$1, \$2, substr(\$3, 1, 16)}" | sort' \
		<<<"$(read_wire ip.src ip.dst data.data | tr '\t' ' ')"
	assert_output "$(for source in 1 2; do
		printf "10.9.0.$source 232.1.1.1 6d736e640000000%s\n" 0 1 2 3
		printf "10.9.0.$source 232.1.1.2 6d736e640000000%s\n" 0 1 2
		printf "10.9.0.$source 232.1.1.3 6d736e640000000%s\n" 0 1 2
	done)"

	local n=0 last=$start data
	while read -r data; do
		[ ${#data} -eq 80 ]
		[ $((16#${data:16:16})) -ge "$last" ]
		last=$((16#${data:16:16}))
		[[ ${data:32} =~ ^0+$ ]]
		n=$((n + 1))
	done <<<"$(read_wire data.data)"
	[ $n -eq 20 ]
	[ "$last" -le "$end" ]
}

@test "RTP headers are those of RFC 3550" {
	local begin end
	begin=$(date +%s%N)
	capture -s 10.9.0.1,10.9.0.2 -c 20 -r 50 --rtp --payload-type 33 \
		232.1.1.1:5004 eth0
	end=$(date +%s%N)
	run tshark -r "$wire" -d udp.port==5004,rtp \
		-Y '_ws.malformed || !rtp.version == 2 || rtp.padding == 1 ||
			rtp.ext == 1 ||
			!rtp.cc == 0 || rtp.marker == 1 || !rtp.p_type == 33'
	assert_success
	refute_output --partial 'RTP'
	refute_output --partial 'UDP'
	run bash -c 'sort -u | wc -l' <<<"$(read_wire ip.src rtp.ssrc)"
	assert_output 2
	run bash -c 'sort -u | wc -l' <<<"$(read_wire rtp.ssrc)"
	assert_output 2

	local address seq time last_seq last_time step sum n=0
	for source in 10.9.0.1 10.9.0.2; do
		last_seq='' steps=() sum=0
		while read -r address seq time; do
			[ "$address" = $source ] || continue
			n=$((n + 1))
			if [ -n "$last_seq" ]; then
				[ "$seq" -eq $(((last_seq + 1) % 65536)) ]
				# never back: RFC 3550 5.1, modulo 2^32
				step=$(((time - last_time) & 0xffffffff))
				[ $step -lt $((1 << 31)) ]
				steps+=("$step")
				sum=$((sum + step))
			fi
			last_seq=$seq last_time=$time
		done <<<"$(read_wire ip.src rtp.seq rtp.timestamp)"
		# 20 ms are 1800 ticks of 90 kHz. A loaded machine sends one late and
		# the next ones at once: that moves some steps, not the middle one, and
		# all together take no longer than the run.
		step=$(printf '%s\n' "${steps[@]}" | sort -n | sed -n 10p)
		[ "$step" -gt 900 ]
		[ "$step" -lt 2700 ]
		[ $sum -gt $((19 * 1800 / 2)) ]
		[ $sum -lt $(((end - begin) * 9 / 100000)) ]
	done
	[ $n -eq 40 ]
}

@test "RTP numbers and stamps begin at random values" {
	start_capture
	for _ in 1 2 3; do
		run msend -c 1 --rtp 232.1.1.1:5004 eth0
		assert_success
	done
	stop_capture
	# Three times the same 16-bit number by chance: once in 2^32 runs.
	run bash -c 'sort -u | wc -l' <<<"$(read_wire rtp.seq)"
	refute_output 1
	run bash -c 'sort -u | wc -l' <<<"$(read_wire rtp.timestamp)"
	refute_output 1
	run bash -c 'sort -u' <<<"$(read_wire rtp.p_type)"
	assert_output 96
}

@test "packets leave at an even rate" {
	start_capture
	run msend -c 200 -r 200 --json 232.1.1.1:5000 eth0
	assert_success
	get_json '.flows[0].pps > 150 and .flows[0].pps < 201'
	stop_capture
	# The median gap: 5 ms. A burst and a pause would make it nothing.
	run bash -c 'sort -n | sed -n 100p' <<<"$(read_wire frame.time_delta)"
	[[ $output =~ ^0\.00[3-7] ]]
}

@test "a duration ends the run, and the rate tells how many packets that is" {
	run msend -d 0.5 -r 100 --json 232.1.1.1:5000 eth0
	assert_success
	get_json '.seconds >= 0.49 and .seconds < 5'
	# Fewer only where the machine stood still for a tenth of a second.
	get_json '.flows[0].packets > 25 and .flows[0].packets <= 50'
}

@test "rate 0 is as fast as it goes, and nothing is lost on the way" {
	local before after
	before=$(ip -n "$rx" -s -j link show eth0 | jq '.[0].stats64.rx.packets')
	run msend -s 10.9.0.1,10.9.0.2 -c 20000 -r 0 --json 232.1.1.1:5000 eth0
	assert_success
	get_json '[.flows[].packets] == [20000, 20000] and ([.flows[].errors] | add) == 0'
	after=$(ip -n "$rx" -s -j link show eth0 | jq '.[0].stats64.rx.packets')
	[ $((after - before)) -ge 40000 ]
}

@test "a packet larger than the MTU arrives in fragments" {
	start_capture
	run msend -c 2 -r 100 -z 3000 232.1.1.1:5000 eth0
	assert_success
	stop_capture
	run read_wire udp.length
	assert_output "$(printf '3008\n3008')"
	# 3008 bytes are two full fragments of 1480 bytes and a rest, for each packet.
	run bash -c "tshark -r '$wire' -T fields -e ip.src 2>/dev/null | uniq -c"
	assert_output --regexp '^ *6 10\.9\.0\.1$'
}

@test "with --no-loop nothing comes back to this host" {
	local heard=$BATS_TEST_TMPDIR/heard
	ip netns exec "$tx" socat -u UDP4-RECV:5000,ip-add-membership=239.1.1.1:eth0 \
		"CREATE:$heard" 3>&- &
	pids+=($!)
	wait_for bash -c "ip -n $tx maddress show dev eth0 | grep -q 239.1.1.1"
	run msend -c 3 -r 1000 -z 20 --no-loop 239.1.1.1:5000 eth0
	assert_success
	run msend -c 3 -r 1000 -z 64 239.1.1.1:5000 eth0
	assert_success
	wait_for bash -c "[ \$(stat -c %s '$heard') -ge 192 ]"
	[ "$(stat -c %s "$heard")" -eq 192 ]
}

@test "a summary that cannot be written is status 1" {
	local option
	for option in --ttl=1 --json; do
		run bash -c \
			'ip netns exec "$1" "$2" "$3" -c 1 232.1.1.1:5000 eth0 \
				>/dev/full' \
			bash "$tx" "$program" $option
		assert_equal "$status" 1
		assert_output 'msend: cannot write the summary: No space left on device'
	done
}

@test "link-local sources and groups take their scope from the interface" {
	local source
	wait_for bash -c "ip -n $tx -6 address show dev eth0 scope link |
		grep -q 'inet6.*scope link *$'"
	source=$(ip -n "$tx" -j -6 address show dev eth0 scope link |
		jq -r '[.[].addr_info[]? | select(.local)][0].local')
	start_capture
	run msend -s "$source" -c 1 '[ff02::1:5]:5000' eth0
	assert_success
	run msend -c 1 '[ff02::1:5]:5000' eth0
	assert_success
	stop_capture
	run bash -c 'sort | uniq -c' <<<"$(read_wire ipv6.src ipv6.dst)"
	assert_output "      2 $source	ff02::1:5"
}

@test "the largest packets of both families are sent" {
	run msend -z 65507 -c 2 -r 0 --json 232.1.1.1:5000 eth0
	assert_success
	get_json '.flows[0].bytes == 131014'
	run msend -z 65527 -c 2 -r 0 --json '[ff3e::1]:5000' eth0
	assert_success
	get_json '.flows[0].bytes == 131054'
}

@test "after a stall the schedule moves on, without a burst" {
	start_capture
	start_msend --json -r 500 -d 2 232.1.1.1:5000 eth0
	wait_for has_captured 5
	kill -STOP "${pids[-1]}"
	# Half a second, measured by what another sender gets through.
	run msend -s 10.9.0.2 -r 10 -c 6 232.1.1.2:5001 eth0
	assert_success
	kill -CONT "${pids[-1]}"
	wait "${pids[-1]}"
	stop_capture
	# 1000 packets less the 250 or more of the stall; 50 is what may be caught up.
	jq -e '.flows[0].packets > 100 and .flows[0].packets < 800' "$sent"
}

@test "SIGINT and SIGTERM end it with the summary" {
	local signal
	for signal in INT TERM; do
		start_capture
		start_msend --json -r 100 232.1.1.1:5000 eth0
		wait_for has_captured 5
		kill -$signal "${pids[-1]}"
		wait "${pids[-1]}"
		stop_capture
		[ "$(jq .flows[0].packets "$sent")" -eq "$(read_wire ip.src | wc -l)" ]
	done
}

@test "the JSON summary keeps its contract" {
	run msend --json -s 10.9.0.2 -c 4 -r 100 -z 100 232.1.1.1+2:5000 eth0
	assert_success
	[ "${#lines[@]}" -eq 1 ]
	get_json 'del(.time, .seconds, .flows[].pps) == {"event": "summary",
		"interface": "eth0", "ifindex": .ifindex, "group": "232.1.1.1",
		"groups": 2,
		"port": 5000,
		"flows": [{"source": "10.9.0.2", "sources": 1, "packets": 4,
		"bytes": 400, "errors": 0, "lost": 0, "duplicates": 0,
		"reordered": 0}]}'
	get_json '.time | test("^\\d{4}(-\\d\\d){2}T(\\d\\d:){2}\\d\\d\\.\\d+[+-]" +
		"\\d\\d:\\d\\d$")'
	run msend --json -c 1 232.1.1.1:5000 eth0
	assert_success
	[ "$(jq .flows[0].pps <<<"$output")" = null ]
}

@test "the interface is named, or given by index or address" {
	local index
	index=$(ip -n "$tx" -j link show eth0 | jq '.[0].ifindex')
	for interface in eth0 "$index" 10.9.0.2 fd09::3; do
		run msend --json -c 1 232.1.1.1:5000 "$interface"
		assert_success
		get_json '.interface == "eth0"'
	done
}

@test "a wrong command line is status 2, with its reason" {
	refuse 2 '232.1.1.1: the port is missing' 232.1.1.1 eth0
	refuse 2 'ff3e::1:5000: the port is missing' ff3e::1:5000 eth0
	refuse 2 'garbage:5000: neither an IPv4 nor an IPv6 address' garbage:5000 eth0
	refuse 2 'misspelt IPv4 address' 232.1.1:5000 eth0
	refuse 2 'the port must be a number from 1 to 65535' 232.1.1.1:65536 eth0
	refuse 2 'no multicast group' 10.9.0.1:5000 eth0
	refuse 2 'no multicast group' '[fd09::1]:5000' eth0
	refuse 2 'past the last multicast address' 239.255.255.255+2:5000 eth0
	refuse 2 'unexpected text at the end' 232.1.1.1:5000x eth0
	refuse 2 'an interface are needed' 232.1.1.1:5000
	refuse 2 'one argument too many' 232.1.1.1:5000 eth0 eth1
	refuse 2 'fd09::1: the source is of another address family' -s fd09::1 \
		232.1.1.1:5000 eth0
	refuse 2 '232.1.1.2: a multicast address cannot be a source' -s 232.1.1.2 \
		232.1.1.1:5000 eth0
	refuse 2 '0.0.0.0: an unspecified address (0.0.0.0/8) cannot' -s 0.0.0.0 \
		232.1.1.1:5000 eth0
	refuse 2 '255.255.255.255: the broadcast address cannot be' -s 255.255.255.255 \
		232.1.1.1:5000 eth0
	refuse 2 '::ffff:10.9.0.1: a v4-mapped address cannot be' -s ::ffff:10.9.0.1 \
		'[ff3e::1]:5000' eth0
	refuse 2 '10.9.0.0/24: a prefix is no address; N sources are written SOURCE+N' \
		-s 10.9.0.0/24 232.1.1.1:5000 eth0
	refuse 2 'the source is given twice' -s 10.9.0.1,10.9.0.1 232.1.1.1:5000 eth0
	refuse 2 'an empty source is in the list' -s 10.9.0.1, 232.1.1.1:5000 eth0
	refuse 2 '--size: 15 is not from 16 to 65507' -z 15 232.1.1.1:5000 eth0
	refuse 2 '--size: 27 is not from 28 to 65507' --rtp -z 27 232.1.1.1:5000 eth0
	refuse 2 '--size: 65508 is not' -z 65508 232.1.1.1:5000 eth0
	refuse 2 '--ttl: 256 is not from 0 to 255' -t 256 232.1.1.1:5000 eth0
	refuse 2 '--rate: -1 is not from 0 to' -r -1 232.1.1.1:5000 eth0
	refuse 2 '--count: -1 is not from 0 to' -c -1 232.1.1.1:5000 eth0
	refuse 2 '--payload-type: 128 is not from 0 to 127' --rtp --payload-type 128 \
		232.1.1.1:5000 eth0
	refuse 2 '--duration: seconds are from 0' -d -1 232.1.1.1:5000 eth0
	refuse 2 '--rate: fast: must be a whole number' -r fast 232.1.1.1:5000 eth0
	local number
	for number in ' 5' +5 0x1 '' '5 '; do
		refuse 2 "--count: ${number:-\"\"}: must be a whole number" -c "$number" \
			232.1.1.1:5000 eth0
	done
	for number in ' 5' +5 0x1 nan 1e3 ''; do
		refuse 2 "--duration: ${number:-\"\"}: must be a number of seconds" \
			-d "$number" 232.1.1.1:5000 eth0
	done
	refuse 2 '--duration: 0.0000000001: must be 0.001 seconds or more, or 0: never' \
		-d 0.0000000001 232.1.1.1:5000 eth0
	refuse 2 '--count: given twice' --count 1 -c 2 232.1.1.1:5000 eth0
	refuse 2 '--duration: given twice' -d 1 -d 1 232.1.1.1:5000 eth0
	refuse 2 '--nonsense: unknown option; msend --help lists them' \
		--nonsense 232.1.1.1:5000 eth0
}

@test "what the system lacks is status 1, with the cure" {
	refuse 1 'eth9: no such interface' -c 1 232.1.1.1:5000 eth9
	refuse 1 'eth0: source 10.9.0.99 is not an address of this host' \
		-s 10.9.0.99 -c 1 \
		232.1.1.1:5000 eth0
	assert_output --partial 'ip address add 10.9.0.99 dev eth0'
	refuse 1 'eth0: source fd09::99 is not an address of this host' -s fd09::99 -c 1 \
		'[ff3e::1]:5000' eth0
	ip -n "$tx" link set eth0 down
	refuse 1 'eth0: the interface is down: ip link set eth0 up' \
		-c 1 232.1.1.1:5000 eth0
}

@test "an interface without an address is told, not sent from 0.0.0.0" {
	ip -n "$tx" address flush dev eth0
	refuse 1 'eth0: no address to send from' -c 1 232.1.1.1:5000 eth0
	refuse 1 'eth0: no address to send from' -c 1 '[ff3e::1]:5000' eth0
}

@test "a source of another interface is sent from, with a warning" {
	ip -n "$tx" link add other type veth peer name far
	ip -n "$tx" address add 10.8.0.1/24 dev other
	ip -n "$tx" link set other up
	start_capture
	run msend -s 10.8.0.1 -c 1 232.1.1.1:5000 eth0
	assert_success
	assert_line --partial 'eth0: warning: source 10.8.0.1 is an address of other'
	stop_capture
	run read_wire ip.src
	assert_output 10.8.0.1
}

@test "packets that fail are counted and reported once, and the others go on" {
	start_capture
	start_msend --json -r 100 232.1.1.1:5000 eth0
	wait_for has_captured 3
	ip -n "$tx" link set eth0 down
	wait_for grep -q 'Network is unreachable: going on' "$sent.errors"
	local n_before
	n_before=$(count_captured)
	ip -n "$tx" link set eth0 up
	wait_for has_captured $((n_before + 1))
	kill -INT "${pids[-1]}"
	status=0
	wait "${pids[-1]}" || status=$?
	assert_equal "$status" 1
	jq -e '.flows[0].errors > 0 and .flows[0].packets > 3' "$sent"
	[ "$(wc -l <"$sent.errors")" -eq 1 ]
}

@test "--help and --version succeed and name the options" {
	run msend --help
	assert_success
	assert_output --partial '--source'
	run msend --version
	assert_success
	assert_output --regexp '^msend [0-9]+\.[0-9]+\.[0-9]+$'
}

@test "a mistake in a number names the option and the number" {
	for mistake in '-r 0.5 --rate: 0.5' '-c x --count: x' '-z 9y --size: 9y' \
		'-t z --ttl: z' '--payload-type q --payload-type: q' \
		'-d x --duration: x' \
		'-c 99999999999999999999 --count: 99999999999999999999'; do
		read -r option value expected <<< "$mistake"
		run msend "$option" "$value" 239.1.1.1:5000 eth0
		assert_equal "$status" 2
		[[ $output == "msend: $expected: must be a"* ]] || fail "$output"
	done
}

@test "sources and interfaces that are none" {
	run msend --source 10.9.0.1, 239.1.1.1:5000 eth0
	assert_equal "$status" 2
	assert_output --partial '--source: an empty source is in the list'
	for none in 0 ''; do
		run msend 239.1.1.1:5000 "$none"
		assert_equal "$status" 2
		assert_output --partial 'not an interface'
	done
	run msend 239.1.1.1:5000 10.1.2.3
	assert_equal "$status" 1
	assert_output --partial 'no one has this address'
}

@test "--quiet with --json prints the summary all the same" {
	run msend --quiet --json --count 3 --source 10.9.0.1 239.1.1.1:5000 eth0
	assert_equal "$status" 0
	assert_equal "$(jq '.flows[0].packets' <<< "$output")" 3
}

@test "--help and --version that cannot be written are status 1" {
	for option in --help --version; do
		run msend "$option" > /dev/null
		assert_equal "$status" 0
		run in_tx bash -c "'$program' $option > /dev/full"
		assert_equal "$status" 1
		assert_output "msend: standard output: No space left on device"
	done
	run in_tx bash -c "'$program' --count 1 239.1.1.1:5000 eth0 > /dev/full"
	assert_equal "$status" 1
	assert_output --partial "No space left on device"
}

@test "a summary that nobody reads does not keep a signal waiting" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 7<> "$BATS_TEST_TMPDIR/pipe"
	dd if=/dev/zero of="$BATS_TEST_TMPDIR/pipe" bs=4096 oflag=nonblock \
		2> /dev/null || true
	start_capture
	ip netns exec "$tx" "$program" --source 10.9.0.1 239.1.1.1:5000 eth0 \
		> "$BATS_TEST_TMPDIR/pipe" 2> "$sent.errors" 3>&- &
	mjoin=$!
	pids+=("$mjoin")
	wait_for has_captured 1
	stop_mjoin
	stop_capture
	exec 7>&-
	assert_equal "$status" 1
	grep -q '^msend: cannot write the summary: the reader takes nothing$' \
		"$sent.errors"
}

@test "a reader that goes before the summary is no failure" {
	run bash -c '"$@" | true; exit "${PIPESTATUS[0]}"' msend ip netns exec "$tx" \
		"$program" -s 10.9.0.1 -c 3 -r 10 232.1.1.1:5000 eth0
	assert_equal "$status" 0
	assert_output ""
}
