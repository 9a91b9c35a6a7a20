# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# msfd: running the agent in the namespaces of common.bash, and asking it. A test file
# calls msfd_teardown in its teardown, which calls net_teardown.

load common

# netns_of NAME: the inode number of a namespace.
netns_of() {
	stat -L -c %i "/run/netns/$1"
}

# socket_of NAME: where the agent of a namespace listens, unless told otherwise.
socket_of() {
	echo "/run/msfd/$(netns_of "$1").sock"
}

# start_msfd NAMESPACE [ARGUMENT...]: until its socket answers. Sets $msfd, its process,
# $msfd_log, what it says, and $msfd_socket. It stays root unless told "--user NAME", and
# reads no file of the host unless told "--config FILE".
start_msfd() {
	launch_msfd "$@"
	wait_for answers_or_ended
	is_alive "$msfd" || fail "msfd has ended: $(cat "$msfd_log")"
}

# launch_msfd NAMESPACE [ARGUMENT...]: the same, without waiting.
launch_msfd() {
	local netns=$1 defaults=() i
	shift
	n_started=$((n_started + 1))
	msfd_log=$BATS_TEST_TMPDIR/msfd.$n_started.log
	msfd_socket=$(socket_of "$netns")
	for ((i = 1; i <= $#; i++)); do
		[ "${!i}" != --socket ] || { i=$((i + 1)) && msfd_socket=${!i}; }
	done
	if [[ " $* " != *" --config "* ]]; then
		: >> "$BATS_TEST_TMPDIR/empty.conf"
		defaults+=(--config "$BATS_TEST_TMPDIR/empty.conf")
	fi
	[[ " $* " == *" --user "* ]] || defaults+=(--user root)
	ip netns exec "$netns" "${MSFD:-msfd}" --foreground "${defaults[@]}" "$@" \
		< /dev/null > "$msfd_log" 2>&1 3>&- &
	msfd=$!
	pids+=("$msfd")
	msfd_sockets+=("$msfd_socket")
}

# ask SUBJECT [SOCKET]: the rows that the agent tells, as JSON; default: the last one
# started. status, memberships, groups, stats, tunables, limits.
ask() {
	timeout "$DEADLINE" python3 "$BATS_TEST_DIRNAME/msfd-client.py" \
		"${2:-$msfd_socket}" ask "$1"
}

answers() {
	ask status > /dev/null 2>&1
}

answers_or_ended() {
	answers || ! is_alive "$msfd"
}

# row SUBJECT JQ: a question to the rows. Fails when the answer of one is no, or there
# is none.
row() {
	ask "$1" | jq -es "[.[] | $2] | length > 0 and all" > /dev/null
}

# stop_msfd [SIGNAL]: and waits for its end; sets $status.
stop_msfd() {
	kill -"${1:-TERM}" "$msfd"
	wait_for is_over "$msfd"
	status=0
	wait "$msfd" || status=$?
}

# msfd_teardown: what was started, and what a killed agent leaves behind.
msfd_teardown() {
	local path

	net_teardown
	for path in "${msfd_sockets[@]}"; do
		rm -f "$path" "$path.lock" "${path%.sock}.journal"
	done
}
