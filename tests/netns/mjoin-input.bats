#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# mjoin reads command lines, channel files and session descriptions, and tells in one
# line what is wrong with them: every cell of the table of bad input ends with status
# 1 or 2 and the cause.

load common

setup() {
	net_setup
	before=$(memberships)
}

teardown() {
	net_teardown
}

# refuse STATUS PATTERN ARGUMENT...: one line on standard error that matches, nothing
# on standard output, and nothing joined.
refuse() {
	local expected=$1 pattern=$2
	shift 2
	run_mjoin "$@"
	assert_equal "$status" "$expected"
	assert_equal "$output" ""
	assert_equal "${#stderr_lines[@]}" 1
	[[ $stderr =~ ^mjoin:\ $pattern$ ]] || fail "$stderr does not match $pattern"
	assert_equal "$(memberships)" "$before"
}

@test "no such interface" {
	refuse 1 'nope0: no such interface.*' -s 10.9.0.1 232.1.1.1:5000 nope0
	refuse 1 '99: no such interface.*' 239.1.1.1:5000 99
	refuse 1 '10.1.2.3: no such interface.*' 239.1.1.1:5000 10.1.2.3
	refuse 1 'nope0: no such interface.*' '[ff3e::1]:5000' nope0
}

@test "unicast group" {
	refuse 2 '10.9.0.1:5000: not a multicast group.*' 10.9.0.1:5000 eth0
	refuse 2 '0.0.0.0: not a multicast group.*' 0.0.0.0 eth0
	refuse 2 '255.255.255.255: not a multicast group.*' 255.255.255.255 eth0
	refuse 2 '\[fd09::1\]:5000: not a multicast group.*' '[fd09::1]:5000' eth0
	refuse 2 '.*v4-mapped.*' ::ffff:239.1.2.3 eth0
	refuse 2 '10.9.0.1: not a multicast group.*' -s 10.9.0.2 10.9.0.1 eth0
}

@test "source of the other family" {
	refuse 2 'fd09::1: source: wrong family: .*' -s fd09::1 232.1.1.1:5000 eth0
	refuse 2 '10.9.0.1: source: wrong family: .*' -s 10.9.0.1 '[ff3e::1]:5000' eth0
	refuse 2 'fd09::1: source: wrong family: .*' -x fd09::1 239.1.1.1:5000 eth0
	refuse 2 'fd09::1: source: wrong family: .*' -s 10.9.0.1,fd09::1 232.1.1.1 eth0
}

@test "misspelt source" {
	refuse 2 'garbage: source: neither an IPv4 nor an IPv6 address.*' \
		-s garbage 232.1.1.1:5000 eth0
	refuse 2 '10.9.0.256: source: misspelt IPv4 address.*' \
		-s 10.9.0.256 232.1.1.1:5000 eth0
	refuse 2 '010.9.0.1: source: misspelt IPv4 .* 255, without leading zeros' \
		-s 010.9.0.1 232.1.1.1:5000 eth0
	refuse 2 '10.9.0.0/24: source: a prefix is no address; each address has .*' \
		-s 10.9.0.0/24 232.1.1.1:5000 eth0
	refuse 2 'fd09:::1: source: misspelt IPv6 address' -s fd09:::1 ff3e::1 eth0
	refuse 2 '"": source: an empty one is in the list' -s '' 232.1.1.1:5000 eth0
	refuse 2 '10.9.0.1,: source: an empty one is in the list; .*' \
		-s 10.9.0.1, 232.1.1.1:5000 eth0
}

@test "source that cannot be one" {
	refuse 2 '232.1.1.2: source: a multicast address .*' -s 232.1.1.2 232.1.1.1 eth0
	refuse 2 'ff02::1: source: a multicast address .*' -x ff02::1 ff3e::1 eth0
	refuse 2 '0.0.0.0: source: an unspecified address .*' -s 0.0.0.0 232.1.1.1 eth0
	refuse 2 '::: source: the unspecified address .*' -s :: ff3e::1 eth0
	refuse 2 '255.255.255.255: source: the broadcast .*' \
		-x 255.255.255.255 239.1.1.1 eth0
	refuse 2 '::ffff:1.2.3.4: source: a v4-mapped .*' -s ::ffff:1.2.3.4 ff3e::1 eth0
}

@test "misspelt group" {
	refuse 2 'garbage: neither an IPv4 nor an IPv6 address.*' garbage eth0
	refuse 2 '232.1.1:5000: misspelt IPv4 address.*' 232.1.1:5000 eth0
	refuse 2 '.*: misspelt IPv6 address' '[ff3e:::1]:5000' eth0
	refuse 2 '232.1.1.0/24: a prefix is no address; N groups .*' 232.1.1.0/24 eth0
	local url
	for url in udp://232.1.1.1:5000 udp://@232.1.1.1:5000 'rtp://[ff3e::1]:5000'; do
		refuse 2 '.*: a URL is no group: write 232.1.1.1:5000' "$url" eth0
	done
}

@test "port out of range" {
	for port in 0 65536 99999999999999 -1 x ''; do
		refuse 2 "232.1.1.1:$port: the port must be a number from 1 to 65535" \
			"232.1.1.1:$port" eth0
	done
}

@test "range that is none" {
	refuse 2 '.*: the number of groups .*' 232.1.1.1+0:5000 eth0
	refuse 2 '.*: the range .* runs past .*' 239.255.255.255+2:5000 eth0
	refuse 2 '232.1.1.1\+65000: more than 65536 groups in all' \
		232.0.0.0+65000 eth0 232.1.1.1+65000 eth0
}

@test "-s and -x together, and sources given twice" {
	refuse 2 '-s and -x: .*' -s 10.9.0.1 -x 10.9.0.2 232.1.1.1:5000 eth0
	refuse 2 '10.9.0.1: this source is given twice' \
		-s 10.9.0.1,10.9.0.2 -s 10.9.0.1 232.1.1.1:5000 eth0
	refuse 2 '10.9.0.1: sources are given twice: here, and by -s' \
		-s 10.9.0.2 10.9.0.1@232.1.1.1:5000 eth0
}

@test "channels given twice" {
	refuse 2 '239.1.1.2:5000: given twice on interface eth0' \
		239.1.1.1+3:5000 eth0 239.1.1.2:5000 eth0
	refuse 2 '232.1.1.1:5000: given twice on interface eth0 with source 10.9.0.1' \
		10.9.0.1,10.9.0.2@232.1.1.1:5000 eth0 10.9.0.1@232.1.1.1:5000 eth0
}

@test "words that are missing or too many" {
	refuse 2 '232.1.1.1:5000: an interface must follow.*' 232.1.1.1:5000
	local word
	for word in eth0 help 5; do
		refuse 2 "$word: no group before it: mjoin GROUP\[:PORT\] IFACE" "$word"
	done
	refuse 2 'eth1: no group before it: .*' 232.1.1.1:5000 eth0 eth1
	refuse 2 'GROUP: nothing to join.*'
	refuse 2 '--bogus: unknown option; mjoin --help lists them' \
		--bogus 232.1.1.1:5000 eth0
	refuse 2 '-h: unknown option; mjoin --help lists them' -h
	refuse 2 '--count: missing argument' --count
	refuse 2 '--backend: x: must be auto, kernel or asm' --backend x 232.1.1.1 eth0
	refuse 2 '--count: .*' --count 0 232.1.1.1:5000 eth0
	refuse 2 '--count: .*' --count -5 232.1.1.1:5000 eth0
	refuse 2 '--timeout: .*' --timeout 0 232.1.1.1:5000 eth0
	refuse 2 '--timeout: .*' --timeout nan 232.1.1.1:5000 eth0
	refuse 2 '--timeout: given twice' --timeout 1 --timeout 2 232.1.1.1:5000 eth0
	refuse 2 '--wait: .*' --wait=soon 232.1.1.1:5000 eth0
	refuse 2 '232.1.1.1: --wait needs a port.*' --wait 232.1.1.1 eth0
	refuse 2 '--count: needs a port.*' --count 1 232.1.1.1 eth0
	refuse 2 '--output: needs a port.*' --output - 232.1.1.1 eth0
	refuse 2 '--sdp: an interface must follow.*' --sdp x.sdp
}

@test "a port that stands apart, and an interface that stands first" {
	local cure='a port is written behind its group'
	refuse 2 "5000: $cure: 232.1.1.1:5000" 232.1.1.1 5000 eth0
	refuse 2 "5000: $cure: 232.1.1.1\+3:5000" -s 10.9.0.1 232.1.1.1+3 5000 eth0
	refuse 2 "5000: $cure: \[ff3e::1\]:5000" fd09::1@ff3e::1 5000 eth0
	refuse 1 '5000: no such interface.*' 232.1.1.1 5000 232.1.1.2 eth0
	refuse 2 'eth0: the group comes first: mjoin GROUP\[:PORT\] IFACE' \
		-s 10.9.0.1 eth0 232.1.1.1:5000
	refuse 2 '2: the group comes first: .*' 2 10.9.0.1@232.1.1.1
	refuse 2 '232.1.1: misspelt IPv4 address.*' 232.1.1 232.1.1.1
}

@test "an any-source join in the SSM range works with a warning" {
	start_mjoin 232.1.1.1:5000 eth0
	send 10.9.0.1 232.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$status" 0
	grep -q '^mjoin: .*: warning: .*232.0.0.0/8.*RFC 4607' "$err"
	grep -q '10.9.0.1 *10' "$out"
}

@test "an IPv6 any-source join in the SSM range works with a warning" {
	start_mjoin '[ff3e::1]+3:5000' eth0
	stop_mjoin
	assert_equal "$(grep -c '^mjoin: .*: warning: .*ff3x::/32.*RFC 4607' "$err")" 1
}

@test "an interface that is down is told of" {
	ip -n "$rx" link set eth0 down
	start_mjoin -s 10.9.0.1 232.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$status" 0
	grep -q '^mjoin: .*: warning: .*eth0 is down: ip link set eth0 up' "$err"
}

@test "an interface without multicast is told of" {
	ip -n "$rx" link set eth0 multicast off
	start_mjoin -s 10.9.0.1 232.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$status" 0
	grep -q '^mjoin: .*: warning: .*without multicast: ip link .* multicast on' "$err"
}

@test "an old version of IGMP is told of when sources are named" {
	in_rx sysctl -qw net.ipv4.conf.eth0.force_igmp_version=2
	start_mjoin -s 10.9.0.1 232.1.1.1:5000 eth0
	stop_mjoin
	grep -q '^mjoin: .*: warning: IGMP version 2 is in force on eth0' "$err"
	start_mjoin 239.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$(cat "$err")" ""
}

@test "an IPv6 address that may hold a port is told of" {
	start_mjoin -s fd09::1 ff3e::1:5000 eth0
	stop_mjoin
	grep -q '^mjoin: ff3e::1:5000: warning: .*\[ff3e::1\]:5000' "$err"
}

@test "--file joins one channel a line" {
	cat > "$BATS_TEST_TMPDIR/channels" <<- 'END'
		# comments and empty lines do not count

		10.9.0.1,10.9.0.2@232.1.1.1:5000 eth0   # two sources
		!10.9.0.1@239.1.1.1:5000	eth0
		239.1.1.2+2:5000 eth0
		fd09::1@[ff3e::1]:5000 eth0
		10.9.0.3@232.1.1.9 eth0
	END
	start_mjoin --json --file "$BATS_TEST_TMPDIR/channels"
	wait_for has_joined 6
	send 10.9.0.1,10.9.0.2,10.9.0.3 232.1.1.1:5000 eth0
	send 10.9.0.1,10.9.0.2,10.9.0.3 239.1.1.1:5000 eth0
	send 10.9.0.1 239.1.1.3:5000 eth0
	send fd09::1,fd09::2 '[ff3e::1]:5000' eth0
	stop_mjoin
	run each summary '"\(.group) [\([.flows[].source] | join(" "))]"'
	assert_output "232.1.1.1 [10.9.0.1 10.9.0.2]
239.1.1.1 [10.9.0.2 10.9.0.3]
239.1.1.2 []
239.1.1.3 [10.9.0.1]
ff3e::1 [fd09::1]
232.1.1.9 []"
}

@test "--file - reads standard input, and -s is for lines without sources" {
	echo "232.1.1.1:5000 eth0" > "$BATS_TEST_TMPDIR/stdin"
	stdin=$BATS_TEST_TMPDIR/stdin
	start_mjoin --json -s 10.9.0.1 --file -
	send 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$(summary '[.flows[].source]')" '["10.9.0.1"]'
}

@test "mistakes in a channel file tell the line" {
	file=$BATS_TEST_TMPDIR/bad
	printf '# one\n\n239.1.1.1:5000 eth0\n239.1.1.2:5000\n' > "$file"
	refuse 2 "$file:4: 239.1.1.2:5000: no interface.*" --file "$file"
	printf '239.1.1.1:5000 eth0 eth1\n' > "$file"
	refuse 2 "$file:1: eth1: unexpected text.*" --file "$file"
	printf '239.1.1.1:5000 eth0\n10.9.0.1@10.9.0.2 eth0' > "$file"
	refuse 2 "$file:2: 10.9.0.2: not a multicast group.*" --file "$file"
	printf '!@239.1.1.1:5000 eth0\n' > "$file"
	refuse 2 "$file:1: \"\": source: an empty one is in the list" --file "$file"
	printf '10.9.0.1@232.1.1.1:5000 eth0\n' > "$file"
	refuse 2 "$file:1: 10.9.0.1: sources are given twice.*" -s 10.9.0.2 --file "$file"
	printf '239.1.1.1:5000 eth0\0\n' > "$file"
	refuse 2 "$file:1: .*" --file "$file"
	printf '' > "$file"
	refuse 2 "$file: nothing to join.*" --file "$file"
	refuse 1 "$file.none: No such file or directory" --file "$file.none"
	refuse 1 "$BATS_TEST_TMPDIR: Is a directory" --file "$BATS_TEST_TMPDIR"
}

# sdp LINE...: a session description with these lines in its middle.
sdp() {
	{
		printf '%s\r\n' 'v=0' 'o=- 1 1 IN IP4 10.9.0.1' 's=a test' 't=0 0'
		printf '%s\r\n' "$@"
	} > "$BATS_TEST_TMPDIR/session.sdp"
}

# channels: what mjoin --sdp joins.
channels() {
	run_mjoin --json --timeout 0.05 --sdp "$BATS_TEST_TMPDIR/session.sdp" "$@" eth0
	jq -r 'select(.event == "joined") |
		"\(.group):\(.port) \(.mode) [\(.sources | join(","))]"' <<< "$output"
	[ -z "$output" ] && echo "$stderr"
	true
}

@test "--sdp: the source filter of a session, and the stream arrives" {
	sdp 'c=IN IP4 232.1.1.1/32' 'a=source-filter: incl IN IP4 * 10.9.0.1' \
		'm=audio 5000 RTP/AVP 96' 'a=rtpmap:96 L24/48000/2'
	start_mjoin --json --sdp "$BATS_TEST_TMPDIR/session.sdp" eth0
	send 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$(summary '[.flows[].source]')" '["10.9.0.1"]'
}

@test "--sdp: what a media says goes before what the session says" {
	sdp 'c=IN IP4 232.1.1.1/32' 'a=source-filter: incl IN IP4 232.1.1.1 10.9.0.1' \
		'm=audio 5000 RTP/AVP 96' \
		'm=audio 5002 RTP/AVP 96' 'c=IN IP4 239.1.1.2/1' \
		'a=source-filter:excl IN IP4 239.1.1.2 10.9.0.3 10.9.0.2' \
		'm=video 5004 RTP/AVP 31' 'a=source-filter: incl IN * * 10.9.0.4' \
		'm=audio 5006 RTP/AVP 96' 'c=IN IP6 ff3e::5' \
		'a=source-filter: incl IN IP6 ff3e::5 fd09::1' \
		'm=audio 0 RTP/AVP 96' 'm=audio 9 TCP/RTP/AVP 96'
	run channels
	assert_output "232.1.1.1:5000 include [10.9.0.1]
239.1.1.2:5002 exclude [10.9.0.2,10.9.0.3]
232.1.1.1:5004 include [10.9.0.4]
ff3e::5:5006 include [fd09::1]"
}

@test "--sdp: addresses and ports in numbers" {
	sdp 'c=IN IP4 239.1.1.1/127/3' 'm=video 5000 RTP/AVP 31'
	run channels
	assert_output "239.1.1.1:5000 exclude []
239.1.1.2:5000 exclude []
239.1.1.3:5000 exclude []"
	sdp 'c=IN IP6 ff1e::1' 'm=video 5000/2 RTP/AVP 31'
	run channels
	assert_output "ff1e::1:5000 exclude []
ff1e::1:5002 exclude []"
	sdp 'c=IN IP6 ff1e::1/2' 'm=data 5000/2 udp 31'
	run channels
	assert_output "ff1e::1:5000 exclude []
ff1e::2:5001 exclude []"
	sdp 'm=data 5000/2 RTP/AVP 31' 'c=IN IP4 239.1.1.1/1' 'c=IN IP4 239.1.1.9/1'
	run channels -s 10.9.0.1
	assert_output "239.1.1.1:5000 include [10.9.0.1]
239.1.1.9:5002 include [10.9.0.1]"
}

# refuse_sdp LINE PATTERN
refuse_sdp() {
	refuse 2 ".*/session.sdp:$1: $2" --sdp "$BATS_TEST_TMPDIR/session.sdp" eth0
}

@test "mistakes in a session description tell the line" {
	sdp 'c=IN IP4 10.9.0.1' 'm=audio 5000 RTP/AVP 96'
	refuse_sdp 5 '10.9.0.1:5000: not a multicast group.*'
	sdp 'm=audio 5000 RTP/AVP 96' 'a=x'
	refuse_sdp 5 'm=: no c= line for this media'
	sdp 'c=IN IP4 232.1.1.1/300' 'm=audio 5000 RTP/AVP 96'
	refuse_sdp 5 '300: c=: the TTL must be 0 to 255'
	sdp 'c=IN IP6 232.1.1.1' 'm=audio 5000 RTP/AVP 96'
	refuse_sdp 5 '232.1.1.1: IP6 is said, but this is an IPv4 address'
	sdp 'c=IN IP4 239.255.255.255/1/2' 'm=audio 5000 RTP/AVP 96'
	refuse_sdp 5 '239.255.255.255: c=: the addresses run past the last group'
	sdp 'c=IN IP4 232.1.1.1/1' 'm=audio 65536 RTP/AVP 96'
	refuse_sdp 6 '65536: m=: the port must be 0 to 65535'
	sdp 'c=IN IP4 232.1.1.1/1' 'm=audio 5000 RTP/AVP 96' \
		'a=source-filter: incl IN IP4 232.1.1.1 sender.example.com'
	refuse_sdp 7 'sender.example.com: source: neither .*names are not looked up.*'
	sdp 'c=IN IP4 232.1.1.1/1' 'm=audio 5000 RTP/AVP 96' \
		'a=source-filter: incl IN IP4 232.1.1.2 10.9.0.1'
	refuse_sdp 7 '232.1.1.2: a=source-filter: no c= line has this destination'
	sdp 'c=IN IP4 232.1.1.1/1' 'm=audio 5000 RTP/AVP 96' \
		'a=source-filter: incl IN IP4 * 10.9.0.1' \
		'a=source-filter: excl IN IP4 232.1.1.1 10.9.0.1'
	refuse_sdp 8 '232.1.1.1: two source filters apply; the other one is in line 7'
	sdp 'c=IN IP4 232.1.1.1/1' 'm=audio 5000 RTP/AVP 96' \
		'a=source-filter: incl IN IP4 * fd09::1'
	refuse_sdp 7 'fd09::1: source: wrong family.*'
	sdp 'c=IN IP4 239.1.1.1/1/3' 'm=audio 5000/2 RTP/AVP 96'
	refuse_sdp 6 'm=: the numbers of ports and of addresses differ'
	sdp 'c=IN IP4 239.1.1.1/1'
	refuse_sdp 5 'm=: the description has no media to receive'
	echo '<html>' > "$BATS_TEST_TMPDIR/session.sdp"
	refuse_sdp 1 '<html>: not a line of a session description'
	sdp 'c=IN IP4 232.1.1.1/1' 'a=source-filter: incl IN IP4 * 10.9.0.1' \
		'm=audio 5000 RTP/AVP 96'
	refuse 2 '.*session.sdp:6: a=source-filter: sources are given twice.*' \
		-s 10.9.0.2 --sdp "$BATS_TEST_TMPDIR/session.sdp" eth0
}

@test "words of a file cannot move the cursor" {
	printf '\033[2J239.1.1.1 eth0\n' > "$BATS_TEST_TMPDIR/bad"
	run_mjoin --file "$BATS_TEST_TMPDIR/bad"
	assert_equal "$status" 2
	[[ $stderr != *$'\033'* ]]
	[[ $stderr == *'?[2J239.1.1.1'* ]]
}

@test "a file without an end is refused" {
	refuse 1 '.*/dev/zero.*: File too large' --sdp /dev/zero eth0
	refuse 1 '.*/dev/zero.*: File too large' --file /dev/zero
}

@test "an interface that is none, or that an address does not name" {
	refuse 1 '10.1.2.3: no such interface: .*ip address lists them.*' \
		239.1.1.1 10.1.2.3
	refuse 1 'fd77::1: no such interface: .*ip address lists them.*' ff3e::1 fd77::1
	refuse 1 'nope0: no such interface: ip link lists them.*' 239.1.1.1 nope0
	refuse 2 '0: not an interface: .*' 239.1.1.1 0
	refuse 2 '"": not an interface: .*' 239.1.1.1 ''
	printf '239.1.1.1 0\n' > "$BATS_TEST_TMPDIR/bad"
	refuse 2 "$BATS_TEST_TMPDIR/bad:1: 0: not an interface: .*" \
		--file "$BATS_TEST_TMPDIR/bad"
}

@test "a mistake in a number names the option and the number" {
	refuse 2 '--count: 0.5: must be a number of packets.*' -n 0.5 239.1.1.1:5000 eth0
	refuse 2 '--timeout: x: must be a number of seconds.*' -t x 239.1.1.1:5000 eth0
	refuse 2 '--timeout: 0: must be .*, more than 0' -t 0 239.1.1.1:5000 eth0
	refuse 2 '--wait: x: must be a number of seconds.*' --wait=x 239.1.1.1:5000 eth0
	refuse 2 '5: no group; a time to wait is written --wait=5' \
		--wait 5 239.1.1.1:5000 eth0
}

@test "--sdp with two interfaces" {
	sdp 'c=IN IP4 239.1.1.1/1' 'm=audio 5000 RTP/AVP 96'
	refuse 2 'eth1: only one interface follows --sdp FILE' \
		--sdp "$BATS_TEST_TMPDIR/session.sdp" eth0 eth1
}

@test "a byte order mark in front of a file is skipped" {
	{
		printf '\xef\xbb\xbf'
		echo '239.1.1.1:5000 eth0'
		echo '239.1.1.2:5000 eth0'
	} > "$BATS_TEST_TMPDIR/channels"
	run_mjoin --timeout 0.05 --file "$BATS_TEST_TMPDIR/channels"
	assert_line --partial 'joined 239.1.1.1:5000 on eth0'
	assert_line --partial 'joined 239.1.1.2:5000 on eth0'
	sdp 'c=IN IP4 239.1.1.1/1' 'm=audio 5000 RTP/AVP 96'
	sed -i '1s/^/\xef\xbb\xbf/' "$BATS_TEST_TMPDIR/session.sdp"
	run channels
	assert_output "239.1.1.1:5000 exclude []"
}

@test "--sdp: names are not looked up, and it is said" {
	sdp 'c=IN IP4 232.1.1.1/1' 'm=audio 5000 RTP/AVP 96' \
		'a=source-filter: incl IN * * sender.example.com'
	refuse_sdp 7 'sender.example.com: source: neither .*names are not looked up.*'
	sdp 'c=IN IP4 232.1.1.1/1' 'm=audio 5000 RTP/AVP 96' \
		'a=source-filter: incl IN IP4 group.example.com 10.9.0.1'
	refuse_sdp 7 'group.example.com: neither .*names are not looked up.*'
}

@test "--sdp: a unicast media beside others is skipped with a warning" {
	sdp 'm=audio 5000 RTP/AVP 96' 'c=IN IP4 10.9.0.1' \
		'm=audio 5002 RTP/AVP 96' 'c=IN IP4 239.1.1.1/1' \
		'm=video 5004 RTP/AVP 31' 'c=IN IP6 fd09::1'
	run channels
	assert_output "239.1.1.1:5002 exclude []"
	run_mjoin --timeout 0.05 --sdp "$BATS_TEST_TMPDIR/session.sdp" eth0
	assert_equal "${#stderr_lines[@]}" 2
	[[ ${stderr_lines[0]} == *"session.sdp:6: 10.9.0.1:5000: warning: not a multicast\
 group: this media is skipped, and 1 more" ]]
	run_mjoin --quiet --timeout 0.05 --sdp "$BATS_TEST_TMPDIR/session.sdp" eth0
	[[ $stderr != *warning* ]]
	sdp 'm=audio 5000 RTP/AVP 96' 'c=IN IP4 10.9.0.1' \
		'm=video 5004 RTP/AVP 31' 'c=IN IP6 fd09::1'
	refuse_sdp 6 '10.9.0.1:5000: not a multicast group'
}

@test "more channels than files may be open are refused before the first join" {
	for n in 50 200; do
		run --separate-stderr in_rx bash -c \
			'ulimit -n 100; mjoin --timeout 0.05 "239.1.1.0+$0" eth0' "$n"
		assert_equal "$status" "$((n > 100))"
		((n > 100)) || continue
		assert_equal "$output" ""
		[[ $stderr =~ ^mjoin:\ limit\ of\ open\ files:\ 200\ sockets\ need ]]
		need=${stderr##* }
	done
	# The number that was named does.
	run --separate-stderr in_rx bash -c \
		'ulimit -n "$0"; mjoin --timeout 0.05 239.1.1.0+200 eth0' "$need"
	assert_equal "$status" 0
}

@test "an interface without an IPv4 address is told of" {
	warning='^mjoin: eth0: warning: eth0 has no IPv4 address: .*ip address add'
	start_mjoin 239.1.1.1+2:5000 eth0
	stop_mjoin
	assert_equal "$(cat "$err")" ""
	ip -n "$rx" -4 address flush dev eth0
	start_mjoin 239.1.1.1+2:5000 eth0 239.1.2.1:5000 eth0
	stop_mjoin
	assert_equal "$(grep -c "$warning" "$err")" 1
	start_mjoin '[ff1e::1]:5000' eth0
	stop_mjoin
	assert_equal "$(cat "$err")" ""
}
