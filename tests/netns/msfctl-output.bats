#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# msfctl's standard output can be written no more: a full disk is said once, and ends
# every verb with status 1; a reader that has gone is no reason for words.

load msfctl

setup() {
	net_setup
}

teardown() {
	net_teardown
}

# assert_full ARGUMENT...: of msfctl, as text and as JSON, on a full disk.
assert_full() {
	local format

	for format in '' --json; do
		# shellcheck disable=SC2016,SC2086
		run --separate-stderr timeout -s KILL "$DEADLINE" ip netns exec "$rx" \
			sh -c 'exec msfctl "$@" < "${stdin:-/dev/null}" > /dev/full' \
			msfctl "$@" $format
		assert_equal "$1 $format: $stderr" "$1 $format: msfctl: standard output: \
No space left on device"
		assert_equal "$1 $format: $status" "$1 $format: 1"
	done
}

# assert_gone ARGUMENT...: of msfctl, whose reader takes one line.
assert_gone() {
	# shellcheck disable=SC2016
	run --separate-stderr timeout -s KILL "$DEADLINE" ip netns exec "$rx" \
		bash -c 'set -o pipefail; msfctl "$@" | head -n 1' msfctl "$@"
	# a process that even root may not look at may be said
	assert_equal "$1: $(grep -v 'could not be looked at' <<< "$stderr")" "$1: "
	assert_equal "$1: ${#lines[@]}" "$1: 1"
}

@test "a full disk: looking" {
	start_mjoin --json 239.1.1.1:5000 eth0
	assert_full show
	assert_full show --interfaces
	assert_full probe
	assert_full table
	assert_full table --kernel
	assert_full monitor -d 1 --initial
}

@test "a full disk: table --csv" {
	# shellcheck disable=SC2016
	run --separate-stderr in_rx sh -c 'exec msfctl table --csv > /dev/full'
	assert_equal "$stderr" "msfctl: standard output: No space left on device"
	assert_equal "$status" 1
}

@test "a full disk: one socket of a process" {
	start_mjoin --json 239.1.1.1:5000 eth0
	assert_full get --pid "$mjoin"
	assert_full set --dry-run --pid "$mjoin" 239.1.1.1 eth0 exclude 10.9.0.1
}

@test "a full disk: doctor" {
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	assert_full doctor -w 1 239.1.1.1:5000 eth0
}

@test "a full disk: batch" {
	export stdin=$BATS_TEST_TMPDIR/lines
	printf 'help\nhelp\n' > "$stdin"
	assert_full batch
}

@test "the reader has gone" {
	start_mjoin --json 239.1.1.1:5000 eth0
	assert_gone show
	assert_gone show --json
	assert_gone table
	assert_gone table --json
	assert_gone probe
	assert_gone probe --json
}

@test "msfctl itself: its verbs, its version, and a word that is none" {
	run -0 --separate-stderr msfctl --help
	for verb in show get set join leave join-source leave-source block unblock batch \
		table probe monitor doctor run agent; do
		assert_line --regexp "^  $verb +[a-z]"
	done
	run -0 --separate-stderr msfctl --version
	assert_output --regexp '^msfctl [0-9]+[.][0-9]+[.][0-9]+$'
	run -2 --separate-stderr msfctl
	assert_output ""
	[[ $stderr == "Usage: msfctl VERB "* ]]
	run -2 --separate-stderr msfctl nonsense
	assert_equal "$stderr" "msfctl: nonsense: no such verb; msfctl --help lists them"
}
