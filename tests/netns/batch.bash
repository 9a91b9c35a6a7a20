# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# batch: what the tests of msfctl batch share, over msfctl's helpers.

load msfctl

# run_lines LINE...: a file of them.
run_lines() {
	local file=$BATS_TEST_TMPDIR/lines

	printf '%s\n' "$@" > "$file"
	run_msfctl batch "$file"
}

# pipe_lines LINE...: through a pipe, which is read line by line.
pipe_lines() {
	local file=$BATS_TEST_TMPDIR/lines

	printf '%s\n' "$@" > "$file"
	run --separate-stderr timeout -s KILL "$DEADLINE" \
		ip netns exec "$rx" msfctl batch "${options[@]}" - < <(cat "$file")
}

# answer WANTED LINE...: what the last line is answered, all others being ok.
answer() {
	local wanted=$1
	shift
	run_lines "$@"
	assert_equal "${lines[-1]}" "$wanted"
}

# start_batch [OPTION...]: it waits for lines on descriptor 8; its process is $pid.
start_batch() {
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 8<> "$BATS_TEST_TMPDIR/in"
	out=$BATS_TEST_TMPDIR/out
	err=$BATS_TEST_TMPDIR/err
	n_asked=0
	ip netns exec "$rx" msfctl batch "$@" - < "$BATS_TEST_TMPDIR/in" > "$out" \
		2> "$err" 3>&- 8>&- &
	pid=$!
	pids+=("$pid")
}

has_answers() {
	[ "$(wc -l < "$out")" -ge "$1" ] || ! is_alive "$pid"
}

# ask LINE: has it run; sets $reply to its answer.
ask() {
	printf '%s\n' "$1" >&8
	n_asked=$((n_asked + 1))
	wait_for has_answers "$n_asked"
	reply=$(sed -n "${n_asked}p" "$out")
}

# asked LINE: which is ok.
asked() {
	ask "$1"
	[[ $reply == ok* ]] || fail "$1: $reply $(cat "$err")"
}

# end_batch: no lines any more; sets $status.
end_batch() {
	exec 8>&-
	mjoin=$pid
	reap
}

# on_terminal [AWAIT KEYS]... : msfctl batch with a person at it. (libedit never frees
# the names of functions that are added to it: a build that looks for leaks would
# tell.)
on_terminal() {
	echo 'leak:libedit' > "$BATS_TEST_TMPDIR/leaks"
	run timeout -s KILL 60 ip netns exec "$rx" env TERM=xterm \
		ASAN_OPTIONS="${ASAN_OPTIONS:-}:fast_unwind_on_malloc=0" \
		LSAN_OPTIONS="suppressions=$BATS_TEST_TMPDIR/leaks:print_suppressions=0" \
		XDG_STATE_HOME="${state:-$BATS_TEST_TMPDIR/state}" \
		python3 "$BATS_TEST_DIRNAME/type-in.py" "$@" -- msfctl batch
}
