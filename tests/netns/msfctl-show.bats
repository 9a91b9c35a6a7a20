#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# msfctl show lists every membership of every socket with its filter and its holders,
# says what it could not look at, and prints nothing that a terminal obeys.

load msfctl

setup() {
	net_setup
}

teardown() {
	net_teardown
	[ -z "${public:-}" ] || rm -r "$public"
}

# The kernel's default for a filter is too small for some tests.
allow_sources() {
	in_rx sysctl -qw net.ipv4.igmp_max_msf="$1"
}

@test "include and exclude, IPv4 and IPv6" {
	hold socket udp4 bind 5000 join 239.1.1.1 eth0 source 232.1.1.1 eth0 10.9.0.1 \
		filter 239.1.1.2 eth0 exclude 10.9.0.2,10.9.0.1 \
		socket udp6 bind 6000 join ff15::1 eth0 source ff3e::1 eth0 fd09::1 \
		filter ff15::2 eth0 exclude fd09::3,fd09::2
	run_msfctl show --json --pid "$pid"
	assert_equal "$status" 0
	assert_equal "$(facts_of "$pid")" \
		"eth0 232.1.1.1 5000 include 10.9.0.1
eth0 239.1.1.1 5000 exclude
eth0 239.1.1.2 5000 exclude 10.9.0.1,10.9.0.2
eth0 ff15::1 6000 exclude
eth0 ff15::2 6000 exclude fd09::2,fd09::3
eth0 ff3e::1 6000 include fd09::1"
}

@test "an IPv4 group on an IPv6 socket" {
	hold socket udp6 bind 5000 source 232.1.1.1 eth0 10.9.0.1
	run_msfctl show --json --pid "$pid"
	assert_equal "$(facts_of "$pid")" "eth0 232.1.1.1 5000 include 10.9.0.1"
	assert_equal "$(objects_of "$pid" | jq -r .family)" inet6
}

@test "raw, ping and UDP-Lite sockets, of both families" {
	in_rx sysctl -qw net.ipv4.ping_group_range='0 0'
	hold socket raw4 join 239.2.1.1 eth0 socket raw6 join ff15::2:1 eth0 \
		socket ping4 join 239.2.1.2 eth0 socket ping6 join ff15::2:2 eth0 \
		socket udplite4 bind 5000 join 239.2.1.3 eth0 \
		socket udplite6 bind 5001 join ff15::2:3 eth0
	run_msfctl show --json --pid "$pid"
	assert_equal "$(objects_of "$pid" |
		jq -r '"\(.group) \(.type) \(.family) \(.port)"')" \
		"239.2.1.1 raw inet null
239.2.1.2 ping inet null
239.2.1.3 udplite inet 5000
ff15::2:1 raw inet6 null
ff15::2:2 ping inet6 null
ff15::2:3 udplite inet6 5001"
}

@test "an object has exactly the fields of the contract" {
	hold name holder socket udp4 bind 5000 \
		filter 232.1.1.1 eth0 include 10.9.0.2,10.9.0.1
	run_msfctl show --json --pid "$pid"
	inode=$(readlink "/proc/$pid/fd/$(told fd)" | tr -dc 0-9)
	ifindex=$(ip -n "$rx" -j link show eth0 | jq '.[].ifindex')
	assert_equal "$(jq -c 'keys_unsorted' <<< "${lines[0]}")" \
		"$(jq -nc '["time", "netns", "socket", "family", "type", "interface",
			"ifindex", "group", "port", "mode", "sources", "multicast_all",
			"drops", "backend", "holders"]')"
	assert_equal "$(jq -c 'del(.time)' <<< "${lines[0]}")" \
		"$(jq -nc --argjson netns "$(netns_of "$rx")" --argjson socket "$inode" \
			--argjson ifindex "$ifindex" --argjson pid "$pid" \
			--argjson fd "$(told fd)" '{ netns: $netns, socket: $socket,
			family: "inet", type: "udp", interface: "eth0",
			ifindex: $ifindex, group: "232.1.1.1", port: 5000,
			mode: "include", sources: ["10.9.0.1", "10.9.0.2"],
			multicast_all: true, drops: 0, backend: "kernel",
			holders: [{ pid: $pid, command: "holder", fd: $fd }] }')"
	jq -e '.time | test("^[0-9]{4}-.*T.*[+-][0-9]{2}:[0-9]{2}$")' <<< "${lines[0]}"
}

@test "the last line is a summary" {
	hold socket udp4 join 239.1.1.1 eth0 join 239.1.1.2 eth0 \
		socket udp6 join ff15::1 eth0
	run_msfctl show --json --pid "$pid"
	assert_equal "${#lines[@]}" 4
	assert_equal "$(jq -c 'keys_unsorted' <<< "${lines[3]}")" \
		"$(jq -nc '["time", "event", "sockets", "memberships",
			"unseen_processes", "unseen_sockets", "unseen_namespaces"]')"
	assert_equal "$(jq -c '[.event, .sockets, .memberships]' <<< "${lines[3]}")" \
		'["summary",2,3]'
}

# It is on for new sockets, but for IPv4 on an IPv6 socket.
@test "IP_MULTICAST_ALL is that of the family of the group" {
	hold socket udp4 all 0 join 239.1.1.1 eth0 socket udp4 join 239.1.1.2 eth0 \
		socket udp6 all 0 join ff15::1 eth0 socket udp6 join ff15::2 eth0 \
		join 239.1.1.3 eth0
	run_msfctl show --json --pid "$pid"
	assert_equal "$(objects_of "$pid" | jq -r '"\(.group) \(.multicast_all)"')" \
		"239.1.1.1 false
239.1.1.2 true
239.1.1.3 false
ff15::1 false
ff15::2 true"
	run_msfctl show --pid "$pid" --group 239.1.1.1
	assert_equal "$(awk 'NR == 2 { print $NF }' <<< "$output")" no
	run_msfctl show --pid "$pid" --group 239.1.1.2
	assert_equal "$(awk 'NR == 2 { print $NF }' <<< "$output")" yes
}

@test "dup'ed descriptors are holders of one socket" {
	hold name holder socket udp4 bind 5000 join 239.1.1.1 eth0 dup dup
	run_msfctl show --json --pid "$pid"
	assert_equal "$(objects_of "$pid" | jq -c '[.holders[].fd]')" \
		"$(told fd | jq -sc .)"
	run_msfctl show --pid "$pid"
	assert_equal "${#lines[@]}" 2
	[[ ${lines[1]} =~ ^\ *$pid\ +holder\ +$(told fd | head -n 1)\ \+2\ +udp\  ]]
	run_msfctl show --all --pid "$pid"
	assert_equal "${#lines[@]}" 4
	assert_equal "$(awk 'NR > 1 { print $1, $2, $3 }' <<< "$output")" \
		"$(told fd | sed "s/^/$pid holder /")"
}

@test "a socket that children inherited is shown once, with all of its holders" {
	hold socket udp4 bind 5000 join 239.1.1.1 eth0 fork fork
	wait_for has_ready 1
	run_msfctl show --json
	assert_equal "$status" 0
	assert_equal "$(objects_of "$pid" | jq -c '[.holders[].pid] | sort')" \
		"$({ told pid; echo "$pid"; } | jq -sc sort)"
	child=$(told pid | head -n 1)
	assert_equal "$(objects_of "$child")" "$(objects_of "$pid")"
}

@test "threads are no holders of their own" {
	hold socket udp4 bind 5000 join 239.1.1.1 eth0 thread thread
	run_msfctl show --json
	assert_equal "$(objects_of "$pid" | jq -c '[.holders[].pid]')" "[$pid]"
}

@test "another network namespace" {
	ip -n "$tx" link set eth0 down
	ip -n "$tx" link set eth0 name elsewhere
	ip -n "$tx" link set elsewhere up
	hold_in "$tx" socket udp4 bind 5000 join 239.1.1.1 elsewhere
	far=$pid
	hold socket udp4 bind 5000 join 239.1.1.1 eth0
	run_msfctl show --json
	assert_equal "$(facts_of "$far")" "elsewhere 239.1.1.1 5000 exclude"
	assert_equal "$(objects_of "$far" | jq .netns)" "$(netns_of "$tx")"
	assert_equal "$(objects_of "$pid" | jq .netns)" "$(netns_of "$rx")"
	run_msfctl show --pid "$far"
	[[ ${lines[0]} == *" NETNS" ]]
	[[ ${lines[1]} == *" $(netns_of "$tx")" ]]
	run_msfctl show --pid "$pid"
	[[ ${lines[0]} != *NETNS* ]]
	# An interface of another namespace is found by its name.
	run_msfctl show --json --interface elsewhere
	assert_equal "$status" 0
	assert_equal "$(facts_of "$far")" "elsewhere 239.1.1.1 5000 exclude"
}

@test "an interface that is gone" {
	make_link gone0
	up gone0
	ifindex=$(ip -n "$rx" -j link show gone0 | jq '.[].ifindex')
	# Linux lists it nowhere: it is found when somebody else has the same group.
	hold socket udp4 bind 6000 join 239.1.1.1 eth0
	hold socket udp4 bind 5000 join 239.1.1.1 gone0 source 239.1.1.2 eth0 10.9.0.1
	ip -n "$rx" link del gone0
	run_msfctl show --json --pid "$pid"
	assert_equal "$status" 0
	assert_equal "$(facts_of "$pid")" "- 239.1.1.1 5000 exclude
eth0 239.1.1.2 5000 include 10.9.0.1"
	assert_equal "$(objects_of "$pid" |
		jq -c 'select(.interface == null) | .ifindex')" "$ifindex"
	run_msfctl show --pid "$pid" --interface "$ifindex"
	[[ ${lines[1]} == *" index $ifindex (gone) "* ]]
}

@test "--group, exact and as a prefix" {
	hold socket udp4 join 239.1.1.1 eth0 join 239.1.1.2 eth0 join 239.1.2.1 eth0 \
		socket udp6 join ff15::1 eth0 join ff15::2 eth0 join ff15:1::1 eth0
	while read -r group n; do
		run_msfctl show --json --pid "$pid" --group "$group"
		assert_equal "$status" 0
		assert_equal "$group $(facts_of "$pid" | grep -c .)" "$group $n"
	done <<- END
		239.1.1.1 1
		239.1.1.3 0
		239.1.1.0/24 2
		239.1.1.1/32 1
		239.1.1.3/31 1
		239.1.0.0/16 3
		224.0.0.0/4 3
		239.1.1.1/0 3
		ff15::2 1
		ff15::/32 2
		ff15::/31 3
		ff15::2/128 1
		ff00::/8 3
	END
}

@test "--source finds the filters that name it" {
	hold socket udp4 source 232.1.1.1 eth0 10.9.0.1 source 232.1.1.2 eth0 10.9.0.2 \
		filter 239.1.1.1 eth0 exclude 10.9.0.1,10.9.0.3 join 239.1.1.2 eth0 \
		socket udp6 source ff3e::1 eth0 fd09::1
	run_msfctl show --json --pid "$pid" --source 10.9.0.1
	assert_equal "$(facts_of "$pid")" "eth0 232.1.1.1 - include 10.9.0.1
eth0 239.1.1.1 - exclude 10.9.0.1,10.9.0.3"
	run_msfctl show --json --pid "$pid" --source fd09::1
	assert_equal "$(facts_of "$pid")" "eth0 ff3e::1 - include fd09::1"
	run_msfctl show --json --pid "$pid" --source 10.9.0.9
	assert_equal "$status" 0
	assert_equal "$(facts_of "$pid")" ""
}

@test "--interface, by name, index and address" {
	make_link eth1
	up eth1
	ip -n "$rx" address add 10.10.0.100/24 dev eth1
	ifindex=$(ip -n "$rx" -j link show eth1 | jq '.[].ifindex')
	hold socket udp4 join 239.1.1.1 eth0 join 239.1.1.2 eth1
	for interface in eth1 "$ifindex" 10.10.0.100; do
		run_msfctl show --json --pid "$pid" --interface "$interface"
		assert_equal "$status" 0
		assert_equal "$(facts_of "$pid")" "eth1 239.1.1.2 - exclude"
	done
}

@test "--here leaves other network namespaces out" {
	hold_in "$tx" socket udp4 join 239.1.1.1 eth0
	far=$pid
	hold socket udp4 join 239.1.1.1 eth0
	run_msfctl show --json --here
	assert_equal "$status" 0
	assert_equal "$(facts_of "$far")" ""
	assert_equal "$(facts_of "$pid")" "eth0 239.1.1.1 - exclude"
	assert_equal "$(jq -s 'map(.netns // empty) | unique' <<< "$output" | jq -c)" \
		"[$(netns_of "$rx")]"
}

@test "nothing that matches is no failure" {
	hold socket udp4
	run_msfctl show --pid "$pid"
	assert_equal "$status" 0
	assert_equal "$output" ""
	run_msfctl show --json --pid "$pid"
	assert_equal "$status" 0
	assert_equal "$(jq -c '[.event, .sockets, .memberships]' <<< "$output")" \
		'["summary",0,0]'
}

@test "a long list is shortened for people only, unless they want it" {
	allow_sources 100
	sources=$(echo 10.9.1.{1..100} | tr ' ' ,)
	hold socket udp4 filter 232.1.1.1 eth0 include "$sources"
	run_msfctl show --pid "$pid"
	assert_equal "${#lines[@]}" 2
	[[ ${lines[1]} == *" 10.9.1.1,10.9.1.2,10.9.1.3 +97 "* ]]
	[ "${#lines[1]}" -le 120 ]
	run_msfctl show --all --pid "$pid"
	[[ ${lines[1]} == *" $sources "* ]]
	run_msfctl show --json --pid "$pid"
	assert_equal "$(objects_of "$pid" | jq -r '.sources | join(",")')" "$sources"
}

@test "the memberships of 200 processes are all there" {
	hold children 200 socket udp4 bind 5000 join 239.3.1.1 eth0 \
		source 232.3.1.1 eth0 10.9.0.1
	wait_for has_ready 201
	run_msfctl show --json --here --interface eth0 --group 239.3.1.1
	assert_equal "$status" 0
	assert_equal "$(jq 'select(.group) | .holders[].pid' <<< "$output" | sort)" \
		"$(told pid | sort)"
	run_msfctl show --json --here --interface eth0 --source 10.9.0.1
	assert_equal "$(jq 'select(.group) | .holders[].pid' <<< "$output" | sort)" \
		"$(told pid | sort)"
}

@test "drops of the receive queue are counted" {
	hold socket udp4 bind 5000 join 239.1.1.1 eth0
	in_tx msend --quiet --source 10.9.0.1 --count 3000 --rate 100000 --size 1400 \
		239.1.1.1:5000 eth0
	run_msfctl show --json --pid "$pid"
	drops=$(objects_of "$pid" | jq .drops)
	[ "$drops" -gt 0 ]
	run_msfctl show --pid "$pid"
	assert_equal "$(awk 'NR == 2 { print $(NF - 1) }' <<< "$output")" "$drops"
}

# publish: msfctl and its library where anybody may read them; sets $public.
publish() {
	public=$(mktemp -d "${TMPDIR:-/tmp}/msfctl-show.XXXXXX")
	chmod 755 "$public"
	cp "$MSFCTL" "$public"
	cp "$(ldd "$MSFCTL" | awk '$1 ~ /^libmsf/ { print $3 }')" "$public"
	chmod 755 "$public"/*
}


@test "unprivileged: what may not be looked at is counted and said" {
	publish
	hold socket udp4 bind 5000 join 239.1.1.1 eth0
	theirs=$pid
	start_in "$rx" setpriv --reuid 65534 --regid 65534 --clear-groups \
		socat -u UDP4-RECV:5001,ip-add-membership=239.1.1.1:eth0 -
	expect_facts "$pid" "eth0 239.1.1.1 5001 exclude"
	run_msfctl_as_nobody show --json
	assert_equal "$status" 0
	assert_equal "$(facts_of "$pid")" "eth0 239.1.1.1 5001 exclude"
	assert_equal "$(facts_of "$theirs")" ""
	jq -e 'select(.event) | .unseen_processes > 0 and .unseen_sockets > 0' \
		<<< "$output"
	run_msfctl_as_nobody show
	assert_equal "$status" 0
	[[ $stderr =~ ^msfctl:\ show:\ warning:\ [0-9]+\ processes\ and\ [0-9]+\ socket ]]
	[[ $stderr == *"could not be looked at: run as root, or with CAP_SYS_PTRACE"* ]]
	assert_equal "${#stderr_lines[@]}" 1
	run_msfctl_as_nobody show --pid "$theirs"
	assert_equal "$status" 1
	assert_equal "$output" ""
	[[ $stderr == "msfctl: --pid $theirs: its sockets may not be looked at: "*root* ]]
}

run_msfctl_as_nobody() {
	run --separate-stderr timeout -s KILL "$DEADLINE" ip netns exec "$rx" \
		setpriv --reuid 65534 --regid 65534 --clear-groups \
		env LD_LIBRARY_PATH="$public" "$public/msfctl" "$@"
}

# has_no_controls: of $output and $stderr, but for the ends of lines.
has_no_controls() {
	! LC_ALL=C grep -q '[[:cntrl:]]' <<< "$output$stderr"
}

@test "hostile names of processes" {
	hold socket udp4 join 239.1.1.1 eth0 name '\x1b[31m\nevil"\\'
	first=$pid
	hold socket udp4 join 239.1.1.1 eth0 name '\xff\xc3\xa9\x80\xc2\x9b2J\x7f'
	run_msfctl show --pid "$first"
	assert_equal "$status" 0
	assert_equal "${#lines[@]}" 2
	has_no_controls
	[[ ${lines[1]} == *" ?[31m?evil\"\\ "* ]]
	run_msfctl show --json --pid "$first"
	has_no_controls
	assert_equal "$(objects_of "$first" | jq -c '.holders[].command')" \
		'"\u001b[31m\nevil\"\\"'
	run_msfctl show --pid "$pid"
	has_no_controls
	[[ ${lines[1]} == *" ?é??2J? "* ]]
	run_msfctl show --json --pid "$pid"
	has_no_controls
	assert_equal "$(objects_of "$pid" |
		jq -r '.holders[].command | explode | @csv')" \
		65533,233,65533,155,50,74,127
}

@test "hostile names of interfaces" {
	while read -r name; do
		name=$(printf %b. "$name")
		name=${name%.}
		ip -n "$tx" link add name "$name" type veth peer name "$name" netns "$rx"
		ip -n "$rx" link set "$name" up
		hold socket udp4 join 239.1.1.1 "$name"
		run_msfctl show --pid "$pid" --interface "$name"
		assert_equal "$status" 0
		assert_equal "${#lines[@]}" 2
		has_no_controls
		run_msfctl show --json --pid "$pid" --interface "$name"
		assert_equal "$status" 0
		has_no_controls
		facts=$(facts_of "$pid")
		[[ $facts == *" 239.1.1.1 - exclude" ]]
		run_msfctl show --interfaces --interface "$name"
		assert_equal "$status" 0
		has_no_controls
		run_msfctl show --interfaces --json --interface "$name"
		assert_equal "$status" 0
		has_no_controls
		jq -es 'any(.[]; .group == "239.1.1.1" and .users == 1)' <<< "$output"
		ip -n "$rx" link del "$name"
	done <<- 'END'
		"a\\"
		\033[31m
		\377\200x
		${x}`y`
		-x
	END
}

# refuse STATUS PATTERN ARGUMENT...: one line on standard error that matches, and
# nothing on standard output.
refuse() {
	local expected=$1 pattern=$2
	shift 2
	run_msfctl show "$@"
	assert_equal "$status" "$expected"
	assert_equal "$output" ""
	assert_equal "${#stderr_lines[@]}" 1
	[[ $stderr =~ ^msfctl:\ $pattern$ ]] || fail "$stderr does not match $pattern"
}

@test "wrong words are refused with their cause" {
	refuse 2 '--pid: x: not a number' --pid x
	refuse 2 '--pid: -1: not a number' --pid -1
	refuse 2 '--pid: there is no process 0' --pid 0
	refuse 2 '--pid: 99999999999: too large, 2147483647 at most' --pid 99999999999
	refuse 1 '--pid 2147483647: no such process; .*' --pid 2147483647
	refuse 1 'nope0: no such interface here, .*; ip link lists them' --interface nope0
	refuse 1 '4711: no such interface here, .*' --interface 4711
	refuse 1 'nope0: no such interface; .*' --interfaces --interface nope0
	refuse 2 '10.9.0.1: not a multicast group' --group 10.9.0.1
	refuse 2 'garbage: neither an IPv4 nor an IPv6 address.*' --group garbage
	refuse 2 '--group: bits: x: not a number' --group 239.1.1.1/x
	refuse 2 '--group: bits: "": not a number' --group 239.1.1.1/
	refuse 2 '--group: bits: 33: too large, 32 at most' --group 239.1.1.1/33
	refuse 2 '--group: bits: 129: too large, 128 at most' --group ff15::1/129
	refuse 2 '232.1.1.1: a multicast address cannot be a source' --source 232.1.1.1
	refuse 2 'fd09:::1: .*' --source fd09:::1
	refuse 2 'fd09::1: not of the same family as the group' \
		--group 232.1.1.1 --source fd09::1
	refuse 2 'eth0: nothing is expected here; .*' eth0
	refuse 2 '--nope: .*' --nope
	refuse 2 '--pid: .*' --pid
	refuse 2 '--pid: given twice' --pid 1 --pid 2
	refuse 2 '--pid: not with --interfaces' --interfaces --pid 1
	refuse 2 '--source: not with --interfaces' --interfaces --source 10.9.0.1
	refuse 2 '--here: .*' --interfaces --here
	refuse 2 '--listen: only with --interfaces' --listen 1
	refuse 2 '--listen: x: not a number of seconds' --interfaces --listen x
	refuse 2 '--listen: 1e10: too long' --interfaces --listen 1e10
}

@test "--help tells the options" {
	run_msfctl show --help
	assert_equal "$status" 0
	for option in pid interface group source all interfaces listen json; do
		[[ $output == *"--$option"* ]] || fail "--$option"
	done
}

@test "an output that is full is a failure, one that is closed is none of ours" {
	hold socket udp4 join 239.1.1.1 eth0
	for options in "" --json "--interfaces --interface eth0" \
		"--interfaces --interface eth0 --json"; do
		# shellcheck disable=SC2086
		run --separate-stderr in_rx bash -c 'msfctl show "$@" > /dev/full' \
			bash $options
		assert_equal "$status" 1
		assert_equal "$stderr" \
			"msfctl: standard output: No space left on device"
		# shellcheck disable=SC2086
		run --separate-stderr in_rx bash -c 'msfctl show "$@" >&-' bash $options
		assert_equal "$status" 0
	done
}

# merged GROUP: of the JSON lines in $output.
merged() {
	jq -c --arg group "$1" 'select(.group == $group) | [.mode, .users, .sources]' \
		<<< "$output"
}

@test "--interfaces merges what all sockets want" {
	hold socket udp4 source 232.1.1.1 eth0 10.9.0.1 \
		socket udp4 filter 232.1.1.1 eth0 include 10.9.0.1,10.9.0.2 \
		socket udp4 filter 239.1.1.1 eth0 exclude 10.9.0.1 \
		socket udp6 source ff3e::1 eth0 fd09::1 \
		socket udp6 filter ff15::1 eth0 exclude fd09::1,fd09::2
	run_msfctl show --interfaces --json --interface eth0
	assert_equal "$status" 0
	assert_equal "$(merged 232.1.1.1)" "$(jq -nc '["include", 2, [
		{ address: "10.9.0.1", include: 2, exclude: 0 },
		{ address: "10.9.0.2", include: 1, exclude: 0 }]]')"
	assert_equal "$(merged 239.1.1.1)" "$(jq -nc '["exclude", 1, [
		{ address: "10.9.0.1", include: 0, exclude: 1 }]]')"
	assert_equal "$(merged ff3e::1)" "$(jq -nc '["include", 1, [
		{ address: "fd09::1", include: 1, exclude: 0 }]]')"
	run_msfctl show --interfaces --interface eth0
	assert_equal "$status" 0
	assert_equal "$(awk '$1 == "232.1.1.1"' <<< "$output" | tr -s ' ')" \
		" 232.1.1.1 include 2 10.9.0.1 (2/0), 10.9.0.2 (1/0)"
	assert_equal "$(awk '$1 == "ff15::1"' <<< "$output" | tr -s ' ')" \
		" ff15::1 exclude 1 fd09::1 (0/1), fd09::2 (0/1)"
}

@test "--interfaces: an object has exactly the fields of the contract" {
	hold socket udp4 source 232.1.1.1 eth0 10.9.0.1
	ifindex=$(ip -n "$rx" -j link show eth0 | jq '.[].ifindex')
	run_msfctl show --interfaces --json --interface eth0 --group 232.1.1.1
	assert_equal "${#lines[@]}" 2
	assert_equal "$(jq -c 'keys_unsorted[0], del(.time)' <<< "${lines[0]}")" '"time"
'"$(jq -nc --argjson ifindex "$ifindex" '{ interface: "eth0", ifindex: $ifindex,
		group: "232.1.1.1", mode: "include", users: 1,
		sources: [{ address: "10.9.0.1", include: 1, exclude: 0 }],
		version: "3", forced_version: 0, querier: "unknown",
		querier_version: null }')"
	assert_equal "$(jq -c 'keys_unsorted' <<< "${lines[1]}")" \
		'["time","event","interface","ifindex","counters"]'
}

@test "--interfaces: versions in force and forced" {
	hold socket udp4 join 239.1.1.1 eth0 socket udp6 join ff15::1 eth0
	versions() {
		run_msfctl show --interfaces --json --interface eth0 --group "$1"
		jq -r 'select(.group) | "\(.version) \(.forced_version)"' <<< "$output"
	}
	assert_equal "$(versions 239.1.1.1)" "3 0"
	assert_equal "$(versions ff15::1)" "unknown 0"
	in_rx sysctl -qw net.ipv4.conf.eth0.force_igmp_version=2 \
		net.ipv6.conf.eth0.force_mld_version=1
	assert_equal "$(versions 239.1.1.1)" "2 2"
	assert_equal "$(versions ff15::1)" "1 1"
	run_msfctl show --interfaces --interface eth0
	[[ $output == *"IGMP     version 2 (2 is forced), querier unknown"* ]]
	[[ $output == *"MLD      version 1 (1 is forced), querier unknown"* ]]
}

# make_querier: a bridge in the sending namespace that asks, on the link's other end.
make_querier() {
	ip -n "$tx" link add br0 type bridge mcast_snooping 1 mcast_igmp_version 3 \
		mcast_mld_version 2 mcast_query_interval 100 \
		mcast_startup_query_interval 100 mcast_query_use_ifaddr 1
	in_tx sysctl -qw net.ipv6.conf.br0.accept_dad=0
	ip -n "$tx" address add 10.9.0.200/24 dev br0
	ip -n "$tx" link set br0 up
	ip -n "$tx" link set eth0 master br0
	ip -n "$tx" link set br0 type bridge mcast_querier 1
}

@test "--listen hears the querier" {
	make_querier
	querier6=$(ip -n "$tx" -j -6 address show dev br0 scope link |
		jq -r '.[].addr_info[].local | values')
	run_msfctl show --interfaces --json --interface eth0 --listen 3
	assert_equal "$status" 0
	assert_equal "$(jq -c 'select(.group == "224.0.0.1") |
		[.querier, .querier_version, .version]' <<< "$output")" \
		'["10.9.0.200",3,"3"]'
	assert_equal "$(jq -c 'select(.group == "ff02::1") |
		[.querier, .querier_version, .version]' <<< "$output")" \
		"[\"$querier6\",2,\"unknown\"]"
	jq -e 'select(.event) | .counters.Icmp6InGroupMembQueries > 0' <<< "$output"
}

# bridge_knows ADDRESS
bridge_knows() {
	in_rx msfctl show --interfaces --json --interface br1 > "$BATS_TEST_TMPDIR/br1" &&
		jq -es --arg a "$1" \
			'any(.[]; .group == "224.0.0.1" and .querier == $a)' \
			"$BATS_TEST_TMPDIR/br1" > /dev/null
}

@test "a bridge and its ports tell of the querier that the bridge heard" {
	ip -n "$rx" link add br1 type bridge mcast_snooping 1 mcast_igmp_version 3
	ip -n "$rx" link set br1 up
	ip -n "$rx" link set eth0 master br1
	make_querier
	wait_for bridge_knows 10.9.0.200
	run_msfctl show --interfaces --json --interface eth0
	assert_equal "$(jq -r 'select(.group == "224.0.0.1") | .querier' <<< "$output")" \
		10.9.0.200
}

@test "--listen without the privilege says so" {
	publish
	run_msfctl_as_nobody show --interfaces --listen 1
	assert_equal "$status" 1
	assert_equal "$output" ""
	assert_equal "$stderr" \
		"msfctl: --listen: not permitted: run as root, or with CAP_NET_RAW"
}

@test "--interfaces: counters count" {
	hold socket udp4 bind 5000 join 239.1.1.1 eth0 socket udp6 bind 6000 \
		join ff15::1 eth0
	count() {
		run_msfctl show --interfaces --json
		jq "select(.event == \"counters\" and .interface == $1) | .counters.$2" \
			<<< "$output"
	}
	before4=$(count null InMcastPkts)
	before6=$(count '"eth0"' Ip6InMcastPkts)
	before=$(count '"eth0"' multicast)
	in_tx msend --quiet --source 10.9.0.1 --count 100 --rate 1000 239.1.1.1:5000 eth0
	in_tx msend --quiet --source fd09::1 --count 100 --rate 1000 '[ff15::1]:6000' eth0
	[ "$(count null InMcastPkts)" -ge $((before4 + 100)) ]
	[ "$(count '"eth0"' Ip6InMcastPkts)" -ge $((before6 + 100)) ]
	[ "$(count '"eth0"' multicast)" -ge "$before" ]
	[ "$(count '"eth0"' Icmp6OutMLDv2Reports)" -gt 0 ]
	run_msfctl show --interfaces
	assert_equal "$status" 0
	[[ $output =~ MLD\ out\ +0\ queries,\ 0\ v1\ reports,\ [1-9] ]]
	[[ $output =~ all\ interfaces.*IPv4\ in\ +[1-9] ]]
}

@test "--interfaces: an interface that was asked for and has no group" {
	make_link idle0
	run_msfctl show --interfaces --interface idle0 --group 239.1.1.1
	assert_equal "$status" 0
	[[ ${lines[0]} =~ ^idle0,\ index\ [0-9]+$ ]]
	[[ $output != *GROUP* ]]
}
