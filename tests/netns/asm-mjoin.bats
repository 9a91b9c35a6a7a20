#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# mjoin on kernels that only have any-source joins: the same words, the same packets.

load common
load asm

setup() {
	net_setup
}

teardown() {
	net_teardown
}

# Each kind of filter, in both families.
CHANNELS=('10.9.0.1@232.1.1.1:5000' eth0 '!10.9.0.1@239.1.1.1:5000' eth0
	239.1.1.2:5000 eth0 'fd09::1@[ff3e::1]:5000' eth0
	'!fd09::1@[ff1e::1]:5000' eth0 '[ff1e::2]:5000' eth0)

EXPECTED="\
232.1.1.1 10.9.0.1=10
239.1.1.1 10.9.0.2=10 10.9.0.3=10
239.1.1.2 10.9.0.1=10 10.9.0.2=10 10.9.0.3=10
ff1e::1 fd09::2=10 fd09::3=10
ff1e::2 fd09::1=10 fd09::2=10 fd09::3=10
ff3e::1 fd09::1=10"

# flows: group, sources and packets of each summary.
flows() {
	each summary '"\(.group) \([.flows[] | "\(.source)=\(.packets)"] | join(" "))"' |
		sort
}

send_all() {
	send 10.9.0.2,10.9.0.1,10.9.0.3 232.1.1.1:5000 eth0
	send 10.9.0.2,10.9.0.1,10.9.0.3 239.1.1.1+2:5000 eth0 --count 20
	send fd09::2,fd09::1,fd09::3 '[ff3e::1]:5000' eth0
	send fd09::2,fd09::1,fd09::3 '[ff1e::1]+2:5000' eth0 --count 20
}

# check_kernels KIND...: every filter, on each of them.
check_kernels() {
	local kind

	for kind in "$@"; do
		on_kernel "$kind"
		start_mjoin --json "${CHANNELS[@]}"
		wait_for has_joined 6 || fail "$kind: $(cat "$err")"
		send_all
		stop_mjoin
		assert_equal "$status" 0
		assert_equal "$kind: $(flows)" "$kind: $EXPECTED"
		assert_equal "$(each joined .backend | sort -u)" asm
		assert_equal "$(each summary .kernel_drops | sort -u)" null
	done
}

@test "-s, -x and neither receive what they say, whatever the errno of the kernel" {
	check_kernels "${KERNELS[@]}"
}

@test "so they do where socket filters do nothing, or cannot be read back" {
	check_kernels "${KERNELS_WITHOUT_BPF[@]}" '--blind ENOPROTOOPT'
}

# has_queued COUNT: packets wait in the queue of the stopped mjoin.
has_queued() {
	[ "$(in_rx ss -Hunm 'dport = 0' 'sport = 5000' | grep -oP 'skmem:\(r\K[0-9]+')" \
		-ge "$1" ]
}

@test "what is read at the very end is filtered, too" {
	for kind in ENOPROTOOPT '--no-bpf 0'; do
		on_kernel "$kind"
		start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
		kill -STOP "$mjoin"
		send 10.9.0.2,10.9.0.1 232.1.1.1:5000 eth0
		kill -INT "$mjoin"
		kill -CONT "$mjoin"
		reap
		assert_equal "$status" 0
		assert_regex "$kind: $(flows)" "^$kind: 232.1.1.1 (10.9.0.1=10)?$"
	done
}

@test "what is joined is left at the end" {
	before=$(memberships)
	on_kernel 0
	start_mjoin --json "${CHANNELS[@]}"
	wait_for has_joined 6
	[ "$(memberships)" != "$before" ]
	stop_mjoin
	assert_equal "$(memberships)" "$before"
}

@test "text tells that the wire is ASM, once a channel that names sources" {
	on_kernel EOPNOTSUPP
	start_mjoin -s 10.9.0.1 232.1.1.1:5000 eth0
	send 10.9.0.2,10.9.0.1 232.1.1.1:5000 eth0
	stop_mjoin
	assert_regex "$(cat "$out")" "^joined [^;]*, include 10.9.0.1; wire: ASM"
	run ! grep -q "kernel drops" "$out"
	start_mjoin 239.1.1.1:5000 eth0
	stop_mjoin
	run ! grep -q "ASM" "$out"
}

@test "--wait ends with 0 when all sources were heard, and with 3 when one was not" {
	for kind in ENOPROTOOPT '--no-bpf 0'; do
		on_kernel "$kind"
		start_mjoin --wait=10 -s 10.9.0.1,10.9.0.3 232.1.1.1:5000 eth0
		send 10.9.0.1,10.9.0.2,10.9.0.3 232.1.1.1:5000 eth0
		reap
		assert_equal "$status" 0
		start_mjoin --wait=0.3 -s 10.9.0.1,10.9.0.3 232.1.1.1:5000 eth0
		send 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
		reap
		assert_equal "$status" 3
		assert_regex "$(cat "$err")" "not heard in 0.3 s: 10.9.0.3"
	done
}

# many N: N sources, of which the tests send from none.
many() {
	seq -f '10.8.0.%g' -s, 1 "$1"
}

@test "a list over 64 sources is shared by sockets; one of -x is refused with the cure" {
	on_kernel ENOPROTOOPT
	start_mjoin --json -s "$(many 100)" -s 10.9.0.1 232.1.1.1:5000 eth0
	assert_equal "$(each joined .sockets)" 2
	send 10.9.0.2,10.9.0.1 232.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$(flows)" "232.1.1.1 10.9.0.1=10"
	run_mjoin --timeout 0.1 -x "$(many 65)" 239.1.1.1:5000 eth0
	assert_equal "$status" 1
	assert_regex "$stderr" "the limit is 64, .* set MSF_MAX_SOURCES=65"
	export MSF_MAX_SOURCES=200
	start_mjoin --json -x "$(many 100)" -x 10.9.0.1 239.1.1.1:5000 eth0
	send 10.9.0.2,10.9.0.1 239.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$(flows)" "239.1.1.1 10.9.0.2=10"
}

# unrelated N: N sources of IPv6 that have nothing in common.
unrelated() {
	awk -v n="$1" 'BEGIN { srand(1); for (i = 1; i <= n; i++)
		printf("%s2%03x:%x:%x::%x:%x:%x", (i > 1 ? "," : ""), rand() * 4096,
			rand() * 65536, rand() * 65536, 1 + rand() * 65535,
			rand() * 65536, i) }'
}

@test "a list that no socket filter holds is shared by more sockets" {
	export MSF_MAX_SOURCES=2000
	on_kernel ENOPROTOOPT
	start_mjoin --json -s "$(unrelated 899)" -s fd09::1 '[ff3e::1]:5000' eth0
	assert_equal "$(each joined .sockets)" 2
	send fd09::2,fd09::1 '[ff3e::1]:5000' eth0
	stop_mjoin
	assert_equal "$(flows)" "ff3e::1 fd09::1=10"
}

@test "--backend asm and MSF_BACKEND=asm filter so on every kernel" {
	start_mjoin --json --backend asm "${CHANNELS[@]}"
	wait_for has_joined 6
	run ! in_rx grep -qi '0x0a090001' /proc/net/mcfilter
	send_all
	stop_mjoin
	assert_equal "$(flows)" "$EXPECTED"
	assert_equal "$(each joined .backend | sort -u)" asm
	MSF_BACKEND=asm run_mjoin --json --timeout 0.05 232.1.1.1 eth0
	assert_equal "$(jq -rs '.[0].backend' <<< "$output")" asm
}

@test "--backend kernel is refused where the kernel has no source filters" {
	for kind in ENOPROTOOPT '--no-joins 0'; do
		on_kernel "$kind"
		run_mjoin --timeout 0.1 --backend kernel -s 10.9.0.1 232.1.1.1:5000 eth0
		assert_equal "$status" 1
		assert_regex "$stderr" "^mjoin: backend: .*: choose asm, or auto$"
	done
}
