#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# msfctl batch: what its lines do to sockets, and to the packets that they receive.

load batch

setup() {
	options=()
	net_setup
}

teardown() {
	net_teardown
}

# sends GROUP SOURCE...: ten packets of each, which have arrived when it returns.
sends() {
	local group=$1
	shift
	send "$(printf '%s,' "$@" | sed 's/,$//')" "$group" eth0
}

@test "a blocked source does not arrive, the others do" {
	start_batch
	asked "open bind :5000"
	asked "join 239.1.1.1 eth0"
	sends 239.1.1.1:5000 10.9.0.{1,2,3}
	ask "recv 0.1"
	assert_equal "$reply" "ok 30 packets: 10.9.0.1 10, 10.9.0.2 10, 10.9.0.3 10"
	asked "block 239.1.1.1 eth0 10.9.0.2"
	sends 239.1.1.1:5000 10.9.0.{1,2,3}
	ask "recv 0.1"
	assert_equal "$reply" "ok 20 packets: 10.9.0.1 10, 10.9.0.3 10"
	asked "unblock 239.1.1.1 eth0 10.9.0.2"
	sends 239.1.1.1:5000 10.9.0.{1,2,3}
	asked "recv 0.1 10.9.0.1 10.9.0.2 10.9.0.3"
	asked "leave 239.1.1.1 eth0"
	sends 239.1.1.1:5000 10.9.0.1
	asked "recv 0.1 none"
	end_batch
	assert_equal "$status" 0
}

@test "a blocked IPv6 source does not arrive, the others do" {
	start_batch
	asked "open inet6 bind :5000"
	asked "join ff1e::1 eth0"
	asked "block ff1e::1 eth0 fd09::2"
	sends '[ff1e::1]:5000' fd09::{1,2,3}
	ask "recv 0.1"
	assert_equal "$reply" "ok 20 packets: fd09::1 10, fd09::3 10"
	asked "unblock ff1e::1 eth0 fd09::2"
	sends '[ff1e::1]:5000' fd09::{1,2,3}
	asked "recv 0.1 fd09::1 fd09::2 fd09::3"
	end_batch
	assert_equal "$status" 0
}

@test "include and exclude replace the filter, and packets obey" {
	start_batch
	asked "open bind :5000"
	asked "exclude 239.1.1.1 eth0 10.9.0.1 10.9.0.3"
	sends 239.1.1.1:5000 10.9.0.{1,2,3,4}
	asked "recv 0.1 10.9.0.2 10.9.0.4"
	asked "include 239.1.1.1 eth0 10.9.0.3"
	sends 239.1.1.1:5000 10.9.0.{1,2,3,4}
	asked "recv 0.1 10.9.0.3"
	asked "exclude 239.1.1.1 eth0"
	sends 239.1.1.1:5000 10.9.0.{1,2,3,4}
	asked "recv 0.1 10.9.0.1 10.9.0.2 10.9.0.3 10.9.0.4"
	asked "include 239.1.1.1 eth0"
	sends 239.1.1.1:5000 10.9.0.{1,2,3,4}
	asked "recv 0.1 none"
	end_batch
	assert_equal "$status" 0
}

@test "sources are joined and left one by one, and packets obey" {
	start_batch
	asked "open bind :5000"
	asked "join-source 232.1.1.1 eth0 10.9.0.1"
	asked "join-source 232.1.1.1 eth0 10.9.0.2"
	sends 232.1.1.1:5000 10.9.0.{1,2,3}
	asked "recv 0.1 10.9.0.1 10.9.0.2"
	asked "leave-source 232.1.1.1 eth0 10.9.0.1"
	sends 232.1.1.1:5000 10.9.0.{1,2,3}
	asked "recv 0.1 10.9.0.2"
	end_batch
	assert_equal "$status" 0
}

@test "allow means unblock in EXCLUDE mode, and join-source otherwise" {
	run_lines "open" "exclude 239.1.1.1 eth0 10.9.0.1 10.9.0.2" \
		"allow 239.1.1.1 eth0 10.9.0.1" "get 239.1.1.1 eth0 exclude 10.9.0.2" \
		"allow 232.1.1.1 eth0 10.9.0.1" "get 232.1.1.1 eth0 include 10.9.0.1" \
		"allow 232.1.1.1 eth0 10.9.0.2" \
		"get 232.1.1.1 eth0 include 10.9.0.1 10.9.0.2" \
		"expect EADDRNOTAVAIL allow 239.1.1.1 eth0 10.9.0.3" \
		"expect EADDRNOTAVAIL allow 232.1.1.1 eth0 10.9.0.1"
	assert_equal "$status" 0
}

# contract TABLE FAMILY GROUP PREFIX
contract() {
	local file=$BATS_TEST_TMPDIR/contract table=$BATS_TEST_DIRNAME/../semantics

	[ "$1" = table ] || table+=-$1
	awk -v family="$2" -v group="$3" -v prefix="$4" \
		-f "$BATS_TEST_DIRNAME/batch-contract.awk" "$table.csv" > "$file"
	run_msfctl batch --semantics "$1" "$file"
	assert_equal "$stderr" ""
	assert_equal "$status" 0
	assert_equal "$(grep -c '^none \|^INCLUDE{\|^EXCLUDE{' <<< "$output")" \
		"$(($(wc -l < "$table.csv") - 1))"
}

@test "every row of the error table holds for IPv4" {
	contract table inet 239.1.1.1 10.9.0.
}

@test "every row of the error table holds for IPv6" {
	contract table inet6 ff1e::1 fd09::
}

@test "every row of the error table holds for IPv4 groups on IPv6 sockets" {
	contract table inet6 239.1.1.1 10.9.0.
}

@test "every row of the linux table holds for both families" {
	contract linux inet 239.1.1.1 10.9.0.
	contract linux inet6 ff1e::1 fd09::
}

@test "get reads one filter, and fails when it is not the one that is wanted" {
	answer "ok EXCLUDE {10.9.0.1, 10.9.0.2}" "open" \
		"exclude 239.1.1.1 eth0 10.9.0.2 10.9.0.1" "get 239.1.1.1 eth0"
	answer "ok INCLUDE {fd09::1}" "open inet6" "include ff3e::1 eth0 fd09::1" \
		"get ff3e::1 eth0 include fd09::1"
	answer "ok none" "open" "get 239.1.1.1 eth0 none"
	answer "unexpected, not none: EXCLUDE {}" "open" "join 239.1.1.1 eth0" \
		"get 239.1.1.1 eth0 none"
	assert_equal "$status" 1
	answer "unexpected, not INCLUDE {10.9.0.1}: none" "open" \
		"get 239.1.1.1 eth0 include 10.9.0.1"
	assert_equal "$status" 1
	answer "unexpected, not INCLUDE {}: EXCLUDE {}" "open" "join 239.1.1.1 eth0" \
		"get 239.1.1.1 eth0 include"
	answer "unexpected, not EXCLUDE {10.9.0.1}: EXCLUDE {10.9.0.2}" "open" \
		"exclude 239.1.1.1 eth0 10.9.0.2" "get 239.1.1.1 eth0 exclude 10.9.0.1"
}

@test "get without a group reads all of a socket" {
	answer "ok none" "open" "get"
	answer "ok 239.1.1.1 eth0 EXCLUDE {10.9.0.2}" "open" \
		"exclude 239.1.1.1 eth0 10.9.0.2" "get"
	run_lines "open a inet6" "join 239.1.1.1 eth0" "open b" \
		"include a ff3e::1 eth0 fd09::1" "get a"
	assert_equal "$status" 0
	assert_output --partial "239.1.1.1 eth0 EXCLUDE {}"
	assert_output --partial "ff3e::1 eth0 INCLUDE {fd09::1}"
}

@test "more sources than a guess has room for are read" {
	in_rx sysctl -qw net.ipv4.igmp_max_msf=300
	sources=$(seq -s' ' -f '10.8.0.%g' 1 200)
	run_lines "open" "include 232.1.1.1 eth0 $sources" \
		"get 232.1.1.1 eth0 include $sources"
	assert_equal "$status" 0
	assert_equal "$(grep -o '10\.8\.0\.' <<< "$output" | wc -l)" 200
}

@test "idempotent makes the identical filter a success" {
	run_lines "open" "include 239.1.1.1 eth0 10.9.0.1" \
		"expect EADDRINUSE include 239.1.1.1 eth0 10.9.0.1" \
		"include 239.1.1.1 eth0 idempotent 10.9.0.1" \
		"get 239.1.1.1 eth0 include 10.9.0.1" \
		"include 239.1.1.2 eth0 idempotent"
	assert_equal "$status" 0
}

@test "an interface is a name, an index, an address, or 0 for the route's" {
	ip -n "$rx" route add 239.0.0.0/8 dev eth0
	index=$(in_rx cat /sys/class/net/eth0/ifindex)
	run_lines "open" "join 239.1.1.1 eth0" "leave 239.1.1.1 $index" \
		"join 239.1.1.1 10.9.0.100" "leave 239.1.1.1 0" \
		"expect ENODEV join 239.1.1.1 nope" "expect ENODEV join 239.1.1.1 999" \
		"get 239.1.1.1 eth0 none"
	assert_equal "$status" 0
}

@test "wrong groups and sources are for the library to refuse" {
	run_lines "open" "expect EINVAL join 10.9.0.1 eth0" \
		"expect EINVAL block 239.1.1.1 eth0 239.1.1.2" \
		"expect EAFNOSUPPORT join ff1e::1 eth0" \
		"expect EAFNOSUPPORT join-source 239.1.1.1 eth0 fd09::1" \
		"expect EINVAL include 239.1.1.1 eth0 10.9.0.1 10.9.0.1" \
		"expect ENOBUFS include 239.1.1.1 eth0 $(echo 10.9.0.{1..11})"
	assert_equal "$status" 0
}

@test "any-source joins in the SSM range are ok with a warning" {
	run_lines "open" "join 232.1.1.1 eth0"
	assert_equal "$status" 0
	assert_equal "$output" "ok
ok"
	[[ $stderr == *"lines:2: warning: 232.1.1.1"*RFC\ 4607* ]]
}

@test "packets of a source that is not wanted make recv fail" {
	start_batch --keep-going
	asked "open bind :5000"
	asked "join 239.1.1.1 eth0"
	sends 239.1.1.1:5000 10.9.0.{1,2}
	ask "recv 0.1 10.9.0.1"
	assert_equal "$reply" "unexpected, not packets of 10.9.0.1: 20 packets: \
10.9.0.1 10, 10.9.0.2 10"
	sends 239.1.1.1:5000 10.9.0.1
	ask "recv 0.1 10.9.0.1 10.9.0.2"
	assert_equal "$reply" "unexpected, not packets of 10.9.0.1 and 10.9.0.2: \
10 packets: 10.9.0.1 10"
	sends 239.1.1.1:5000 10.9.0.1
	ask "recv 0.1 none"
	assert_equal "$reply" "unexpected, not none: 10 packets: 10.9.0.1 10"
	ask "recv 0"
	assert_equal "$reply" "ok 0 packets"
	end_batch
	assert_equal "$status" 1
}

@test "recv counts what waits in the queue, and what comes until its time is over" {
	start_batch
	asked "open bind :5000"
	asked "join 239.1.1.1 eth0"
	sends 239.1.1.1:5000 10.9.0.1
	printf 'recv 3\n' >&8
	n_asked=$((n_asked + 1))
	sends 239.1.1.1:5000 10.9.0.2
	wait_for has_answers "$n_asked"
	assert_equal "$(tail -n 1 "$out")" "ok 20 packets: 10.9.0.1 10, 10.9.0.2 10"
}

@test "an IPv4 source is one on an IPv6 socket, too" {
	start_batch
	asked "open inet6 bind :5000"
	asked "exclude 239.1.1.1 eth0 10.9.0.1"
	sends 239.1.1.1:5000 10.9.0.{1,2}
	asked "recv 0.1 10.9.0.2"
}

@test "a full queue is told as drops" {
	start_batch --json
	asked_json "open bind :5000"
	asked_json "join 239.1.1.1 eth0"
	send 10.9.0.1 --count 5000 --rate 100000 --size 1000 239.1.1.1:5000 eth0
	ask "recv 0.1"
	jq -e '.kernel_drops > 0 and .kernel_drops + .packets >= 5000' <<< "$reply"
}

# asked_json LINE: which does not fail.
asked_json() {
	ask "$1"
	jq -e '.failed == false' <<< "$reply" > /dev/null || fail "$1: $reply"
}

@test "all on hears what another socket joined, all off does not" {
	start_batch
	asked "open a bind :5000 reuse"
	asked "open b bind :5000 reuse"
	asked "join b 239.1.1.1 eth0"
	asked "all a off"
	sends 239.1.1.1:5000 10.9.0.1
	asked "recv a 0.1 none"
	asked "all a on"
	sends 239.1.1.1:5000 10.9.0.1
	asked "recv a 0.1 10.9.0.1"
	asked "open c inet6 bind :5001 reuse"
	asked "open d inet6 bind :5001 reuse"
	asked "join d ff1e::1 eth0"
	asked "all c off"
	sends '[ff1e::1]:5001' fd09::1
	asked "recv c 0.1 none"
	asked "all c on"
	sends '[ff1e::1]:5001' fd09::1
	asked "recv c 0.1 fd09::1"
}

@test "two sockets have a filter each" {
	start_batch
	asked "open a bind :5000 reuse"
	asked "open b bind :5000 reuse"
	asked "exclude a 239.1.1.1 eth0 10.9.0.1"
	asked "include b 239.1.1.1 eth0 10.9.0.1"
	sends 239.1.1.1:5000 10.9.0.{1,2}
	asked "recv a 0.1 10.9.0.2"
	asked "recv b 0.1 10.9.0.1"
	asked "close a"
	asked "get 239.1.1.1 eth0 include 10.9.0.1"
}

@test "sockets of every kind are opened, and those without filters refused" {
	in_rx sysctl -qw net.ipv4.ping_group_range="0 0"
	run_lines "open r raw 2" "join-source r 232.1.1.1 eth0 10.9.0.1" \
		"open s inet6 raw 58" "join s ff1e::1 eth0" \
		"open p ping" "join p 239.1.1.1 eth0" \
		"open t tcp" "expect EOPNOTSUPP join t 239.1.1.1 eth0" \
		"open v inet6 v6only" "expect EAFNOSUPPORT join v 239.1.1.1 eth0" \
		"open w inet6" "join w 239.1.1.1 eth0"
	assert_equal "$status" 0
}

@test "a socket is bound to a group, an address or a port alone" {
	start_batch
	asked "open a bind 239.1.1.1:5000"
	asked "open b bind 10.9.0.100:5000"
	asked "open c bind [ff1e::1]:5000"
	asked "open d bind 239.1.1.2"
	asked "open e inet6 bind :5001"
	ask "expect EADDRINUSE open f bind 10.9.0.100:5000"
	assert_equal "$reply" "ok, expected: EADDRINUSE: bind: Address already in use: \
another socket has the port; reuse, on both, shares it"
	asked "expect EADDRNOTAVAIL open f bind 10.9.7.7:5000"
	asked "join a 239.1.1.1 eth0"
	sends 239.1.1.1:5000 10.9.0.1
	asked "recv a 0.1 10.9.0.1"
	asked "recv b 0 none"
}

@test "a socket that is not open has no filter" {
	run_lines "expect EBADF join 239.1.1.1 eth0" "open a" \
		"expect EBADF close b" "expect EEXIST open a" "open b" \
		"expect EBADF join 239.1.1.1 eth0" "join b 239.1.1.1 eth0" "close b" \
		"expect EBADF get b 239.1.1.1 eth0" "get 239.1.1.1 eth0 none"
	assert_equal "$status" 0
	assert_output --partial "2 sockets are open: name one of them"
	assert_output --partial "no socket b is open: open b opens it"
}

@test "no descriptor left is an answer" {
	printf 'open s%s\n' {1..20} > "$BATS_TEST_TMPDIR/many"
	run --separate-stderr ip netns exec "$rx" bash -c \
		"ulimit -n 15; exec msfctl batch -k '$BATS_TEST_TMPDIR/many'"
	assert_equal "$status" 1
	assert_equal "${lines[0]}" ok
	assert_equal "${lines[19]}" \
		"EMFILE: Too many open files: close one, or raise the limit (ulimit -n)"
}

@test "raw sockets without the capability say what is missing" {
	run --separate-stderr ip netns exec "$rx" setpriv --bounding-set -net_raw \
		--inh-caps -net_raw msfctl batch - <<< "open raw 2"
	assert_equal "$status" 1
	assert_output --partial "EPERM: Operation not permitted: raw sockets need CAP_NET"
}
