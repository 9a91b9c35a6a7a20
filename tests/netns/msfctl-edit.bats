#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# msfctl get, set, join, leave and the source deltas change the filter of one socket of
# another process, and nothing else: programs that know nothing of it go on receiving.

load edit

setup() {
	net_setup
}

teardown() {
	net_teardown
}

@test "join-source: the source arrives too, the others do not" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	run_msfctl join-source --pid "$mjoin" 232.1.1.1 eth0 10.9.0.2
	assert_equal "$stderr" ""
	assert_equal "$status" 0
	assert_output "232.1.1.1 on eth0: INCLUDE {10.9.0.1, 10.9.0.2} (was INCLUDE \
{10.9.0.1})"
	send 10.9.0.1,10.9.0.2,10.9.0.3 232.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$(flows)" "10.9.0.1=10 10.9.0.2=10"
}

@test "leave-source: that source arrives no more" {
	start_mjoin --json -s 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	run_msfctl leave-source --pid "$mjoin" 232.1.1.1 eth0 10.9.0.1
	assert_output "232.1.1.1 on eth0: INCLUDE {10.9.0.2} (was INCLUDE {10.9.0.1, \
10.9.0.2})"
	send 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$(flows)" "10.9.0.2=10"
}

@test "leave-source with the last source leaves the group" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	run_msfctl leave-source --pid "$mjoin" 232.1.1.1 eth0 10.9.0.1
	assert_equal "$status" 0
	assert_output "232.1.1.1 on eth0: left (was INCLUDE {10.9.0.1})"
	is_no_group 232.1.1.1
}

@test "block and unblock: the source stops and comes back" {
	start_mjoin --json 239.1.1.1:5000 eth0
	run_msfctl block --pid "$mjoin" 239.1.1.1 eth0 10.9.0.1
	assert_output "239.1.1.1 on eth0: EXCLUDE {10.9.0.1} (was EXCLUDE {})"
	send 10.9.0.1,10.9.0.2 239.1.1.1:5000 eth0
	run_msfctl unblock --pid "$mjoin" 239.1.1.1 eth0 10.9.0.1
	assert_output "239.1.1.1 on eth0: EXCLUDE {} (was EXCLUDE {10.9.0.1})"
	send 10.9.0.1 239.1.1.1:5000 eth0 --count 3
	stop_mjoin
	assert_equal "$(flows)" "10.9.0.1=3 10.9.0.2=10"
}

@test "leave and join: nothing arrives between the two" {
	start_mjoin --json 239.1.1.1:5000 eth0
	fd=$(fd_of "$mjoin")
	run_msfctl leave --pid "$mjoin" 239.1.1.1 eth0
	assert_equal "$status" 0
	assert_output "239.1.1.1 on eth0: left (was EXCLUDE {})"
	is_no_group 239.1.1.1
	send 10.9.0.1 239.1.1.1:5000 eth0
	run_msfctl join --pid "$mjoin" --fd "$fd" 239.1.1.1 eth0
	assert_output "239.1.1.1 on eth0: EXCLUDE {} (was no member)"
	send 10.9.0.2 239.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$(flows)" "10.9.0.2=10"
}

@test "set include and set exclude: what arrives is what the filter admits" {
	start_mjoin --json 239.1.1.1:5000 eth0
	run_msfctl set --pid "$mjoin" 239.1.1.1 eth0 include 10.9.0.1,10.9.0.2 10.9.0.3
	assert_output "239.1.1.1 on eth0: INCLUDE {10.9.0.1, 10.9.0.2, 10.9.0.3} (was \
EXCLUDE {})"
	send 10.9.0.1,10.9.0.4 239.1.1.1:5000 eth0
	run_msfctl set --pid "$mjoin" 239.1.1.1 eth0 exclude 10.9.0.1
	assert_output "239.1.1.1 on eth0: EXCLUDE {10.9.0.1} (was INCLUDE {10.9.0.1, \
10.9.0.2, 10.9.0.3})"
	send 10.9.0.1,10.9.0.4 239.1.1.1:5000 eth0 --count 3
	stop_mjoin
	assert_equal "$(flows)" "10.9.0.1=10 10.9.0.4=3"
}

@test "IPv6: set and deltas, and what arrives" {
	start_mjoin --json '[ff1e::1]:5000' eth0
	run_msfctl set --pid "$mjoin" ff1e::1 eth0 include fd09::1
	assert_output "ff1e::1 on eth0: INCLUDE {fd09::1} (was EXCLUDE {})"
	send fd09::1,fd09::2,fd09::3 '[ff1e::1]:5000' eth0
	run_msfctl join-source --pid "$mjoin" ff1e::1 eth0 fd09::2
	assert_output "ff1e::1 on eth0: INCLUDE {fd09::1, fd09::2} (was INCLUDE \
{fd09::1})"
	send fd09::1,fd09::2,fd09::3 '[ff1e::1]:5000' eth0 --count 3
	stop_mjoin
	assert_equal "$(flows)" "fd09::1=13 fd09::2=3"
}

@test "set include without a source leaves, and says so in JSON" {
	start_mjoin --json 239.1.1.1:5000 eth0
	run_msfctl set --json --pid "$mjoin" 239.1.1.1 eth0 include
	assert_equal "$status" 0
	assert_equal "$(jq -c '[.mode, .sources, .left, .was]' <<< "$output")" \
		'["include",[],true,{"mode":"exclude","sources":[]}]'
	is_no_group 239.1.1.1
}

@test "the JSON of a change is the object of get, with what was" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	run_msfctl set --json --pid "$mjoin" 232.1.1.1 eth0 include 10.9.0.2 10.9.0.1
	assert_equal "$status" 0
	answer=$output
	assert_equal "$(jq -c '[.left, .was.mode, .was.sources]' <<< "$answer")" \
		'[false,"include",["10.9.0.1"]]'
	assert_equal "$(jq -r 'keys_unsorted[0]' <<< "$answer")" time
	run_msfctl get --json --pid "$mjoin"
	assert_equal "$(jq -S 'del(.time)' <<< "$output")" \
		"$(jq -S 'del(.time, .left, .was)' <<< "$answer")"
	assert_equal "$(jq -c '[.interface, .group, .port, .mode, .sources, .family,
		.holders[0].pid, .holders[0].command]' <<< "$output")" \
		"[\"eth0\",\"232.1.1.1\",5000,\"include\",[\"10.9.0.1\",\"10.9.0.2\"],\
\"inet\",$mjoin,\"mjoin\"]"
}

@test "iperf: listed, filtered, and its IP_MULTICAST_ALL left alone" {
	start 239.1.1.2 iperf -s -u -B 239.1.1.2%eth0
	run_msfctl get --json --pid "$pid"
	assert_equal "$(jq -c '[.group, .mode, .sources]' <<< "$output")" \
		'["239.1.1.2","exclude",[]]'
	fd=$(jq '.holders[0].fd' <<< "$output")
	assert_equal "$(peek "$pid" "$fd" 239.1.1.2)" "EXCLUDE all 1"
	run_msfctl set --pid "$pid" 239.1.1.2 eth0 include 10.9.0.1 10.9.0.2
	assert_equal "$status" 0
	assert_equal "$(peek "$pid" "$fd" 239.1.1.2)" "INCLUDE 10.9.0.1 10.9.0.2 all 1"
	run_msfctl join --pid "$pid" 239.1.1.3 eth0
	assert_equal "$status" 0
	assert_equal "$(peek "$pid" "$fd" 239.1.1.3)" "EXCLUDE all 1"
	run_msfctl leave --pid "$pid" 239.1.1.2 eth0
	assert_equal "$status" 0
	assert_equal "$(peek "$pid" "$fd" 239.1.1.2)" "none all 1"
}

@test "iperf --ssm-host: source joined, source left" {
	start 232.1.1.3 iperf -s -u -B 232.1.1.3%eth0 --ssm-host 10.9.0.1
	run_msfctl join-source --pid "$pid" 232.1.1.3 eth0 10.9.0.7
	assert_output "232.1.1.3 on eth0: INCLUDE {10.9.0.1, 10.9.0.7} (was INCLUDE \
{10.9.0.1})"
	fd=$(fd_of "$pid")
	assert_equal "$(peek "$pid" "$fd" 232.1.1.3)" "INCLUDE 10.9.0.1 10.9.0.7 all 1"
}

# has_bytes COUNT: written by socat.
has_bytes() {
	[ "$(stat -c %s "$file" 2> /dev/null || echo 0)" = "$1" ]
}

@test "socat goes on receiving, without the source that was blocked" {
	file=$BATS_TEST_TMPDIR/received
	start 239.1.1.4 socat -u UDP4-RECV:5000,ip-add-membership=239.1.1.4:10.9.0.100 \
		"OPEN:$file,creat,append"
	send 10.9.0.1,10.9.0.2 239.1.1.4:5000 eth0 --size 100
	wait_for has_bytes 2000
	run_msfctl block --pid "$pid" 239.1.1.4 eth0 10.9.0.1
	assert_output "239.1.1.4 on eth0: EXCLUDE {10.9.0.1} (was EXCLUDE {})"
	send 10.9.0.1,10.9.0.2 239.1.1.4:5000 eth0 --size 100
	wait_for has_bytes 3000
	is_alive "$pid"
	fd=$(fd_of "$pid")
	assert_equal "$(peek "$pid" "$fd" 239.1.1.4)" "EXCLUDE 10.9.0.1 all 1"
}

@test "socat on IPv6: set, and both MULTICAST_ALL left alone" {
	file=$BATS_TEST_TMPDIR/received
	start ff1e::4 socat -u "UDP6-RECV:5000,ipv6-join-group=[ff1e::4]:eth0" \
		"OPEN:$file,creat,append"
	all=$(peek "$pid" "$(fd_of "$pid")" ff1e::4)
	run_msfctl set --pid "$pid" ff1e::4 eth0 include fd09::1
	assert_output "ff1e::4 on eth0: INCLUDE {fd09::1} (was EXCLUDE {})"
	send fd09::1,fd09::2 '[ff1e::4]:5000' eth0 --size 100
	wait_for has_bytes 1000
	run_msfctl join --pid "$pid" 239.1.1.9 eth0
	assert_equal "$status" 0
	fd=$(fd_of "$pid")
	assert_equal "$(peek "$pid" "$fd" ff1e::4)" "INCLUDE fd09::1 ${all#* }"
}

@test "mcfirst receives the source that it was given by msfctl" {
	start 232.1.1.9 mcfirst -4 -I eth0 10.9.0.1 232.1.1.9 5000
	run_msfctl set --pid "$pid" 232.1.1.9 eth0 include 10.9.0.3
	assert_output "232.1.1.9 on eth0: INCLUDE {10.9.0.3} (was INCLUDE {10.9.0.1})"
	send 10.9.0.1 232.1.1.9:5000 eth0
	is_alive "$pid"
	run grep -c from "$out"
	assert_output 0
	send 10.9.0.3 232.1.1.9:5000 eth0
	wait_for grep -q "from 10.9.0.3" "$out"
	run grep -c 'from 10.9.0.1' "$out"
	assert_output 0
}

@test "smcrouted: the one of its sockets that is a member is found and edited" {
	printf 'mgroup from eth0 group 239.1.1.1\n' > "$BATS_TEST_TMPDIR/smc.conf"
	start 239.1.1.1 smcrouted -n -f "$BATS_TEST_TMPDIR/smc.conf" -i "msf$$" \
		-P "$BATS_TEST_TMPDIR/smc.pid" -u "$BATS_TEST_TMPDIR/smc.sock"
	run_msfctl get --json --pid "$pid" 239.1.1.1
	assert_equal "$(jq -c '[.type, .port, .mode]' <<< "$output")" \
		'["udp",null,"exclude"]'
	fd=$(fd_of "$pid")
	assert_equal "$(peek "$pid" "$fd" 239.1.1.1)" "EXCLUDE all 0" # it sees to that
	run_msfctl block --pid "$pid" 239.1.1.1 eth0 10.9.0.9
	assert_output "239.1.1.1 on eth0: EXCLUDE {10.9.0.9} (was EXCLUDE {})"
	assert_equal "$(peek "$pid" "$fd" 239.1.1.1)" "EXCLUDE 10.9.0.9 all 0"
}

@test "get prints every membership, or those of one group and interface" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	run_msfctl join-source --pid "$mjoin" 232.1.1.2 eth0 10.9.0.2
	run_msfctl get --pid "$mjoin"
	assert_equal "$status" 0
	assert_equal "${#lines[@]}" 3
	assert_line --regexp "mjoin .*eth0 +232.1.1.1 +5000 +include +10.9.0.1 "
	assert_line --regexp "mjoin .*eth0 +232.1.1.2 +5000 +include +10.9.0.2 "
	run_msfctl get --pid "$mjoin" 232.1.1.2
	assert_equal "${#lines[@]}" 2
	[[ ${lines[1]} == *eth0*232.1.1.2*include*10.9.0.2* ]]
	for interface in eth0 10.9.0.100 "$(in_rx cat /sys/class/net/eth0/ifindex)"; do
		run_msfctl get --json --pid "$mjoin" 232.1.1.1 "$interface"
		assert_equal "$(jq -r .group <<< "$output")" 232.1.1.1
	done
}

@test "get of a group that the socket is no member of fails and lists what it has" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	run_msfctl get --pid "$mjoin" 232.1.1.2
	assert_equal "$status" 1
	assert_output ""
	[[ $stderr == *"is a member of 232.1.1.2"*232.1.1.1\ on\ eth0* ]]
	run_msfctl get --pid "$mjoin" --fd "$(fd_of "$mjoin")" 232.1.1.1 lo
	assert_equal "$status" 1
	[[ $stderr == *"not a member of 232.1.1.1 on lo"*232.1.1.1\ on\ eth0* ]]
}

# refused ERRNO TEXT ARGUMENT...: with status 1, the name of the error and the text.
refused() {
	local name=$1 text=$2 before
	shift 2
	before=$(memberships)
	run_msfctl "$@"
	assert_equal "$status" 1
	assert_output ""
	assert_regex "$stderr" "^msfctl: [^ ]+ on [^ ]+: $name: .*$text"
	assert_equal "$(memberships)" "$before"
}

@test "each row of INCLUDE that refuses says why and what helps" {
	start_mjoin --json -s 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	p=(--pid "$mjoin" 232.1.1.1 eth0)
	refused EADDRINUSE "member of 232.1.1.1 on eth0 already" join "${p[@]}"
	refused EADDRNOTAVAIL "is joined on eth0 already" join-source "${p[@]}" 10.9.0.1
	refused EADDRNOTAVAIL "is not among the 2" leave-source "${p[@]}" 10.9.0.9
	refused EINVAL "not blocked" block "${p[@]}" 10.9.0.9
	refused EINVAL "not blocked" unblock "${p[@]}" 10.9.0.1
	refused EADDRINUSE "--idempotent" set "${p[@]}" include 10.9.0.2 10.9.0.1
	assert_equal "$(peek "$mjoin" "$(fd_of "$mjoin")" 232.1.1.1)" \
		"INCLUDE 10.9.0.1 10.9.0.2 all 0"
}

@test "each row of EXCLUDE that refuses says why and what helps" {
	start_mjoin --json -x 10.9.0.1 239.1.1.1:5000 eth0
	p=(--pid "$mjoin" 239.1.1.1 eth0)
	refused EADDRINUSE "member of 239.1.1.1 on eth0 already" join "${p[@]}"
	refused EINVAL "blocked and unblocked" join-source "${p[@]}" 10.9.0.9
	refused EINVAL "blocked and unblocked" leave-source "${p[@]}" 10.9.0.1
	refused EADDRNOTAVAIL "is blocked on eth0 already" block "${p[@]}" 10.9.0.1
	refused EADDRNOTAVAIL "is not among the 1" unblock "${p[@]}" 10.9.0.9
	refused EADDRINUSE "--idempotent" set "${p[@]}" exclude 10.9.0.1
	assert_equal "$(peek "$mjoin" "$(fd_of "$mjoin")" 239.1.1.1)" \
		"EXCLUDE 10.9.0.1 all 0"
}

@test "each row without a membership that refuses lists what the socket has" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	p=(--pid "$mjoin" --fd "$(fd_of "$mjoin")" 232.1.1.2 eth0)
	for row in "EADDRNOTAVAIL leave" "EADDRNOTAVAIL leave-source 10.9.0.1" \
		"EINVAL block 10.9.0.1" "EINVAL unblock 10.9.0.1" \
		"EADDRNOTAVAIL set include"; do
		read -r name verb argument <<< "$row"
		refused "$name" "not a member" "$verb" "${p[@]}" ${argument:+"$argument"}
		[[ $stderr == *MEMBERSHIPS*"232.1.1.1 on eth0"* ]]
	done
	assert_equal "$(peek "$mjoin" "$(fd_of "$mjoin")" 232.1.1.2)" "none all 0"
}

@test "without --fd a group that nobody holds is left by nobody" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	run_msfctl leave --pid "$mjoin" 232.1.1.2 eth0
	assert_equal "$status" 1
	[[ $stderr == *"none of its sockets is a member of 232.1.1.2 on eth0"* ]]
	[[ $stderr == *"232.1.1.1 on eth0"* ]]
}

@test "--idempotent makes the identical set a success" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	run_msfctl set --idempotent --pid "$mjoin" 232.1.1.1 eth0 include 10.9.0.1
	assert_equal "$status" 0
	assert_output "232.1.1.1 on eth0: INCLUDE {10.9.0.1} (was INCLUDE {10.9.0.1})"
	run_msfctl set -i --pid "$mjoin" 232.1.1.1 eth0 include 10.9.0.2
	assert_output "232.1.1.1 on eth0: INCLUDE {10.9.0.2} (was INCLUDE {10.9.0.1})"
}

@test "an any-source join in the SSM range is done with a warning" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	run_msfctl join --pid "$mjoin" 232.1.1.2 eth0
	assert_equal "$status" 0
	assert_regex "$stderr" "^msfctl: 232.1.1.2 on eth0: warning: .*RFC 4607"
}

# set_list ARGUMENT...: msfctl set with the text of $list on standard input.
set_list() {
	run --separate-stderr timeout -s KILL "$DEADLINE" \
		ip netns exec "$rx" msfctl set "$@" <<< "$list"
}

@test "a list on standard input: lines, blanks, commas and comments" {
	start_mjoin --json 239.1.1.1:5000 eth0
	list='# sources
10.9.0.3, 10.9.0.1	# two of them
  10.9.0.2,

10.9.0.4'
	set_list --pid "$mjoin" 239.1.1.1 eth0 include 10.9.0.5 - 10.9.0.6
	assert_equal "$stderr" ""
	assert_output "239.1.1.1 on eth0: INCLUDE {10.9.0.1, 10.9.0.2, 10.9.0.3, \
10.9.0.4, 10.9.0.5, 10.9.0.6} (was EXCLUDE {})"
}

# bad_list WHERE WHY LIST [ARGUMENT...]: is a usage error, and nothing is changed.
bad_list() {
	local where=$1 why=$2
	list=$3
	shift 3
	[ $# -gt 0 ] || set -- -
	set_list --pid "$mjoin" 239.1.1.1 eth0 include "$@"
	assert_equal "$status" 2
	assert_output ""
	assert_equal "${#stderr_lines[@]}" 1
	assert_regex "$stderr" "^msfctl: $where: .*$why"
	assert_equal "$(peek "$mjoin" "$fd" 239.1.1.1)" "EXCLUDE all 0"
}

@test "mistakes in a list are named with their line, and nothing is changed" {
	start_mjoin --json 239.1.1.1:5000 eth0
	fd=$(fd_of "$mjoin")
	bad_list "standard input:2: 10.9.0.256" misspelt $'10.9.0.1\n10.9.0.256\n'
	bad_list "standard input:3: fd09::1" "IPv6 source" $'#\n\n10.9.0.2 fd09::1'
	bad_list "standard input:1: 239.1.1.1" multicast 239.1.1.1
	bad_list "standard input:1: 0.0.0.0" unspecified 0.0.0.0
	bad_list "standard input:1: 255.255.255.255" broadcast 255.255.255.255
	bad_list "standard input:3: 10.9.0.1" twice $'10.9.0.1\n10.9.0.2\n10.9.0.1'
	bad_list "standard input:1: x+" "too long" "$(printf 'x%.0s' {1..5000})"
	bad_list "standard input" "no source is in it" "# none"
	bad_list "-" "once" 10.9.0.1 - -
	bad_list '""' "no source" 10.9.0.1 ""
	bad_list "standard input:1: 10.9.0.2" "twice" 10.9.0.2 - 10.9.0.2
	bad_list "host.example" "not looked up" 10.9.0.2 host.example
	bad_list "standard input:2: a.x?.2J" "." $'10.9.0.1\na\033[2J'
}

@test "thousands of sources where the limits allow, and the limit's name where not" {
	list=$(printf '10.8.%s\n' {0..11}.{1..250})
	start_mjoin --json 239.1.1.1:5000 eth0
	set_list --pid "$mjoin" 239.1.1.1 eth0 include -
	assert_equal "$status" 1
	assert_regex "$stderr" "ENOBUFS: .*igmp_max_msf is 10 .*3000 are needed: sysctl"
	in_rx sysctl -qw net.ipv4.igmp_max_msf=3000
	set_list --json --pid "$mjoin" 239.1.1.1 eth0 include -
	assert_equal "$status" 0
	assert_equal "$(jq '.sources | length' <<< "$output")" 3000
	list+=$'\n10.9.0.1'
	in_rx sysctl -qw net.ipv4.igmp_max_msf=3001
	set_list --pid "$mjoin" 239.1.1.1 eth0 include -
	assert_equal "$status" 0
	assert_output --partial "10.8.0.8 and 2993 more} (was INCLUDE {10.8.0.1"
	send 10.9.0.1,10.9.0.2 239.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$(flows)" "10.9.0.1=10"
}

@test "--dry-run shows the difference and changes nothing" {
	start_mjoin --json -s 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	fd=$(fd_of "$mjoin")
	before=$(in_rx cat /proc/net/mcfilter)
	run_msfctl get --json --pid "$mjoin"
	object=$(jq -S 'del(.time)' <<< "$output")
	run_msfctl set --dry-run --pid "$mjoin" 232.1.1.1 eth0 include 10.9.0.2 10.9.0.3
	assert_equal "$status" 0
	assert_output "232.1.1.1 on eth0
  INCLUDE
- 10.9.0.1
+ 10.9.0.3
would be accepted"
	run_msfctl set -n --pid "$mjoin" 232.1.1.1 eth0 exclude 10.9.0.1
	assert_output "232.1.1.1 on eth0
- INCLUDE
+ EXCLUDE
- 10.9.0.2
would be accepted"
	assert_regex "$stderr" "^msfctl: 232.1.1.1 on eth0: warning: .*RFC 4607"
	run_msfctl set -n --pid "$mjoin" 232.1.1.1 eth0 include
	assert_equal "${lines[2]}" "+ no member"
	run_msfctl set -n --pid "$mjoin" --fd "$fd" 232.1.1.2 eth0 include 10.9.0.1
	assert_equal "${lines[1]} ${lines[2]}" "- no member + INCLUDE"
	assert_equal "$(in_rx cat /proc/net/mcfilter)" "$before"
	run_msfctl get --json --pid "$mjoin"
	assert_equal "$(jq -S 'del(.time)' <<< "$output")" "$object"
}

@test "--dry-run answers as the real request would, in JSON too" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	p=(--pid "$mjoin" --fd "$(fd_of "$mjoin")")
	eleven=(10.8.0.{1..11})
	for request in "232.1.1.1 eth0 include 10.9.0.1" "232.1.1.2 eth0 include" \
		"232.1.1.1 eth0 include ${eleven[*]}" \
		"232.1.1.1 eth0 include 10.9.0.2"; do
		read -ra words <<< "$request"
		run_msfctl set --dry-run --json "${p[@]}" "${words[@]}"
		dry=$status
		error=$(jq -r .errno <<< "$output")
		why=$(jq -r .error <<< "$output")
		jq -e '.dry_run and has("added") and has("removed")' <<< "$output"
		run_msfctl set "${p[@]}" "${words[@]}"
		assert_equal "$status" "$dry"
		if [ "$status" = 0 ]; then
			assert_equal "$error $why" "null null"
		else
			[[ ${stderr_lines[0]} == *": $why" && $why == "$error: "* ]]
		fi
	done
	run_msfctl set --dry-run --idempotent "${p[@]}" 232.1.1.1 eth0 include 10.9.0.2
	assert_equal "$status" 0
}

@test "MSF_SEMANTICS=linux: --dry-run asks that table, as the real request does" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	p=(--pid "$mjoin" --fd "$(fd_of "$mjoin")")
	export MSF_SEMANTICS=linux
	for dry in --dry-run --json; do
		run_msfctl set "$dry" "${p[@]}" 232.1.1.1 eth0 include 10.9.0.1
		assert_equal "$status" 0
		run_msfctl set "$dry" "${p[@]}" 232.1.1.2 eth0 include 10.9.0.1
		assert_equal "$status" 1
		[[ ${stderr_lines[0]} == *"EINVAL: "* ]]
	done
	MSF_SEMANTICS=none run_msfctl set "${p[@]}" 232.1.1.1 eth0 include 10.9.0.2
	assert_equal "$status" 1
	assert_equal "$stderr" "msfctl: MSF_SEMANTICS: must be table or linux"
}
