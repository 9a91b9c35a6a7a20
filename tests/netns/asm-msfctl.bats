#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# msfctl on kernels that only have any-source joins, and on the sockets of programs that
# libmsf filters for: what it finds, shows and changes.

load edit
load batch
load doctor
load asm

setup() {
	net_setup
}

teardown() {
	exec 8>&-
	doctor_teardown
}

# fact NAME JQ
fact() {
	jq -r --arg name "$1" "select(.name == \$name) | $2" <<< "$output"
}

@test "probe tells the backend, why, what socket filters do, the limits and the wire" {
	local kind

	for kind in "${KERNELS[@]}" "${KERNELS_WITHOUT_BPF[@]}"; do
		on_kernel "$kind"
		run_msfctl probe --json
		assert_equal "$kind $status" "$kind 0"
		assert_equal "$kind $(fact backend .value)" "$kind asm"
		refute [ "$(fact backend .source)" = null ]
		[[ $kind == *--no-bpf* ]] && filters=none || filters=full
		assert_equal "$kind $(fact socket_filters .value)" "$kind $filters"
		assert_equal "$(fact wire .value)" asm
	done
	on_kernel none
	run_msfctl probe --json
	assert_equal "$(fact backend .value)" kernel
	run_msfctl probe
	assert_equal "$status" 0
}

# both COMMAND...: on the ASM-only kernel, and on the one that the socket is really of.
both() {
	local kind

	for kind in ENOPROTOOPT none; do
		on_kernel "$kind"
		"$@"
	done
}

shows() {
	run_msfctl show --json --pid "$mjoin"
	assert_equal "$(facts_of "$mjoin")" "$1"
	assert_equal "$(objects_of "$mjoin" | jq -r .backend | sort -u)" asm
	assert_equal "$(objects_of "$mjoin" | jq -r .drops | sort -u)" null
	run_msfctl get --json --pid "$mjoin" --fd "$fd" 232.1.1.1 eth0
	assert_equal "$(jq -r '"\(.mode) \(.backend)"' <<< "$output")" "include asm"
	run_msfctl show --pid "$mjoin"
	assert_line --regexp ' 232.1.1.1 +5000 +include \(asm\) +10.9.0.1 +- '
}

@test "show and get read the filters of other processes, on every kernel" {
	on_kernel '--no-joins EOPNOTSUPP'
	start_mjoin --json 10.9.0.1@232.1.1.1:5000 eth0 '!fd09::2@[ff1e::1]:5000' eth0
	fd=$(in_rx "$MSFCTL" show --json --pid "$mjoin" |
		jq 'select(.group == "232.1.1.1").holders[0].fd')
	both shows "eth0 232.1.1.1 5000 include 10.9.0.1
eth0 ff1e::1 5000 exclude fd09::2"
}

# sets VERB ARGUMENT...: of the one socket of mjoin, and what it is then.
sets() {
	local wanted=$1
	shift
	run_msfctl "$1" --json --pid "$mjoin" "${@:2}"
	assert_equal "$status" 0
	assert_equal "$(jq -r '"\(.mode) \(.sources | join(",")) \(.backend)"' \
		<<< "$output")" "$wanted asm"
}

edits() {
	start_mjoin --json --backend asm -x 10.9.0.2 239.1.1.1:5000 eth0
	sets 'exclude 10.9.0.2,10.9.0.3' block 239.1.1.1 eth0 10.9.0.3
	sets 'exclude 10.9.0.3' unblock 239.1.1.1 eth0 10.9.0.2
	run_msfctl unblock --pid "$mjoin" 239.1.1.1 eth0 10.9.0.2
	assert_equal "$status" 1
	assert_regex "$stderr" "EADDRNOTAVAIL"
	sets 'include 10.9.0.1' set 239.1.1.1 eth0 include 10.9.0.1
	send 10.9.0.2,10.9.0.3,10.9.0.1 239.1.1.1:5000 eth0
	sets 'include 10.9.0.1,10.9.0.4' join-source 239.1.1.1 eth0 10.9.0.4
	send 10.9.0.2,10.9.0.3,10.9.0.4 239.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$(flows)" "10.9.0.1=10 10.9.0.4=10"
	# nobody made a filter of the kernel's own of it
	run ! in_rx grep -qi 0xef010101 /proc/net/mcfilter
}

@test "set and its kin change them as they are: the kernel's filters stay out of it" {
	both edits
}

@test "whatever the environment says, a socket keeps the backend that it has" {
	export MSF_BACKEND=asm
	start_mjoin --json --backend kernel -x 10.9.0.2 239.1.1.1:5000 eth0
	run_msfctl set --json --pid "$mjoin" 239.1.1.1 eth0 include 10.9.0.1
	assert_equal "$(jq -r .backend <<< "$output")" kernel
	in_rx grep -qi 0xef010101 /proc/net/mcfilter
	MSF_BACKEND=kernel start_mjoin --json --backend asm 239.1.1.2:5000 eth0
	sets 'include 10.9.0.1' set 239.1.1.2 eth0 include 10.9.0.1
	run ! in_rx grep -qi 0xef010102 /proc/net/mcfilter
}

@test "set --dry-run knows the limit, and the cure is said" {
	start_mjoin --json --backend asm 239.1.1.1:5000 eth0
	run_msfctl set --dry-run --pid "$mjoin" 239.1.1.1 eth0 include \
		"$(seq -f '10.8.0.%g' -s, 1 65)"
	assert_equal "$status" 1
	assert_regex "$stderr" "would be refused: ENOBUFS: .*64.*MSF_MAX_SOURCES"
	MSF_MAX_SOURCES=100 run_msfctl set --json --pid "$mjoin" 239.1.1.1 eth0 include \
		"$(seq -f '10.8.0.%g' -s, 1 65)"
	assert_equal "$status" 0
	assert_equal "$(jq '.sources | length' <<< "$output")" 65
}

# is_silent_for PATTERN: what show and get do not find is told.
is_silent_for() {
	for arguments in "show" "show --json" "get" "get --json"; do
		# shellcheck disable=SC2086
		run_msfctl $arguments --pid "$mjoin"
		assert_equal "$arguments $status" "$arguments 0"
		refute_output --partial 239.1.1.1
		assert_regex "$stderr" "does not tell .* joined, $1.*show --interfaces"
		assert_equal "${#stderr_lines[@]}" 1
	done
}

@test "what is not shown because nobody but the program knows it is said" {
	on_kernel '--blind ENOPROTOOPT'
	start_mjoin --json -s 10.9.0.1 239.1.1.1:5000 eth0
	is_silent_for "and the filters of libmsf cannot be read back"
	stop_mjoin
	on_kernel '--no-bpf 0'
	start_mjoin --json -s 10.9.0.1 239.1.1.1:5000 eth0
	is_silent_for "and socket filters do nothing"
	run_msfctl show --interfaces
	assert_line --partial 239.1.1.1
	stop_mjoin
	on_kernel none
	start_mjoin --json -s 10.9.0.1 239.1.1.1:5000 eth0
	on_kernel ENOPROTOOPT
	is_silent_for "so that only those are shown that libmsf filters for"
	on_kernel none
	run_msfctl show --pid "$mjoin"
	assert_line --partial 239.1.1.1
	assert_equal "$stderr" ""
}

@test "a wrong word in the environment is named by every verb that asks libmsf" {
	local variable verb

	for variable in BACKEND SEMANTICS MAX_SOURCES; do
		for verb in probe show "show --interfaces" monitor "get --pid $$" \
			"doctor 239.1.1.1 eth0" batch; do
			# shellcheck disable=SC2086
			run --separate-stderr in_rx env "MSF_$variable=nope" \
				timeout "$DEADLINE" msfctl $verb < /dev/null
			assert_equal "$verb $status" "$verb 1"
			assert_equal "$verb $output" "$verb "
			assert_regex "$verb: $stderr" "^$verb: msfctl: MSF_$variable: "
		done
	done
}

@test "filters that only their process can see are neither shown nor changed" {
	on_kernel '--blind ENOPROTOOPT'
	start_mjoin --json -s 10.9.0.1 239.1.1.1:5000 eth0
	run_msfctl set --pid "$mjoin" 239.1.1.1 eth0 include 10.9.0.2
	assert_equal "$status" 1
	assert_regex "$stderr" "socket filters cannot be read back .* not changed"
	on_kernel '--no-bpf 0'
	start_mjoin --json -s 10.9.0.1 239.1.1.1:5000 eth0
	run_msfctl get --json --pid "$mjoin"
	assert_equal "$status,$output" 0,
	run_msfctl set --pid "$mjoin" 239.1.1.1 eth0 include 10.9.0.2
	assert_equal "$status" 1
	assert_regex "$stderr" "EOPNOTSUPP: socket filters do nothing .* only the program"
	[[ $stderr != *msf_recvmsg* ]] || fail "advice for the program: $stderr"
	send 10.9.0.2,10.9.0.1 239.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$(flows)" "10.9.0.1=10"
}

# runs_batch [OPTION...]
runs_batch() {
	start_batch "$@"
	asked "open inet udp bind :5000 reuse"
	asked "include 232.1.1.1 eth0 10.9.0.1"
	ask "get 232.1.1.1 eth0"
	assert_equal "$reply" "ok INCLUDE {10.9.0.1}"
	send 10.9.0.2,10.9.0.1 232.1.1.1:5000 eth0
	asked "recv 0 10.9.0.1"
	asked "expect EINVAL block 232.1.1.1 eth0 10.9.0.1"
	asked "include 232.1.1.1 eth0 10.9.0.2"
	send 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	asked "recv 0 10.9.0.2"
	asked "leave 232.1.1.1 eth0"
	end_batch
	assert_equal "$status" 0
	rm "$BATS_TEST_TMPDIR/in"
}

@test "batch runs its requests, where socket filters work and where they do not" {
	for kind in ENOPROTOOPT '--no-joins 0' "${KERNELS_WITHOUT_BPF[0]}"; do
		on_kernel "$kind"
		runs_batch
	done
	on_kernel none
	runs_batch --backend asm
}

@test "batch warns of the wire once" {
	on_kernel 0
	run_lines "open" "join-source 232.1.1.1 eth0 10.9.0.1" \
		"join-source 232.1.1.1 eth0 10.9.0.2"
	assert_equal "$status" 0
	assert_equal "${#stderr_lines[@]}" 1
	assert_regex "$stderr" "lines:2: warning: .*a join for every source"
}

@test "doctor says that the wire is ASM, which is wrong where a source is named" {
	keep_sending --source 10.9.0.2,10.9.0.1 239.1.1.1:5000 eth0
	wait=0.5
	for kind in ENOPROTOOPT '--no-bpf 0'; do
		on_kernel "$kind"
		examine 239.1.1.1:5000 eth0
		assert_health
		assert_finding wire pass "ASM"
		examine -s 10.9.0.1 239.1.1.1:5000 eth0
		assert_equal "$(failed_checks)" wire
		assert_finding wire fail "the wire is ASM" "start msfd"
		assert_finding report pass "the wire is ASM"
		assert_finding traffic pass delivered
		assert_equal "$status" 1
	done
}

@test "doctor beside a program that libmsf filters for: no report was due, no drop" {
	keep_sending --source 10.9.0.2,10.9.0.1 232.1.1.1:5000 eth0
	start_mjoin --json --backend asm -s 10.9.0.1 232.1.1.1:5000 eth0
	wait=0.5
	examine -s 10.9.0.2 232.1.1.1:5000 eth0
	assert_health
	assert_finding report pass "no report was due"
}

@test "monitor tells of the filters of libmsf, as of the kernel's" {
	on_kernel ENOPROTOOPT
	start_in "$rx" msfctl monitor --json --initial --interval 0.1
	seen=$out
	wait_for test -s "$seen"
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	has_event() { jq -e "select(.group == \"232.1.1.1\") | $1" "$seen" > /dev/null; }
	wait_for has_event 'select(.event == "join")'
	stop_mjoin
	wait_for has_event 'select(.event == "leave")'
}
