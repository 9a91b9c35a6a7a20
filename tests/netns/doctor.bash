# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# doctor: what the tests of msfctl doctor share, over common's two network namespaces:
# asking, and what its findings must be. A fault must be found by its own check, and
# no other check may fail.

load common

# examine ARGUMENT...: the findings, in the receiving namespace, are in $output.
examine() {
	run --separate-stderr timeout -s KILL "$DEADLINE" \
		ip netns exec "$rx" msfctl doctor --json --wait "${wait:-1.5}" "$@"
	echo "$output"
	echo "$stderr"
}

# start_doctor ARGUMENT...: the same in the background; $doctor is its process.
start_doctor() {
	ip netns exec "$rx" msfctl doctor --json "$@" > "$BATS_TEST_TMPDIR/doctor.out" \
		2> "$BATS_TEST_TMPDIR/doctor.err" 3>&- &
	doctor=$!
	pids+=("$doctor")
}

# reap_doctor: waits for its end; sets $status, $output and $stderr.
reap_doctor() {
	wait_for is_over "$doctor"
	status=0
	wait "$doctor" || status=$?
	output=$(cat "$BATS_TEST_TMPDIR/doctor.out")
	stderr=$(cat "$BATS_TEST_TMPDIR/doctor.err")
}

# publish: msfctl and its library where anybody may read them; sets $public.
publish() {
	public=$(mktemp -d "${TMPDIR:-/tmp}/msfctl-doctor.XXXXXX")
	chmod 755 "$public"
	cp "$MSFCTL" "$public"
	cp "$(ldd "$MSFCTL" | awk '$1 ~ /^libmsf/ { print $3 }')" "$public"
	chmod 755 "$public"/*
}

# examine_as_nobody ARGUMENT...: without a privilege.
examine_as_nobody() {
	run --separate-stderr timeout -s KILL "$DEADLINE" ip netns exec "$rx" \
		setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		env LD_LIBRARY_PATH="$public" "$public/msfctl" doctor --json \
		--wait "${wait:-1.5}" "$@"
	echo "$output"
	echo "$stderr"
}

# assert_quiet: nothing on standard error.
assert_quiet() {
	assert_equal "$stderr" ""
}

# tell CHECK FIELD: of a finding.
tell() {
	jq -r --arg check "$1" --arg field "$2" \
		'select(.check == $check) | .[$field] // ""' <<< "$output"
}

# failed_checks: their names in one line. That nothing arrives is no fault of its own.
failed_checks() {
	jq -r 'select(.result == "fail") | .check' <<< "$output" |
		grep -vxE 'traffic|summary' | paste -sd' '
}

# assert_finding CHECK RESULT [DETAIL [CURE]]: whose texts contain these.
assert_finding() {
	assert_equal "$1 $(tell "$1" result)" "$1 $2"
	assert_text "$(tell "$1" detail)" "${3:-}"
	assert_text "$(tell "$1" cure)" "${4:-}"
}

assert_text() {
	[[ $1 == *"$2"* ]] || fail "no \"$2\" in: $1"
}

# assert_fault CHECK DETAIL CURE: this check alone fails, and is named as the cause.
assert_fault() {
	assert_equal "$(failed_checks)" "$1"
	assert_finding "$1" fail "$2" "$3"
	assert_finding summary fail "$(tell "$1" detail)" "$3"
	assert_equal "$status" 1
}

# assert_health: traffic is delivered, and nothing is said to be wrong.
assert_health() {
	assert_equal "$(failed_checks)" ""
	assert_finding traffic pass delivered
	assert_finding summary pass
	assert_equal "$status" 0
}

# assert_silence: nothing arrives, and no check says why.
assert_silence() {
	assert_equal "$(failed_checks)" ""
	assert_finding traffic fail "nothing of it was on the wire"
	assert_finding summary unknown "nothing arrives"
	assert_equal "$status" 3
}

# make_switch [TYPE OPTION...]: takes the link apart and puts a namespace between that
# is a bridge: $sw, with port-tx and
# port-rx.
make_switch() {
	sw=$rx-sw
	ip netns add "$sw"
	ip -n "$rx" link del eth0
	ip -n "$sw" link add br0 type bridge mcast_igmp_version 3 mcast_mld_version 2 "$@"
	plug "$tx" port-tx
	plug "$rx" port-rx
	ip -n "$sw" link set br0 up
	give_addresses
}

# plug NAMESPACE PORT: eth0 of the namespace into a port of the switch.
plug() {
	ip -n "$1" link add eth0 type veth peer name "$2" netns "$sw"
	ip netns exec "$1" sysctl -qw net.ipv6.conf.eth0.accept_dad=0
	ip -n "$sw" link set "$2" master br0
	ip -n "$sw" link set "$2" up
	ip -n "$1" link set eth0 up
}

give_addresses() {
	ip -n "$rx" address add 10.9.0.100/24 dev eth0
	ip -n "$rx" address add fd09::100/64 dev eth0 nodad
	ip -n "$tx" address add 10.9.0.1/24 dev eth0
	ip -n "$tx" address add 10.9.0.2/24 dev eth0
	ip -n "$tx" address add fd09::1/64 dev eth0 nodad
}

# The timers of a querier that is in a hurry.
querier=(mcast_snooping 1 mcast_querier 1 mcast_query_interval 200
	mcast_query_response_interval 100 mcast_startup_query_interval 100
	mcast_membership_interval 1000 mcast_query_use_ifaddr 0)

doctor_teardown() {
	net_teardown
	[ -z "${sw:-}" ] || ip netns del "$sw"
	[ -z "${public:-}" ] || rm -r "$public"
}
