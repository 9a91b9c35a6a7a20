#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# msfctl agent beside a real msfd: what it shows and counts, what it sets, and what it
# says when it cannot.

load common

setup() {
	net_setup
	socket=/run/msfd/$(in_rx stat -Lc %i /proc/self/ns/net).sock
}

teardown() {
	if [ -n "${msfd:-}" ]; then
		kill -CONT "$msfd" 2> /dev/null
		kill "$msfd" 2> /dev/null
		wait_for is_over "$msfd"
	fi
	net_teardown
	rm -f "$socket" "${socket%.sock}.journal"
	rm -rf "${public:-}"
}

# start_agent: until msfd answers.
start_agent() {
	: > "$BATS_TEST_TMPDIR/msfd.conf"
	ip netns exec "$rx" "${MSFD:-msfd}" --foreground --user root --no-journal \
		--config "$BATS_TEST_TMPDIR/msfd.conf" < /dev/null \
		> "$BATS_TEST_TMPDIR/msfd.log" 2>&1 3>&- &
	msfd=$!
	pids+=("$msfd")
	wait_for has_answered || { cat "$BATS_TEST_TMPDIR/msfd.log" && return 1; }
}

has_answered() {
	! is_alive "$msfd" || in_rx msfctl agent limits > /dev/null 2>&1
}

# agent ARGUMENT...: as bats' run, with $output and $stderr apart.
agent() {
	run --separate-stderr timeout -s KILL "$DEADLINE" ip netns exec "$rx" \
		msfctl agent "$@"
	echo "$output"
	echo "$stderr"
}

# keys: of the objects in $output, one line for each kind of them.
keys() {
	jq -r 'keys_unsorted | join(" ")' <<< "$output" | uniq
}

# get JQ: of the objects in $output.
get() {
	jq -r "$1" <<< "$output"
}

# refuses STATUS TEXT ARGUMENT...: one line on standard error that has the text.
refuses() {
	local wanted=$1 text=$2

	shift 2
	agent "$@"
	assert_equal "$* $status" "$* $wanted"
	assert_equal "$output" ""
	assert_equal "${#stderr_lines[@]}" 1
	[[ $stderr == "msfctl: "*"$text"* ]] || fail "no \"$text\" in: $stderr"
}

@test "without a command it tells its commands, with status 2" {
	agent
	assert_equal "$status" 2
	assert_equal "$output" ""
	for command in status show stats limits tune join leave; do
		grep -q "^  $command " <<< "$stderr"
		run msfctl agent "$command" --help
		assert_equal "$status" 0
		assert_output --partial "Usage: msfctl agent $command [OPTION...]"
	done
	refuses 2 "no such command" nonsense
	run msfctl agent --help
	assert_equal "$status" 0
}

@test "where no msfd runs it says so, and how to start one" {
	local text="agent: none runs in this network namespace: start msfd, \
or see MSF_AGENT"

	for command in status show stats limits tune 'tune robustness 3' \
		'join 232.1.1.1 eth0' 'leave 232.1.1.1 eth0' 'status --json'; do
		refuses 1 "$text" $command
	done
	MSF_AGENT=off refuses 1 "MSF_AGENT or --socket is off" status
	MSF_AGENT=/nowhere/x.sock refuses 1 "nobody listens at /nowhere/x.sock" status
	refuses 1 "nobody listens at /nowhere/y.sock" status --socket /nowhere/y.sock
	MSF_AGENT=$(printf '/%0120d' 0) refuses 1 "MSF_AGENT: must be the path" status
	refuses 1 "--socket: must be the path" status --socket "$(printf '/%0120d' 0)"
}

@test "what is no argument is refused before msfd is asked" {
	for command in status show stats limits; do
		refuses 2 "$command takes options only" "$command" more
	done
	refuses 2 "either that or --json" stats --json --openmetrics
	refuses 2 "its arguments are" tune robustness 2 3
	refuses 2 "its arguments are" tune robustness=2 3
	refuses 2 "robustness: two: not a number" tune robustness two
	refuses 2 "not a number" tune robustness=
	refuses 2 "too large" tune robustness 99999999999999999999
	refuses 2 "not a name of a tunable" tune =3
	refuses 2 "its arguments are" join 232.1.1.1
	refuses 2 "not a multicast group" join 10.9.0.1 eth0
	refuses 2 "not of the same family" join 232.1.1.1 eth0 fd09::1
	refuses 2 "cannot be a source" join 232.1.1.1 eth0 224.0.0.1
	refuses 2 "which source is not wanted" join --exclude 239.1.1.1 eth0
	refuses 2 "its arguments are" leave 232.1.1.1 eth0 10.9.0.1
	refuses 2 "not a multicast group" show --group 10.9.0.1
}

@test "status tells of msfd, and of every interface and protocol" {
	start_agent
	agent status --json
	assert_equal "$status" 0
	assert_equal "$(keys | sed -n 1p)" "time event pid version netns socket uptime_s \
kernel_suppressed deaths journal clients connections messages refused broken memberships \
sources static_joins native_groups sent sent_packet_socket lost received dropped memory"
	assert_equal "$(keys | sed -n '2,$p')" "time event interface ifindex protocol \
version forced speaking address address_state querier robustness query_interval_s \
response_ms older_v1_ms older_v2_ms groups"
	assert_equal "$(get 'select(.event == "agent") | .socket')" "$socket"
	assert_equal "$(get 'select(.event == "agent") | .version, .journal')" \
		$'0.1.0\nfalse'
	assert_equal "$(get 'select(.interface == "eth0") | .protocol')" $'IGMP\nMLD'
	assert_equal "$(get 'select(.interface == "eth0") | .version')" $'3\n2'
	is_speaking() { agent status && [[ $output =~ eth0\ +IGMP\ +3\ +-\ +yes\  ]]; }
	wait_for is_speaking
	assert_equal "$status" 0
	assert_regex "${lines[0]}" \
		"^msfd 0.1.0, process [0-9]+, network namespace [0-9]+, up"
	assert_regex "$output" "IFACE +PROTOCOL.* QUERIER"
	assert_regex "$output" "eth0 +IGMP +3 +- +yes +10.9.0.100 "
}

@test "show tells of the sockets of programs and of static joins" {
	start_agent
	start_mjoin --json --backend asm -s 10.9.0.2,10.9.0.1 232.1.1.1:5000 eth0
	agent join ff3e::1 eth0 fd09::1
	agent show --json
	assert_equal "$status" 0
	assert_equal "$(keys)" "time kind socket pid uid family interface ifindex group \
mode sources configured" || assert_equal "$(keys | head -n 1)" "time kind socket pid uid \
family interface ifindex group mode sources"
	assert_equal "$(get 'select(.kind == "socket") | .pid, .uid, .family, .interface,
		.group, .mode, (.sources | join(","))' | paste -sd' ')" \
		"$mjoin 0 ipv4 eth0 232.1.1.1 include 10.9.0.1,10.9.0.2"
	assert_equal "$(get 'select(.kind == "static") | .pid, .socket, .group, .mode,
		(.sources | join(",")), .configured' | paste -sd' ')" \
		"null null ff3e::1 include fd09::1 false"
	agent show
	assert_regex "${lines[0]}" "^KIND +PID +UID +SOCKET +IFACE +GROUP +MODE +SOURCES"
	assert_regex "$output" \
		"socket +$mjoin +0 +[0-9]+ +eth0 +232.1.1.1 +include +10.9.0.1"
	agent show --group ff3e:0::1
	assert_equal "${#lines[@]}" 2
	agent show --interface lo --json
	assert_equal "$output" ""
	stop_mjoin
	has_no_socket() {
		agent show --json && [ -z "$(get 'select(.kind == "socket")')" ]
	}
	wait_for has_no_socket
}

@test "show --interfaces tells the merged filter" {
	start_agent
	start_mjoin --json --backend asm -s 10.9.0.1 239.1.1.1:5000 eth0
	start_mjoin --json --backend asm -x 10.9.0.1,10.9.0.3 239.1.1.1:5001 eth0
	agent show --interfaces --json
	assert_equal "$(keys)" "time interface ifindex group mode sources users"
	assert_equal "$(get '.interface, .group, .mode, (.sources | join(",")), .users' |
		paste -sd' ')" "eth0 239.1.1.1 exclude 10.9.0.3 2"
	agent show --interfaces
	assert_regex "$output" "eth0 +239.1.1.1 +2 +exclude +10.9.0.3"
}

@test "many sources are shortened, but not with --all" {
	start_agent
	agent join 232.1.1.1 eth0 10.9.0.{1..9}
	agent show
	assert_regex "$output" "10.9.0.1,10.9.0.2,10.9.0.3 \+6"
	agent show --all
	assert_regex "$output" "10.9.0.8,10.9.0.9$"
}

@test "stats counts as netstat -s does, and the same as JSON and OpenMetrics" {
	start_agent
	start_mjoin --json --backend asm -s 10.9.0.1 232.1.1.1:5000 eth0
	has_reported() {
		agent stats --json
		[ "$(get 'select(.name == "snd_v3_reports") | .value')" -ge 2 ]
	}
	wait_for has_reported
	assert_equal "$(keys)" "time name value help gauge protocol"
	# what the README of 2004 added to netstat and vmstat
	for name in rcv_toolong rcv_nora rcv_v1_queries rcv_v2_queries rcv_v3_queries \
		snd_v1v2_reports snd_v3_reports memory_msfilter memory_moptions; do
		assert_equal "$name $(get "select(.name == \"$name\") | .protocol")" \
			"$name $([[ $name == memory* ]] && echo msfd || echo igmp)"
	done
	agent stats
	assert_equal "$(grep -v $'^\t' <<< "$output" | paste -sd' ')" "igmp: mld: msfd:"
	assert_regex "$output" $'\t[2-9] IGMPv3 reports sent'
	agent stats --openmetrics
	assert_equal "$status" 0
	assert_equal "${lines[-1]}" "# EOF"
	"$BATS_TEST_DIRNAME/openmetrics.py" <<< "$output"
	[ "$("$BATS_TEST_DIRNAME/openmetrics.py" msfd_igmp_snd_v3_reports_total \
		<<< "$output")" -ge 2 ]
	grep -qx '# UNIT msfd_memory_moptions_bytes bytes' <<< "$output"
	grep -qx '# TYPE msfd_mld_rcv counter' <<< "$output"
	run ! grep -v -e '^#' -e '^msfd_' <<< "$output"
}

@test "limits tells what msfd keeps, and what the caller has of it" {
	start_agent
	agent limits --json
	assert_equal "$(keys)" "time name value unit used help"
	assert_equal "$(get .name | wc -l)" 11
	assert_equal "$(get 'select(.name == "clients") | .used')" 1
	assert_equal "$(get 'select(.name == "user-messages") | .used')" null
	agent limits
	assert_regex "${lines[0]}" "^NAME +VALUE +USED +UNIT"
}

@test "tune lists the tunables, shows one and sets one" {
	start_agent
	agent tune
	assert_equal "$status" 0
	assert_regex "$output" "robustness = 2  \(2, [0-9]+\.\.[0-9]+ [a-z]+\)  [a-z]"
	for name in sendwithra dropwithnora maxsrcfilter somaxsrc always_v3; do
		grep -q "^$name = " <<< "$output"
	done
	agent tune robustness 3
	assert_equal "$status" 0
	assert_regex "$output" "^robustness = 3  \(2, "
	agent tune robustness=4 --json
	assert_equal "$(keys)" "time name value default min max unit help"
	assert_equal "$(get '.name, .value, .default' | paste -sd' ')" "robustness 4 2"
	agent tune robustness
	assert_equal "${#lines[@]}" 1
	assert_regex "$output" "^robustness = 4 "
	refuses 1 "robustness: must be from " tune robustness 99
	refuses 1 "robustness: must be from " tune robustness 18446744073709551615
	refuses 1 "nonsense: no such tunable" tune nonsense
	refuses 1 "nonsense: no such tunable" tune nonsense 1
	agent tune robustness
	assert_regex "$output" "^robustness = 4 "
}

@test "join and leave make static joins, and answer with what msfd has" {
	start_agent
	agent join 232.1.1.1 eth0 10.9.0.2 10.9.0.1
	assert_equal "$status $output" "0 232.1.1.1 on eth0: include 10.9.0.1,10.9.0.2"
	agent join 232.1.1.1 eth0 10.9.0.3
	assert_equal "$output" "232.1.1.1 on eth0: include 10.9.0.3"
	agent join 239.1.1.1 eth0
	assert_equal "$output" "239.1.1.1 on eth0: any source"
	agent join ff1e::1 eth0 -x fd09::3
	assert_equal "$output" "ff1e::1 on eth0: exclude fd09::3"
	agent show --interfaces --json
	assert_equal "$(get '[.group, .mode] + .sources | join(" ")' | sort)" \
		$'232.1.1.1 include 10.9.0.3\n239.1.1.1 exclude\nff1e::1 exclude fd09::3'
	agent join --json 239.1.1.1 eth0
	assert_equal "$(get '.kind, .interface, .group, .mode' | paste -sd' ')" \
		"static eth0 239.1.1.1 exclude"
	agent leave 239.1.1.1 eth0
	assert_equal "$status $output" "0 239.1.1.1 on eth0: left"
	refuses 1 "239.1.1.1 on eth0: there is no such static join" leave 239.1.1.1 eth0
	agent leave --json 232.1.1.1 eth0
	assert_equal "$(get '.group, .mode, (.sources | length), .left' | paste -sd' ')" \
		"232.1.1.1 include 0 true"
	refuses 1 "a source is given twice" join 232.1.1.1 eth0 10.9.0.1 10.9.0.1
	refuses 1 "No such device" join 232.1.1.1 sixteen-letters- 10.9.0.1
	agent show --json
	assert_equal "$(get .group)" ff1e::1
}

@test "a static join waits for its interface" {
	start_agent
	agent join 232.1.1.1 eth7 10.9.0.1
	assert_equal "$status $output" "0 232.1.1.1 on eth7: include 10.9.0.1"
	assert_regex "$stderr" "warning: there is no such interface now"
	agent show --json
	assert_equal "$(get .ifindex)" null
	make_link eth7
	up eth7
	is_joined() { agent show --json && [ "$(get .ifindex)" != null ]; }
	wait_for is_joined
	agent show --interfaces --interface eth7 --json
	assert_equal "$(get '.group')" 232.1.1.1
}

@test "--socket and MSF_AGENT name the msfd of another namespace" {
	start_agent
	run in_tx msfctl agent status --json --socket "$socket"
	assert_equal "$status" 0
	assert_equal "$(get 'select(.event == "agent") | .pid')" "$msfd"
	MSF_AGENT=$socket run in_tx msfctl agent join 232.1.1.1 eth0 10.9.0.1
	assert_equal "$status" 0
	agent show --json
	assert_equal "$(get .group)" 232.1.1.1
	run in_tx msfctl agent status
	assert_equal "$status" 1
}

# as_nobody ARGUMENT...: of a copy that anybody may read.
as_nobody() {
	run --separate-stderr timeout -s KILL "$DEADLINE" ip netns exec "$rx" \
		setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		env LD_LIBRARY_PATH="$public" "$public/msfctl" agent "$@"
	echo "$output"
	echo "$stderr"
}

@test "everybody may ask, and only root may set" {
	public=$(mktemp -d "${TMPDIR:-/tmp}/msfctl-agent.XXXXXX")
	chmod 755 "$public"
	cp "$MSFCTL" "$(ldd "$MSFCTL" | awk '$1 ~ /^libmsf/ { print $3 }')" "$public"
	chmod 755 "$public"/*
	start_agent
	for command in status show 'show -I' stats limits tune; do
		as_nobody $command
		assert_equal "$command $status" "$command 0"
	done
	as_nobody limits --json
	assert_equal "$(get 'select(.name == "user-clients") | .used')" 1
	for command in 'tune robustness 3' 'join 232.1.1.1 eth0' \
		'leave 232.1.1.1 eth0'; do
		as_nobody $command
		assert_equal "$command $status" "$command 1"
		assert_regex "$stderr" "only root and msfd's own user may"
	done
	agent tune robustness
	assert_regex "$output" "^robustness = 2 "
	agent show
	assert_equal "$output" ""
}

@test "an msfd that does not answer is not waited for long" {
	start_agent
	kill -STOP "$msfd"
	before=$SECONDS
	refuses 1 "msfd does not answer: is it stopped?" status
	[ $((SECONDS - before)) -le 7 ]
	kill -CONT "$msfd"
	agent status
	assert_equal "$status" 0
}

@test "one that was killed has left nothing that looks alive" {
	start_agent
	kill -KILL "$msfd"
	wait_for is_over "$msfd"
	refuses 1 "none runs in this network namespace" status
	start_agent
	agent status
	assert_equal "$status" 0
}

# wire: what probe says of it, for the ASM backend.
wire() {
	in_rx env MSF_BACKEND=asm msfctl probe --json |
		jq -r 'select(.name == "wire") | .value'
}

@test "probe, mjoin and doctor tell who speaks on the wire" {
	assert_equal "$(wire)" asm
	start_mjoin --backend asm -s 10.9.0.1 232.1.1.1:5000 eth0
	grep -q "; wire: ASM$" "$out"
	grep -q "a join for every source" "$err"
	stop_mjoin
	start_agent
	assert_equal "$(wire)" msfd
	assert_equal "$(in_rx msfctl probe --json |
		jq -r 'select(.name == "wire") | .value')" kernel
	start_mjoin --backend asm -s 10.9.0.1 232.1.1.1:5000 eth0
	grep -q "; wire: msfd$" "$out"
	run ! grep -q "a join for every source" "$err"
	stop_mjoin
	start_mjoin --json --backend asm -s 10.9.0.1 232.1.1.1:5000 eth0
	assert_equal "$(jq -r 'select(.event == "joined") | .wire' "$out")" msfd
	stop_mjoin
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	assert_equal "$(jq -r 'select(.event == "joined") | .wire' "$out")" kernel
	stop_mjoin
	kill -STOP "$msfd"
	assert_equal "$(wire)" asm
	kill -CONT "$msfd"
}

# finding CHECK: its result, in an examination for the ASM backend.
finding() {
	in_rx env MSF_BACKEND=asm msfctl doctor --json --wait 0.5 "${@:2}" |
		jq -r --arg check "$1" \
			'select(.check == $check) | .result, .detail, .cure' |
		paste -sd' '
}

@test "doctor fails its check wire where sources are named, and nobody tells routers" {
	assert_regex "$(finding wire -s 10.9.0.1 232.1.1.1:5000 eth0)" \
		"^fail the wire is ASM.*range of SSM start msfd"
	assert_regex "$(finding wire -s 10.9.0.1 239.1.1.1:5000 eth0)" \
		"^fail the wire is ASM.* start msfd"
	assert_regex "$(finding summary -s 10.9.0.1 232.1.1.1:5000 eth0)" \
		"^fail nothing is delivered, most likely because the wire is ASM"
	assert_regex "$(finding wire 239.1.1.1:5000 eth0)" "^pass "
	assert_regex "$(MSF_AGENT=off finding wire -s 10.9.0.1 232.1.1.1:5000 eth0)" \
		"unset MSF_AGENT"
	start_agent
	assert_regex "$(finding wire -s 10.9.0.1 232.1.1.1:5000 eth0)" \
		"^pass msfd reports"
	assert_regex "$(finding report -s 10.9.0.1 232.1.1.1:5000 eth0)" \
		"^pass joined, and an IGMPv3 report left; msfd reports the filter"
	# to what the kernel is forced does not matter then
	in_rx sysctl -qw net.ipv4.conf.all.force_igmp_version=2
	assert_regex "$(finding version -s 10.9.0.1 232.1.1.1:5000 eth0)" \
		"^unknown msfd speaks for this host"
}
