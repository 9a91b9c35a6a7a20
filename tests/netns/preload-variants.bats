#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# The preload shim on every kind of system without source filters: whatever errno it
# has for them, also where MCAST_JOIN_GROUP is missing, where socket filters cannot be
# read back, and where all is answered with 0 and nothing done, socket filters included,
# so that the receive calls filter. The programs are others'.

load receivers/receivers

setup_file() {
	receivers_setup
}

teardown_file() {
	net_teardown
}

# All that has no socket filters.
without_bpf=("--no-bpf 0" "--no-bpf=ENOPROTOOPT ENOPROTOOPT")
all=(EOPNOTSUPP "--no-joins ENOPROTOOPT" "--blind ENOPROTOOPT" 0 "${without_bpf[@]}")

@test "mcfirst and its select(), on all of them" {
	for system in "${all[@]}"; do
		run on "$system" mcfirst -4 -I eth0 -c 20 10.9.0.2 232.1.1.1 5000
		assert_success
		assert_equal "$system $(tally "$mcfirst_sources")" "$system 20 10.9.0.2"
		run on "$system" mcfirst -6 -I eth0 -c 20 fd09::2 ff3e::1 5000
		assert_success
		assert_equal "$system $(tally "$mcfirst_sources")" "$system 20 fd09::2"
	done
}

@test "Python changes its filters on all of them" {
	for system in "${all[@]}"; do
		run on "$system" "$receivers/receive.py" 232.1.1.1 5000 10.9.0.100 \
			join:10.9.0.1 join exclude:10.9.0.1,10.9.0.2 unblock:10.9.0.2 \
			block:10.9.0.3 drain
		assert_failure 1
		assert_line 'join: EADDRINUSE'
		assert_equal "$system $(tally '/^join/!p')" "$system 20 2"
	done
}

@test "where the receive calls filter, each way to wait and to receive" {
	for how in recvfrom recvfrom_into recvmsg recv read timeout nonblocking select \
		poll epoll selectors asyncio threads fork; do
		run on "--no-bpf 0" "$receivers/receive.py" --how "$how" 232.1.1.1 5000 \
			10.9.0.100 join:10.9.0.1
		assert_success
		assert_equal "$how $(tally p)" "$how 20 1"
	done
}

@test "where the receive calls filter, Node.js" {
	for system in "${without_bpf[@]}"; do
		run on "$system" nodejs "$receivers/receive.js" 20 232.1.1.1 5000 \
			10.9.0.100 add:10.9.0.3
		assert_success
		assert_equal "$(tally p)" "20 10.9.0.3"
		run on "$system" nodejs "$receivers/receive.js" 20 ff3e::1 5000 ::%eth0 \
			add:fd09::2
		assert_success
		assert_equal "$(tally p)" "20 fd09::2"
	done
}

@test "where the receive calls filter, socat, multicat, iperf and ssmping" {
	local add=setsockopt-listen=0:39:xe80101010a0900640a090002

	start_ssmpingd
	send_large
	start_on "--no-bpf 0" ssmping -4 -I eth0 -c 1 10.9.0.1
	ssmping=$pid words=$out
	hear "--no-bpf 0" "20 10.9.0.2" "UDP4-RECV:5000,$add"
	hear_multicat "--no-bpf 0" 2 10.9.0.2@232.1.1.1:5002/ifaddr=10.9.0.100
	hear_iperf "--no-bpf 0" 10.9.0.1 10.9.0.2
	wait "$ssmping"
	run cat "$words"
	assert_line --regexp "^multicast from 10.9.0.1, seq=1 "
}
