#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# The linux table, row by row, through the preload shim on systems without source
# filters, and everything that can be wrong in a request: the answers are those of this
# kernel, which has them, but for its bugs, each of which has a name here. What asks is
# tests/kernel/preload-table.c; a line is "QUESTION <tab> ANSWER <tab> CONTRACT".

load receivers/receivers

setup_file() {
	BATS_TEST_NUMBER=0
	net_setup
	export tx rx
	# For requests that name no interface.
	ip -n "$rx" route add 224.0.0.0/4 dev eth0
	ip -n "$rx" route add unreachable 239.10.0.0/16
	ask full full
}

teardown_file() {
	net_teardown
}

# ask SYSTEM FILE
ask() {
	MSF_SEMANTICS=linux on "$1" "$PRELOAD_TABLE" eth0 "$LINUX_CONTRACT" \
		> "$BATS_FILE_TMPDIR/$2"
}

# What this kernel does otherwise: a name, and below it a pattern for "QUESTION: ITS
# ANSWER".
bugs() {
	cat <<- 'END'
		- a refused leave_source makes EXCLUDE {} INCLUDE {}
		EXCLUDE\{\}, leave_source .: EADDRNOTAVAIL, INCLUDE\{\}$
		- EXCLUDE {} that had sources once does not become INCLUDE
		EXCLUDE\{\} emptied, join_source .: EINVAL,
		- EXCLUDE {} that had sources once has another errno
		EXCLUDE\{\} emptied, leave_source .: EINVAL,
		- a source can be in a list twice
		: the same source twice: .*: 0, ..CLUDE\{22\}$
		- TCP sockets may have filters, by all options but the oldest
		: TCP: none, (join|leave)_
		- MCAST_MSFILTER asks no route for the interface when it gets
		: any interface( without a route)?: .*, get: EADDRNOTAVAIL,
		- nor when it sets, in IPv6
		^IPv6 .*: any interface: .*, set_.*: EINVAL,
		- MCAST_MSFILTER of IPv6 does not look at the family of the group
		^IPv6 .*: a group of no family: .*, set_
		- glibc guesses the level of a group of no family
		^IPv4 sourcefilter\(\): a group of no family:
	END
}

patterns() {
	bugs | grep -v '^- '
}

# deviations FILE COLUMN: lines "QUESTION: THIS KERNEL'S ANSWER <tab> OTHER ANSWER", where
# a column of the file (3: the contract) is not what this kernel answers.
deviations() {
	paste "$BATS_FILE_TMPDIR/full" "$1" | awk -F'\t' -v column="$(($2 + 3))" \
		'$1 != $4 { print "other question: " $4 }
		$column != "-" && $2 != $column { print $1 ": " $2 "\t" $column }'
}

# unnamed: those of the lines on stdin that no bug explains.
unnamed() {
	cut -f 1 | grep -vEf <(patterns)
}

# broken FILE: lines that are not as the contract says.
broken() {
	awk -F'\t' '$3 != "-" && $2 != $3' "$1"
}

# expect_answers SYSTEM: keep the contract, and are those of this kernel.
expect_answers() {
	ask "$1" other
	run broken "$BATS_FILE_TMPDIR/other"
	assert_output ''
	run unnamed < <(deviations "$BATS_FILE_TMPDIR/other" 2)
	assert_output ''
}

@test "all rows are asked, in thousands of cases" {
	local rows

	rows=$(awk -F, 'NR > 1 { print $1, $2, $3 }' "$LINUX_CONTRACT" | sort)
	for flavour in IPv4 'IPv4 on AF_INET6' IPv6; do
		asked=$(awk -F'\t' -v flavour="$flavour" '$3 != "-" &&
			index($1, flavour " MCAST_*: ") == 1 {
				split($1, part, ": ")
				print part[2]
			}' "$BATS_FILE_TMPDIR/full" | sort -u)
		assert_equal "$asked" "$rows"
	done
	[ "$(wc -l < "$BATS_FILE_TMPDIR/full")" -gt 5000 ]
}

@test "this kernel answers each row as the contract says, its bugs aside" {
	run unnamed < <(deviations "$BATS_FILE_TMPDIR/full" 3)
	assert_output ''
}

@test "the shim on a system that knows no source filters answers as this kernel" {
	expect_answers ENOPROTOOPT
}

@test "each bug by which this kernel differs is there" {
	ask ENOPROTOOPT other
	deviations "$BATS_FILE_TMPDIR/other" 2 | cut -f 1 > "$BATS_TEST_TMPDIR/lines"
	while read -r pattern; do
		grep -qE -e "$pattern" "$BATS_TEST_TMPDIR/lines" || fail "$pattern"
	done < <(patterns)
}

@test "the shim answers the same where it joins by IP_ADD_MEMBERSHIP alone" {
	expect_answers "--no-joins EOPNOTSUPP"
}

@test "the shim answers the same where socket filters cannot be read back" {
	expect_answers "--blind ENOPROTOOPT"
}

@test "the shim answers the same where all is answered with 0 and nothing done" {
	expect_answers "--no-bpf 0"
}

# Its bugs included: requests go to libc untouched.
@test "on this kernel the shim changes nothing" {
	ask kernel other
	run cmp "$BATS_FILE_TMPDIR/full" "$BATS_FILE_TMPDIR/other"
	assert_success
}
