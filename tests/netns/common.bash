# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# common: two network namespaces with a veth pair between them, and waiting with a
# deadline. $tx sends from 10.9.0.1 to 10.9.0.12 and fd09::1 to fd09::c, $rx receives.
# What is started here is stopped, and what is made here removed, by net_teardown.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

DEADLINE=15 # seconds that anything may take

# wait_for COMMAND...: until it succeeds.
wait_for() {
	local deadline=$((SECONDS + DEADLINE))

	until "$@"; do
		if [ "$SECONDS" -ge "$deadline" ]; then
			echo "waited in vain for: $*" >&2
			return 1
		fi
		read -r -t 0.02 <> <(:) || true
	done
}

in_tx() {
	ip netns exec "$tx" "$@"
}

in_rx() {
	ip netns exec "$rx" "$@"
}

# make_link NAME: a veth pair with this name at both ends.
make_link() {
	ip -n "$tx" link add "$1" type veth peer name "$1" netns "$rx"
}

# up NAME: both ends, without waiting for duplicate address detection.
up() {
	in_tx sysctl -qw "net.ipv6.conf.$1.accept_dad=0"
	in_rx sysctl -qw "net.ipv6.conf.$1.accept_dad=0"
	ip -n "$tx" link set "$1" up
	ip -n "$rx" link set "$1" up
}

# A process for each namespace, not for each address: hundreds of tests do this.
net_setup() {
	local i

	tx=mj$$-$BATS_TEST_NUMBER-tx
	rx=mj$$-$BATS_TEST_NUMBER-rx
	pids=()
	n_started=0
	printf 'netns add %s\n' "$tx" "$rx" | ip -batch -
	{
		echo "link set lo up"
		echo "link add eth0 type veth peer name eth0 netns $rx"
		for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
			echo "address add 10.9.0.$i/24 dev eth0"
			printf 'address add fd09::%x/64 dev eth0 nodad\n' "$i"
		done
	} | ip -n "$tx" -batch -
	ip -n "$rx" -batch - <<- 'END'
		link set lo up
		address add 10.9.0.100/24 dev eth0
		address add fd09::100/64 dev eth0 nodad
	END
	up eth0
}

# END_SIGNAL: TERM, where programs must end by themselves, to write what they have
# counted.
net_teardown() {
	local pid

	for pid in "${pids[@]}"; do
		kill -s "${END_SIGNAL:-KILL}" "$pid" 2> /dev/null &&
			wait "$pid" 2> /dev/null
	done
	ip netns del "$tx" 2> /dev/null
	ip netns del "$rx" 2> /dev/null
	true
}

# memberships: the groups of the receiving host, of both families. (mcfilter does not
# do: it skips an interface whose last joined group has no sources.) Those that
# the host joins by itself, when addresses become usable, are left out.
memberships() {
	in_rx awk 'NF == 4 { print $1, $2 }' /proc/net/igmp
	in_rx awk '$3 !~ /^ff0[12]/ { print $2, $3, $4 }' /proc/net/igmp6
}

# run_mjoin [OPTION...]: as bats' run, with $output and $stderr apart.
run_mjoin() {
	run --separate-stderr timeout -s KILL "$DEADLINE" \
		ip netns exec "$rx" mjoin "$@"
}

# start_mjoin ARGUMENT...: in the background, until it has joined. Its words are in
# the files $out and $err, its process is $mjoin, those of the last one started.
start_mjoin() {
	n_started=$((n_started + 1))
	out=$BATS_TEST_TMPDIR/out.$n_started
	err=$BATS_TEST_TMPDIR/err.$n_started
	ip netns exec "$rx" mjoin "$@" < "${stdin:-/dev/null}" > "$out" 2> "$err" 3>&- &
	mjoin=$!
	pids+=("$mjoin")
	wait_for has_started
}

has_started() {
	grep -qE '^(joined|waiting)|"(joined|waiting)"' "$out" "$err" ||
		! is_alive "$mjoin"
}

# has_joined COUNT: groups.
has_joined() {
	[ "$(grep -c '"joined"' "$out")" = "$1" ]
}

is_alive() {
	kill -0 "$1" 2> /dev/null
}

is_over() {
	! is_alive "$1"
}

# reap: waits for the end of $mjoin; sets $status.
reap() {
	wait_for is_over "$mjoin"
	status=0
	wait "$mjoin" || status=$?
}

# stop_mjoin [SIGNAL]: as a user would, and reaps it.
stop_mjoin() {
	kill -"${1:-INT}" "$mjoin"
	reap
}

# send SOURCES ARGUMENT...: ten packets of each source, unless told otherwise.
send() {
	local sources=$1 defaults=()
	shift
	[[ " $* " == *" --count "* ]] || defaults+=(--count 10)
	[[ " $* " == *" --rate "* ]] || defaults+=(--rate 1000)
	in_tx timeout "$DEADLINE" msend --quiet --source "$sources" "${defaults[@]}" "$@"
}

# keep_sending ARGUMENT...: in the background, until the end of the test.
keep_sending() {
	local defaults=()
	[[ " $* " == *" --rate "* ]] || defaults+=(--rate 100)
	ip netns exec "$tx" msend --quiet "${defaults[@]}" "$@" > /dev/null 2>&1 3>&- &
	pids+=($!)
}

# each EVENT JQ: text for each line of an event that mjoin --json wrote.
each() {
	jq -r "select(.event == \"$1\") | $2" "$out"
}

# summary JQ: a question to the summary lines; fails when the answer is no.
summary() {
	jq -ec "select(.event == \"summary\") | $1" "$out"
}

has_packets() {
	jq -e 'select(.event == "first")' "$out" > /dev/null
}
