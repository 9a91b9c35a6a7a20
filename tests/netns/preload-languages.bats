#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# Python and Node.js with their own modules, through the preload shim on a system that
# offers no more than any-source joins: as preload-programs.bats.

load receivers/receivers

setup_file() {
	receivers_setup
}

teardown_file() {
	net_teardown
}

py=("$receivers/receive.py")

@test "Python gets what its filter admits, by the options of both families" {
	for system in "${systems[@]}"; do
		run on "$system" "${py[@]}" 232.1.1.1 5000 10.9.0.100 join:10.9.0.1
		assert_success
		assert_equal "$(tally p)" "20 1"
		run on "$system" "${py[@]}" --how poll 232.1.1.1 5000 10.9.0.100 join \
			block:10.9.0.1 block:10.9.0.2 drain
		assert_success
		assert_equal "$(tally p)" "20 3"
		run on "$system" "${py[@]}" --how epoll --by mcast 232.1.1.1 5000 eth0 \
			join exclude:10.9.0.1,10.9.0.3 drain
		assert_success
		assert_equal "$(tally p)" "20 2"
		run on "$system" "${py[@]}" --how recvmsg ff3e::1 5000 eth0 \
			join:fd09::1 join:fd09::2 leave:fd09::1 drain
		assert_success
		assert_equal "$(tally p)" "20 2"
	done
	needs_shim "${py[@]}" --count 0 232.1.1.1 5000 10.9.0.100 join:10.9.0.1
	needs_shim "${py[@]}" --count 0 ff3e::1 5000 eth0 join:fd09::1
}

@test "Python fails as on a kernel with source filters" {
	same "${py[@]}" --count 0 232.1.1.1 5000 10.9.0.100 join:10.9.0.1 join:10.9.0.1 \
		join block:10.9.0.2 leave:10.9.0.2 leave leave:10.9.0.1 leave get
	assert_line 'join:10.9.0.1: EADDRNOTAVAIL'
	assert_line 'block:10.9.0.2: EINVAL'
	same "${py[@]}" --count 0 --by mcast 232.1.1.1 5000 eth0 join join \
		block:10.9.0.1 block:10.9.0.1 unblock:10.9.0.2 include: include: \
		exclude:10.9.0.1 get
	assert_line 'block:10.9.0.1: EADDRNOTAVAIL'
	same "${py[@]}" --count 0 ff3e::1 5000 eth0 block:fd09::1 leave:fd09::1 leave \
		join:fd09::1 join:fd09::1 join:10.9.0.1 get nobody join:fd09::1
	assert_line 'join:10.9.0.1: EADDRNOTAVAIL'
	assert_line 'join:fd09::1: EBADF'
	same "${py[@]}" --count 0 232.1.1.1 5000 10.9.0.77 join:10.9.0.1 join \
		block:10.9.0.1
	assert_line 'join:10.9.0.1: ENODEV'
	same "${py[@]}" --count 0 10.1.1.1 5000 10.9.0.100 join:10.9.0.1 join leave
	assert_line 'join:10.9.0.1: EINVAL'
}

@test "Node.js gets the sources it adds" {
	for system in "${systems[@]}"; do
		run on "$system" nodejs "$receivers/receive.js" 20 232.1.1.1 5000 \
			10.9.0.100 add:10.9.0.77 add:10.9.0.3 drop:10.9.0.77
		assert_success
		assert_equal "$(tally p)" "20 10.9.0.3"
		run on "$system" nodejs "$receivers/receive.js" 20 ff3e::1 5000 ::%eth0 \
			add:fd09::2
		assert_success
		assert_equal "$(tally p)" "20 fd09::2"
	done
	needs_shim nodejs "$receivers/receive.js" 0 232.1.1.1 5000 10.9.0.100 add:10.9.0.1
}

@test "Node.js fails as on a kernel with source filters" {
	same nodejs "$receivers/receive.js" 0 232.1.1.1 5000 10.9.0.100 add:10.9.0.1 \
		add:10.9.0.1 drop:10.9.0.2 add drop:10.9.0.1 drop:10.9.0.1 drop
	assert_failure 1
	assert_line 'add:10.9.0.1: addSourceSpecificMembership EADDRNOTAVAIL'
	same nodejs "$receivers/receive.js" 0 232.1.1.1 5000 10.9.0.77 add:10.9.0.1
	assert_line 'add:10.9.0.1: addSourceSpecificMembership ENODEV'
	same nodejs "$receivers/receive.js" 0 10.1.1.1 5000 10.9.0.100 add:10.9.0.1
	same nodejs "$receivers/receive.js" 0 ff3e::1 5000 ::%eth0 add:fd09::1 \
		add:fd09::1 drop:fd09::2 add
	assert_line 'drop:fd09::2: dropSourceSpecificMembership EADDRNOTAVAIL'
}
