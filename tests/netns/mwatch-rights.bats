#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# mwatch needs CAP_NET_RAW alone, says so when it lacks it, and gives up every right
# when its rings are open, in each of its threads; with --pid one thread keeps what
# looking at another process needs.

load mwatch

# CAP_DAC_READ_SEARCH (2) and CAP_SYS_PTRACE (19)
LOOKING=0000000000080004
RAW=0000000000002000 # CAP_NET_RAW
NONE=0000000000000000

setup() {
	net_setup
}

teardown() {
	net_teardown
}

# be_nobody CAPS: mwatch is started as a user that has these capabilities and can get
# no others.
be_nobody() {
	as=(setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set="$1"
		--inh-caps="$1" --ambient-caps="$1")
}

# has_rights FIELD VALUE [LOOKER]: every thread of $mwatch; the one that looks at the
# sockets of others may have something else.
has_rights() {
	local task expected
	for task in "/proc/$mwatch/task"/*; do
		expected=$2
		[ "$(cat "$task/comm")" != mwatch-looker ] || expected=${3:-$2}
		assert_equal "$(awk -v f="$1:" '$1 == f { print $2 }' "$task/status")" \
			"$expected"
	done
}

# has_given_up_all_but LOOKER [BOUND]: nobody has a right but the looker these, and no
# program that it might start gets any. Only who has CAP_SETPCAP can cut the bounding set.
has_given_up_all_but() {
	has_rights CapEff "$NONE" "$1"
	has_rights CapPrm "$NONE" "$1"
	has_rights CapInh "$NONE"
	has_rights CapAmb "$NONE"
	has_rights CapBnd "${2:-$NONE}"
	has_rights NoNewPrivs 1
}

# has_looker: there is such a thread.
has_looker() {
	grep -qx mwatch-looker "/proc/$mwatch/task"/*/comm
}

@test "CAP_NET_RAW alone is enough" {
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	be_nobody -all,+net_raw
	run_mwatch --json --count 2 -i 0.3 --delivered eth0
	assert_equal "$stderr" ""
	assert_equal "$status" 0
	assert_equal "$(jq -rs 'last.flows[0].source' <<< "$output")" 10.9.0.1
}

@test "without it one line says what to do" {
	be_nobody -all
	run_mwatch --json --count 2 eth0
	assert_equal "$status" 1
	assert_equal "$output" ""
	assert_equal "${#stderr_lines[@]}" 1
	[[ $stderr == 'mwatch: eth0: packets may not be read without CAP_NET_RAW: '* ]]
	[[ $stderr == *'setcap cap_net_raw+ep'* ]]
}

@test "with filters of its own no thread keeps a right" {
	start_mwatch --json -i 0.1 --join --listen 127.0.0.1:19000 \
		--textfile "$BATS_TEST_TMPDIR/m.prom" --record "$BATS_TEST_TMPDIR/rec" \
		eth0 239.1.1.1
	send 10.9.0.1 239.1.1.1:5000 eth0
	wait_for has_seen 10
	has_given_up_all_but "$NONE"
	run has_looker
	assert_failure
	stop_mwatch
	assert_equal "$status" 0
	assert_equal "$(cat "$err")" ""
}

@test "nor does the thread that tells msfd of them, where the kernel has no filters" {
	export MSF_BACKEND=asm
	start_mwatch --json -i 0.1 --join eth0 239.1.1.1
	send 10.9.0.1 239.1.1.1:5000 eth0
	wait_for has_seen 10
	grep -qx msf-agent "/proc/$mwatch/task"/*/comm
	has_given_up_all_but "$NONE"
	stop_mwatch
	assert_equal "$status" 0
}

@test "--pid keeps what looking at others needs, and nothing else" {
	start_mjoin --json 232.1.1.1:5000 eth0
	start_mwatch --json -i 0.1 --pid "$mjoin" eth0
	send 10.9.0.1 232.1.1.1:5000 eth0
	wait_for has_seen 10
	has_looker
	has_given_up_all_but "$LOOKING"
	stop_mwatch
	assert_equal "$status" 0
	assert_equal "$(flows '\(.verdict)')" accept
}

@test "without --pid no thread keeps a right, and verdicts are known all the same" {
	start_mjoin --json 232.1.1.1:5000 eth0
	start_mjoin --json -s 10.9.0.1 232.1.1.2:5000 eth0
	start_mwatch --json -i 0.1 --delivered --listen 127.0.0.1:19000 eth0
	send 10.9.0.1 232.1.1.1:5000 eth0
	send 10.9.0.1,10.9.0.2 232.1.1.2:5000 eth0
	wait_for has_seen 30
	has_given_up_all_but "$NONE"
	run has_looker
	assert_failure
	stop_mwatch
	assert_equal "$status" 0
	assert_equal "$(cat "$err")" ""
	assert_equal "$(flows '\(.group) \(.source) \(.verdict)')" \
		"$(printf '%s\n' '232.1.1.1 10.9.0.1 accept' \
			'232.1.1.2 10.9.0.1 accept' '232.1.1.2 10.9.0.2 block')"
}

@test "what was never held is not kept" {
	be_nobody -all,+net_raw
	start_mwatch --json eth0
	has_given_up_all_but "$NONE" "$RAW"
	stop_mwatch
	assert_equal "$status" 0
}

@test "--pid of another user says what is missing" {
	start_mjoin --json 232.1.1.1:5000 eth0
	be_nobody -all,+net_raw
	run_mwatch --json --count 1 --pid "$mjoin" eth0
	assert_equal "$status" 1
	assert_equal "$stderr" "mwatch: --pid: $mjoin: its sockets may not be looked at: \
run mwatch as root or as its user"
}
