# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# mwatch: what the tests of mwatch share, over common.bash: it watches in $rx what
# msend sends in $tx.

load common

as=() # a command that starts another one, with other rights

# run_mwatch ARGUMENT...: as bats' run, with $output and $stderr apart.
run_mwatch() {
	run --separate-stderr timeout -s KILL "$DEADLINE" \
		ip netns exec "$rx" "${as[@]}" mwatch "$@" < /dev/null
}

# start_mwatch ARGUMENT...: in the background, until it counts. Its words are in the
# files $out and $err, its process is $mwatch, those of the last one started.
start_mwatch() {
	start_mwatch_to /dev/stdout "$@"
}

# start_mwatch_to FILE ARGUMENT...: the same with its standard output elsewhere;
# /dev/stdout is the file $out.
start_mwatch_to() {
	local to=$1
	shift
	n_started=$((n_started + 1))
	out=$BATS_TEST_TMPDIR/out.$n_started
	err=$BATS_TEST_TMPDIR/err.$n_started
	[ "$to" = /dev/stdout ] && to=$out
	ip netns exec "$rx" "${as[@]}" mwatch "$@" < /dev/null > "$to" 2> "$err" 3>&- &
	mwatch=$!
	pids+=("$mwatch")
	wait_for is_counting
}

# Rights are given up when the rings are open.
is_counting() {
	! is_alive "$mwatch" || {
		[ "$(cat "/proc/$mwatch/comm")" = mwatch ] &&
			grep -q '^NoNewPrivs:.*1' "/proc/$mwatch/status"
	}
}

# reap_mwatch: waits for its end; sets $status.
reap_mwatch() {
	wait_for is_over "$mwatch"
	status=0
	wait "$mwatch" || status=$?
}

# stop_mwatch [SIGNAL]: as a user would, and reaps it.
stop_mwatch() {
	kill -"${1:-INT}" "$mwatch"
	reap_mwatch
}

# has_seen COUNT: the intervals so far add up to so many packets, or more.
has_seen() {
	[ "$(count_packets interval "$out")" -ge "$1" ]
}

# count_packets EVENT FILE: of all flows. The last line may not be whole yet.
count_packets() {
	grep '}$' "$2" |
		jq -s "map(select(.event == \"$1\").flows[].packets) | add // 0"
}

# ask EVENT JQ: text for each object of an event that mwatch --json wrote.
ask() {
	jq -r "select(.event == \"$1\") | $2" "$out"
}

# flows TEXT: for each flow of the summary, sorted; \(.source) is what jq makes of it.
flows() {
	ask summary ".flows[] | \"$1\"" | sort
}

# verdicts: "SOURCE GROUP:PORT VERDICT" of the last interval that has flows, sorted.
verdicts() {
	grep '}$' "$out" | jq -rs 'map(.flows | select(length > 0)) | last // [] | .[] |
		"\(.source) \(.group):\(.port) \(.verdict)"' | sort
}

# has_verdicts TEXT
has_verdicts() {
	[ "$(verdicts)" = "$1" ]
}

# expect_verdicts LINE...: in time, whatever they are at first.
expect_verdicts() {
	local wanted

	wanted=$(printf '%s\n' "$@" | sort)
	wait_for has_verdicts "$wanted" || assert_equal "$(verdicts)" "$wanted"
}
