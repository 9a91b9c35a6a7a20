#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# A second system without source filters, which is not our making: qemu in user mode
# knows neither the MCAST_* options nor how to read back or detach a socket filter.

load receivers/receivers

qemu=qemu-$(uname -m)-static

setup_file() {
	is_possible || return 0
	receivers_setup
	ip -n "$rx" route add 224.0.0.0/4 dev eth0
	ip -n "$rx" route add unreachable 239.10.0.0/16
}

teardown_file() {
	! is_possible || net_teardown
}

# The address sanitizer does not run in qemu.
is_possible() {
	! ldd "$MJOIN" | grep -q libasan
}

setup() {
	is_possible || skip "built with the address sanitizer"
	pids=()
}

# emulate COMMAND...: its arguments may begin with qemu's -E NAME=VALUE.
emulate() {
	timeout -k 1 "$DEADLINE" ip netns exec "$rx" "$qemu" "$@"
}

library=(-E "LD_LIBRARY_PATH=$LD_LIBRARY_PATH")
shim=(-E "LD_PRELOAD=$(dirname "$MSFCTL")/../../compat/preload/libmsf-preload.so")

# fact NAME: out of $output of msfctl probe.
fact() {
	jq -r --arg name "$1" 'select(.name == $name).value' <<< "$output"
}

@test "msfctl probe finds the ASM backend and filters that cannot be read" {
	run emulate "${library[@]}" "$MSFCTL" probe --json
	assert_success
	assert_equal "$(fact backend)" asm
	assert_equal "$(fact socket_filters)" blind
	run emulate "${library[@]}" -E MSF_BACKEND=kernel "$MSFCTL" probe --json
	assert_equal "$(fact backend)" kernel
}

@test "mjoin hears the source it joins, IPv4 and IPv6" {
	for channel in "10.9.0.2 232.1.1.1:5000" "fd09::2 [ff3e::1]:5000"; do
		read -r source group <<< "$channel"
		run --separate-stderr emulate "${library[@]}" "$MJOIN" --json --count 20 \
			-s "$source" "$group" eth0
		assert_success
		assert_equal "$(jq -r 'select(.event == "joined").backend' \
			<<< "$output")" asm
		assert_equal "$(jq -c 'select(.event == "summary") |
			[.flows[] | [.source, .packets]]' <<< "$output")" \
			"[[\"$source\",20]]"
	done
}

@test "mjoin keeps out the sources it excludes" {
	run --separate-stderr emulate "${library[@]}" "$MJOIN" --json --count 20 \
		-x 10.9.0.1 -x 10.9.0.2 232.1.1.1:5000 eth0
	assert_success
	assert_equal "$(jq -c 'select(.event == "summary") | [.flows[].source]' \
		<<< "$output")" '["10.9.0.3"]'
}

@test "mcfirst gets its source by the shim, and fails without it" {
	run emulate "${shim[@]}" "$(type -P mcfirst)" -4 -I eth0 -c 20 10.9.0.2 \
		232.1.1.1 5000
	assert_success
	assert_equal "$(tally "$mcfirst_sources")" "20 10.9.0.2"
	run emulate "${shim[@]}" "$(type -P mcfirst)" -6 -I eth0 -c 20 fd09::2 \
		ff3e::1 5000
	assert_success
	assert_equal "$(tally "$mcfirst_sources")" "20 fd09::2"
	run emulate "$(type -P mcfirst)" -4 -I eth0 10.9.0.2 232.1.1.1 5000
	assert_failure
	assert_output --partial 'Protocol not available'
}

@test "Python changes its filters by the shim" {
	run emulate "${shim[@]}" /usr/bin/python3 "$receivers/receive.py" --how poll \
		232.1.1.1 5000 10.9.0.100 join block:10.9.0.1 block:10.9.0.2 drain
	assert_success
	assert_equal "$(tally p)" "20 3"
	run emulate "${shim[@]}" /usr/bin/python3 "$receivers/receive.py" --by mcast \
		--count 0 232.1.1.1 5000 eth0 join:10.9.0.1 join:10.9.0.1 block:10.9.0.1
	assert_failure 1
	assert_output "$(printf '%s\n' 'join:10.9.0.1: EADDRNOTAVAIL' \
		'block:10.9.0.1: EINVAL')"
}

@test "the shim keeps each row of the linux table" {
	emulate "${shim[@]}" -E MSF_SEMANTICS=linux "$PRELOAD_TABLE" eth0 \
		"$LINUX_CONTRACT" > "$BATS_TEST_TMPDIR/answers"
	[ "$(wc -l < "$BATS_TEST_TMPDIR/answers")" -gt 5000 ]
	run awk -F'\t' '$3 != "-" && $2 != $3' "$BATS_TEST_TMPDIR/answers"
	assert_output ''
}
