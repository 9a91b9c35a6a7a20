#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# mwatch on kernels that only have any-source joins, and beside programs that libmsf
# filters for: what it joins, whom it says is heard, and what it compares.

load mwatch
load batch
load asm

setup() {
	net_setup
	before=$(memberships)
}

teardown() {
	exec 8>&-
	net_teardown
}

has_left() {
	[ "$(memberships)" = "$before" ]
}

# start_traffic: two sources of each family.
start_traffic() {
	keep_sending --source 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	keep_sending --source fd09::1,fd09::2 '[ff3e::1]:5000' eth0
}

ADMITTED=('10.9.0.1 232.1.1.1:5000 accept' '10.9.0.2 232.1.1.1:5000 block'
	'fd09::1 ff3e::1:5000 accept' 'fd09::2 ff3e::1:5000 block')

@test "--join -s joins, judges by its own filter and leaves, on every kind of kernel" {
	start_traffic
	for kind in "${KERNELS[@]}" "${KERNELS_WITHOUT_BPF[@]}"; do
		on_kernel "$kind"
		start_mwatch --json -i 0.1 --join -s 10.9.0.1 eth0 232.1.1.1:5000
		is_alive "$mwatch" || fail "$kind: $(cat "$err")"
		expect_verdicts "${ADMITTED[@]:0:2}"
		stop_mwatch
		assert_equal "$status" 0
		wait_for has_left
	done
}

@test "the filters of the host are those of libmsf, where the kernel has none" {
	start_traffic
	on_kernel ENOPROTOOPT
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	start_mjoin --json -x fd09::2 '[ff3e::1]:5000' eth0
	start_mwatch --json -i 0.1 eth0
	expect_verdicts "${ADMITTED[@]}"
}

@test "on a kernel that has filters its own count: it is asked for every source" {
	start_traffic
	MSF_BACKEND=asm start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	MSF_BACKEND=asm start_mjoin --json -x fd09::2 '[ff3e::1]:5000' eth0
	start_mwatch --json -i 0.1 eth0
	expect_verdicts "${ADMITTED[@]/block/accept}"
	stop_mwatch
	# the filters of both add up where that is asked for
	start_mjoin --json -s 10.9.0.2 232.1.1.1:5000 eth0
	MSF_BACKEND=asm start_mwatch --json -i 0.1 eth0
	expect_verdicts "${ADMITTED[0]}" "${ADMITTED[1]/block/accept}" "${ADMITTED[@]:2}"
}

@test "--pid tells what one process gets of them" {
	start_traffic
	keep_sending --source 10.9.0.2 239.1.1.1:5000 eth0
	for kind in 0 none; do
		on_kernel 0
		start_mjoin --json 239.1.1.1:5000 eth0
		start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
		on_kernel "$kind"
		start_mwatch --json -i 0.1 --pid "$mjoin" eth0
		expect_verdicts "${ADMITTED[@]:0:2}" \
			'fd09::1 ff3e::1:5000 unjoined' \
			'fd09::2 ff3e::1:5000 unjoined' \
			'10.9.0.2 239.1.1.1:5000 unjoined'
		stop_mwatch
		stop_mjoin
		kill "${pids[-3]}"
	done
}

# Linux gives them every source, whatever the kernel's filter says.
@test "--pid: libmsf filters for raw sockets of IPv6, too" {
	start_traffic
	start_batch --backend asm
	asked "open inet6 raw 17"
	asked "include ff3e::1 eth0 fd09::1"
	start_mwatch --json -i 0.1 --pid "$pid" eth0
	expect_verdicts '10.9.0.1 232.1.1.1:5000 unjoined' \
		'10.9.0.2 232.1.1.1:5000 unjoined' "${ADMITTED[@]:2}"
	printf 'recv 0.2 fd09::1\n' >&8
	wait_for grep -q '^ok.*fd09::1' "$BATS_TEST_TMPDIR/out"
}

# delivery JQ: of the one comparison of the summary.
delivery() {
	jq -sr "last | .deliveries[0] | $1" "$out"
}

# Every source comes as far as the sockets, where libmsf's filter drops it.
@test "--delivered: as many on the wire as at the sockets, and no drop is made up" {
	on_kernel ENOPROTOOPT
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	joined=$out
	start_mwatch --json -i 0.1 --delivered eth0
	send 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0 --count 300
	wait_for has_seen 600
	stop_mwatch
	[ "$status" = 0 ] || fail "$(cat "$err")"
	assert_equal "$(delivery '"\(.group) \(.wire) \(.socket) \(.queue_drops)"')" \
		"232.1.1.1 600 600 null"
	stop_mjoin
	out=$joined
	assert_equal "$(summary '.flows[0].packets')" 300
}

@test "--delivered says so where it cannot count: socket filters do nothing" {
	on_kernel '--no-bpf 0'
	start_mjoin 239.1.1.1:5000 eth0
	start_mwatch -i 0.1 --join --delivered eth0 239.1.1.1:5000
	send 10.9.0.1 239.1.1.1:5000 eth0
	has_flow() { grep -q '10.9.0.1' "$out"; }
	wait_for has_flow
	stop_mwatch
	assert_equal "$status" 0
	grep -q "cannot be known: socket filters, .*, do nothing here" "$out" ||
		fail "$(cat "$out")"
}
