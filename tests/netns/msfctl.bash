# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# msfctl: what the tests of msfctl share, over common's two network namespaces. The
# whole host is seen by msfctl, other tests too: rows are looked for by process.

load common

# run_msfctl [ARGUMENT...]: in the receiving namespace, as bats' run, with $output and
# $stderr apart.
run_msfctl() {
	run --separate-stderr timeout -s KILL "$DEADLINE" \
		ip netns exec "$rx" msfctl "$@"
}

# start_in NAMESPACE COMMAND...: in the background. Its words are in the files $out and
# $err, its process is $pid, those of the last one started.
start_in() {
	local netns=$1
	shift
	n_started=$((n_started + 1))
	out=$BATS_TEST_TMPDIR/out.$n_started
	err=$BATS_TEST_TMPDIR/err.$n_started
	ip netns exec "$netns" "$@" < /dev/null > "$out" 2> "$err" 3>&- &
	pid=$!
	pids+=("$pid")
}

# count_ready: how many processes of hold.py are ready.
count_ready() {
	grep -c '^ready$' "$out"
}

has_ready() {
	[ "$(count_ready)" -ge "$1" ] || ! is_alive "$pid"
}

# hold_in NAMESPACE WORD...: hold.py, until it holds; sets $pid.
hold_in() {
	local netns=$1
	shift
	start_in "$netns" python3 "$BATS_TEST_DIRNAME/hold.py" "$@"
	wait_for has_ready 1
	is_alive "$pid" || fail "hold.py: $(cat "$err")"
}

# hold WORD...: in the receiving namespace.
hold() {
	hold_in "$rx" "$@"
}

# told WORD: the numbers behind it that hold.py told, one a line.
told() {
	sed -n "s/^$1 //p" "$out"
}

# netns_of NAME: the inode number of a namespace.
netns_of() {
	stat -L -c %i "/run/netns/$1"
}

# objects_of PID: the memberships that a process holds, of the JSON lines in $output,
# by group.
objects_of() {
	jq -c --argjson pid "$1" 'select(.holders != null) |
		select(any(.holders[]; .pid == $pid))' <<< "$output" |
		jq -cs 'sort_by(.group, .ifindex, .socket) | .[]'
}

# facts_of PID: interface, group, port, mode and sources of them, a line each.
facts_of() {
	objects_of "$1" | jq -r '[.interface // "-", .group, (.port // "-"), .mode,
		(.sources | join(","))] | join(" ") | rtrimstr(" ")'
}

# show_facts PID: looks now.
show_facts() {
	output=$(in_rx msfctl show --json --pid "$1") && facts_of "$1"
}

# has_facts PID LINES: is that what it holds now?
has_facts() {
	[ "$(show_facts "$1" 2> "$BATS_TEST_TMPDIR/show.err")" = "$2" ]
}

# expect_facts PID LINES: waits for them, and says what else was there.
expect_facts() {
	wait_for has_facts "$@" || {
		cat "$BATS_TEST_TMPDIR/show.err" >&2
		assert_equal "$(show_facts "$1")" "$2"
	}
}
