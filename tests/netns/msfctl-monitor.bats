#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# msfctl monitor tells every change once, with what it changed to, and nothing else; what
# it told, put together, is what is there.

load batch

setup() {
	net_setup
}

teardown() {
	exec 8>&-
	net_teardown
}

# start_watcher COMMAND...: until it watches. Its lines are in the file $seen, its words
# in $seen_err, its process is $watcher; those of start_batch stay as they are.
start_watcher() {
	# shellcheck disable=SC2154
	local before=("${out:-}" "${err:-}" "${pid:-}")

	start_in "$rx" "$@"
	seen=$out
	seen_err=$err
	watcher=$pid
	out=${before[0]} err=${before[1]} pid=${before[2]}
	wait_for test -s "$seen"
}

# start_monitor [ARGUMENT...]
start_monitor() {
	start_watcher msfctl monitor --json --initial --interval "${interval:-0.1}" "$@"
}

# stop_monitor: sets $status.
stop_monitor() {
	kill -INT "$watcher"
	mjoin=$watcher
	reap
}

# events JQ: those that it is true of, a line each.
events() {
	jq -c "select($1)" "$seen"
}

has_event() {
	[ -n "$(events "$1")" ]
}

has_events() {
	[ "$(events "$2" | wc -l)" = "$1" ]
}

# expect_event JQ: waits for it, and says what else was there.
expect_event() {
	wait_for has_event "$1" || {
		cat "$seen" "$seen_err" >&2
		false
	}
}

# about GROUP [JQ]: the events of a group in order, in short.
about() {
	jq -r "select(.group == \"$1\") | ${2:-.event}" "$seen" | tr '\n' ' ' |
		sed 's/ $//'
}

# last_of GROUP: mode and sources of its last state with one user. A machine that is busy
# tells them behind the join, as an event of their own.
last_of() {
	jq -cs "map(select(.group == \"$1\" and .users == 1)) |
		last | [.mode, .sources]" "$seen"
}

# pass_look: looks for more than the last events have been taken: a user more is seen by
# looking only, and so is one less.
pass_look() {
	n_marks=$((${n_marks:-0} + 1))
	asked "open m$n_marks inet"
	asked "open n$n_marks inet"
	asked "join m$n_marks 239.200.1.$n_marks eth0"
	expect_event ".event == \"join\" and .group == \"239.200.1.$n_marks\""
	asked "join n$n_marks 239.200.1.$n_marks eth0"
	expect_event ".group == \"239.200.1.$n_marks\" and .users == 2"
}

@test "joins and leaves of both families are told once, with the filter" {
	start_batch
	asked 'open a inet'
	asked 'open b inet6'
	start_monitor
	asked 'join a 239.1.1.1 eth0'
	asked 'join-source a 232.1.1.1 eth0 10.9.0.1'
	asked 'exclude b ff1e::1 eth0 fd09::7'
	asked 'join-source b ff3e::1 eth0 fd09::1'
	pass_look
	asked 'leave a 239.1.1.1 eth0'
	asked 'leave-source a 232.1.1.1 eth0 10.9.0.1'
	asked 'leave b ff1e::1 eth0'
	asked 'leave b ff3e::1 eth0'
	pass_look
	stop_monitor
	assert_equal "$status" 0
	local group
	for group in 239.1.1.1 232.1.1.1 ff1e::1 ff3e::1; do
		assert_equal "$(about $group 'select(.event != "sources") | .event')" \
			'join leave'
		assert_equal "$(about $group 'select(.event == "leave") |
			"\(.interface) \(.mode) \(.sources) \(.users)"')" \
			'eth0 null [] 0'
	done
	assert_equal "$(events '.group == "239.1.1.1" and .event == "join"' |
		jq -r 'keys_unsorted | join(" ")')" \
		'time event interface ifindex group mode sources users'
	assert_equal "$(last_of 239.1.1.1)" '["exclude",[]]'
	assert_equal "$(last_of 232.1.1.1)" \
		'["include",[{"address":"10.9.0.1","include":1,"exclude":0}]]'
	assert_equal "$(last_of ff1e::1)" \
		'["exclude",[{"address":"fd09::7","include":0,"exclude":1}]]'
	assert_equal "$(last_of ff3e::1)" \
		'["include",[{"address":"fd09::1","include":1,"exclude":0}]]'
	assert_equal "$(cat "$seen_err")" ''
}

@test "a second socket of a group is no join, its end no leave" {
	start_batch
	asked 'open a inet'
	asked 'open b inet'
	asked 'join a 239.1.1.1 eth0'
	start_monitor
	asked 'join b 239.1.1.1 eth0'
	expect_event '.group == "239.1.1.1" and .users == 2'
	asked 'close b'
	expect_event '.group == "239.1.1.1" and .was_users == 2'
	asked 'close a'
	expect_event '.group == "239.1.1.1" and .event == "leave"'
	stop_monitor
	assert_equal "$(about 239.1.1.1 '"\(.event) \(.users)"')" \
		'state 1 sources 2 sources 1 leave 0'
}

@test "sources that another program adds and removes are seen, with their counts" {
	start_batch
	asked 'open a inet'
	asked 'open b inet'
	asked 'join-source a 232.1.1.1 eth0 10.9.0.1'
	start_monitor
	asked 'join-source a 232.1.1.1 eth0 10.9.0.2'
	expect_event '.group == "232.1.1.1" and .added == ["10.9.0.2"] and
		.removed == [] and .mode == "include" and (.sources | length) == 2'
	asked 'leave-source a 232.1.1.1 eth0 10.9.0.1'
	expect_event '.group == "232.1.1.1" and .removed == ["10.9.0.1"]'
	asked 'join-source b 232.1.1.1 eth0 10.9.0.2'
	expect_event '.group == "232.1.1.1" and .users == 2 and
		.sources == [{ address: "10.9.0.2", include: 2, exclude: 0 }]'
	stop_monitor
	assert_equal "$(about 232.1.1.1 'select(.event != "sources") | .event')" state
}

@test "IPv6 sources, too" {
	start_batch
	asked 'open a inet6'
	asked 'join-source a ff3e::1 eth0 fd09::1'
	start_monitor
	asked 'join-source a ff3e::1 eth0 fd09::2'
	expect_event '.group == "ff3e::1" and .added == ["fd09::2"]'
	asked 'leave-source a ff3e::1 eth0 fd09::1'
	expect_event '.group == "ff3e::1" and .removed == ["fd09::1"] and
		.sources == [{ address: "fd09::2", include: 1, exclude: 0 }]'
}

@test "a change of the filter mode is seen" {
	start_batch
	asked 'open a inet'
	asked 'include a 239.1.1.1 eth0 10.9.0.1'
	start_monitor
	asked 'exclude a 239.1.1.1 eth0 10.9.0.2'
	expect_event '.group == "239.1.1.1" and .was_mode == "include" and
		.mode == "exclude"'
	expect_event '.group == "239.1.1.1" and .mode == "exclude" and
		.sources == [{ address: "10.9.0.2", include: 0, exclude: 1 }]'
	expect_event '.group == "239.1.1.1" and .removed == ["10.9.0.1"]'
	asked 'include a 239.1.1.1 eth0 10.9.0.1'
	expect_event '.group == "239.1.1.1" and .was_mode == "exclude" and
		.mode == "include"'
}

@test "interfaces that come, change and go are told, and what was joined there is left" {
	start_batch
	asked 'open a inet'
	start_monitor
	make_link late0
	expect_event '.event == "link" and .interface == "late0" and .change == "new"'
	up late0
	expect_event '.event == "link" and .interface == "late0" and .change == "up"'
	ip -n "$rx" address add 10.7.0.100/24 dev late0
	expect_event '.event == "address" and .interface == "late0" and
		.change == "new" and .address == "10.7.0.100"'
	asked 'join a 239.1.1.1 late0'
	expect_event '.event == "join" and .group == "239.1.1.1"'
	ip -n "$tx" link set late0 down
	expect_event '.event == "link" and .interface == "late0" and
		.change == "no-carrier" and .up and (.carrier | not)'
	ip -n "$tx" link set late0 up
	expect_event '.interface == "late0" and .change == "carrier"'
	ip -n "$rx" address del 10.7.0.100/24 dev late0
	expect_event '.event == "address" and .change == "gone"'
	ip -n "$rx" link set late0 down
	expect_event '.interface == "late0" and .change == "down"'
	ip -n "$rx" link set late0 name later0
	expect_event '.interface == "later0" and .change == "renamed" and
		.was == "late0"'
	ip -n "$rx" link del later0
	expect_event '.interface == "later0" and .change == "gone"'
	stop_monitor
	assert_equal "$(about 239.1.1.1 \
		'select(.event != "sources") | "\(.event) \(.interface)"')" \
		'join late0 leave later0'
	assert_equal "$(jq -r 'select(.interface | startswith("late")) |
		select(.event == "leave" or .change == "gone") | .event' "$seen" |
		uniq | tail -n 2 | tr '\n' ' ')" 'leave link '
}

# The kernel tells of a carrier a little later.
has_carrier() {
	[ "$(in_rx cat /sys/class/net/eth0/operstate)" = up ]
}

@test "what only repeats is no event" {
	wait_for has_carrier
	start_batch
	start_monitor
	ip -n "$rx" link set eth0 txqueuelen 500
	ip -n "$rx" address change fd09::100/64 dev eth0 preferred_lft 1000 \
		valid_lft 2000
	ip -n "$rx" address change 10.9.0.100/24 dev eth0 preferred_lft 1000 \
		valid_lft 2000
	pass_look
	stop_monitor
	assert_equal "$(events '.event == "link" or .address == "fd09::100" or
		.address == "10.9.0.100"')" ''
}

@test "a version that is forced is told" {
	start_monitor
	in_rx sysctl -qw net.ipv4.conf.eth0.force_igmp_version=2
	expect_event '.event == "version" and .interface == "eth0" and
		.protocol == "igmp" and .version == 2 and .was == 3 and .forced == 2'
	in_rx sysctl -qw net.ipv4.conf.eth0.force_igmp_version=0
	expect_event '.event == "version" and .version == 3 and .was == 2 and
		.forced == null'
	in_rx sysctl -qw net.ipv6.conf.eth0.force_mld_version=1
	expect_event '.event == "version" and .protocol == "mld" and .forced == 1'
	stop_monitor
	has_events 3 '.event == "version"'
}

# make_bridge: a querier at the other end of eth0.
make_bridge() {
	ip -n "$tx" link add br0 type bridge mcast_snooping 1 mcast_igmp_version 3 \
		mcast_mld_version 2 mcast_query_use_ifaddr 1 \
		mcast_startup_query_interval 100 mcast_query_interval 100 \
		mcast_querier 1
	ip -n "$tx" address add 10.9.0.200/24 dev br0
	in_tx sysctl -qw net.ipv6.conf.br0.accept_dad=0
	ip -n "$tx" link set eth0 master br0
	ip -n "$tx" link set br0 up
}

@test "a querier is heard, and what its version does to the host" {
	start_monitor
	make_bridge
	expect_event '.event == "querier" and .interface == "eth0" and
		.change == "heard" and .protocol == "igmp" and .version == 3 and
		.address == "10.9.0.200" and .query_interval_s == 1 and
		(.own | not)'
	expect_event '.event == "querier" and .change == "heard" and
		.protocol == "mld" and .version == 2 and
		(.address | startswith("fe80:"))'
	assert_equal "$(events '.event == "querier" and .protocol == "igmp"' |
		jq -r .mac)" "$(in_tx cat /sys/class/net/br0/address)"
	ip -n "$tx" link set br0 type bridge mcast_igmp_version 2
	expect_event '.event == "querier" and .change == "changed" and .version == 2'
	expect_event '.event == "version" and .interface == "eth0" and .version == 2 and
		.was == 3 and .forced == null'
	stop_monitor
	assert_equal "$status" 0
}

@test "a querier that falls silent is told after its time" {
	start_monitor
	make_bridge
	expect_event '.event == "querier" and .protocol == "igmp"'
	ip -n "$tx" link set br0 down
	# 2 x 1 s and half of the response time (RFC 3376 8.5)
	expect_event '.event == "querier" and .protocol == "igmp" and
		.change == "silent" and .address == "10.9.0.200"'
}

@test "with interfaces named nothing of others is told" {
	start_batch
	asked 'open a inet'
	make_link late0
	up late0
	start_monitor eth0
	asked 'join a 239.1.1.1 late0'
	asked 'join a 239.1.1.2 eth0'
	ip -n "$rx" link del late0
	pass_look
	has_event '.group == "239.1.1.2"'
	assert_equal "$(events '.interface != "eth0"')" ''
}

@test "an interface that is not there is status 1 with the cure" {
	run_msfctl monitor eth0 nope0
	assert_equal "$status" 1
	assert_output ''
	assert_equal "$stderr" 'msfctl: nope0: no such interface; ip link lists them'
}

@test "wrong words are status 2" {
	for words in '--interval 0' '--interval x' '--count 0' '--count -1' \
		'--duration 0' '--nonsense'; do
		# shellcheck disable=SC2086
		run_msfctl monitor $words
		assert_equal "$words: $status" "$words: 2"
		[[ $stderr == msfctl:\ ${words%% *}:* ]]
	done
}

@test "--count ends it, and what is there at first does not count" {
	start_batch
	asked 'open a inet'
	start_monitor --count 2
	asked 'join a 239.1.1.1 eth0'
	asked 'join a 239.1.1.2 eth0'
	asked 'join a 239.1.1.3 eth0'
	mjoin=$watcher
	reap
	assert_equal "$status" 0
	has_events 2 '.event != "state"'
}

@test "--duration ends it: status 0, or 3 when a count was awaited" {
	run_msfctl monitor --duration 0.2 eth0
	assert_equal "$status" 0
	run_msfctl monitor --duration 0.2 --count 100000 eth0
	assert_equal "$status" 3
	[[ $stderr =~ ^"msfctl: --count: "[0-9]+" of 100000 events in 0.2 s"$ ]]
}

@test "SIGINT and SIGTERM end it with status 0, and nothing is kept back" {
	start_batch
	asked 'open a inet'
	for signal in INT TERM; do
		interval=1000 start_monitor
		kill -STOP "$watcher"
		asked 'join a 239.1.1.1 eth0'
		kill -"$signal" "$watcher"
		kill -CONT "$watcher"
		mjoin=$watcher
		reap
		assert_equal "$status" 0
		has_event '.event == "join" and .group == "239.1.1.1"'
		asked 'leave a 239.1.1.1 eth0'
	done
}

@test "a reader that is slower than the end gets every line" {
	start_batch
	in_rx sysctl -qw net.ipv4.igmp_max_memberships=5000
	asked 'open b inet'
	for i in {1..1000}; do
		echo "join b 239.7.$((i / 250)).$((i % 250 + 1)) eth0"
	done >&8
	n_asked=$((n_asked + 1000))
	wait_for has_answers "$n_asked"
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	ip netns exec "$rx" msfctl monitor --json --initial --duration 0.05 \
		> "$BATS_TEST_TMPDIR/pipe" 2> "$BATS_TEST_TMPDIR/pipe.err" 3>&- &
	mjoin=$!
	pids+=("$mjoin")
	{
		read -r first
		read -r -t 0.2 <> <(:) || true
		echo "$first"
		cat
	} < "$BATS_TEST_TMPDIR/pipe" > "$BATS_TEST_TMPDIR/lines"
	reap
	assert_equal "$status" 0
	assert_equal "$(jq -c 'select(.group | startswith("239.7."))' \
		"$BATS_TEST_TMPDIR/lines" | wc -l)" 1000
}

@test "a reader that goes ends it, at once" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	ip netns exec "$rx" msfctl monitor --initial --interval 1000 \
		> "$BATS_TEST_TMPDIR/pipe" 2> "$BATS_TEST_TMPDIR/pipe.err" 3>&- &
	mjoin=$!
	pids+=("$mjoin")
	head -n 1 "$BATS_TEST_TMPDIR/pipe" > /dev/null
	reap
	assert_equal "$status" 0
	assert_equal "$(cat "$BATS_TEST_TMPDIR/pipe.err")" ''
}

@test "without CAP_NET_RAW all but queriers is told, and that is said once" {
	start_batch
	asked 'open a inet'
	start_watcher setpriv --bounding-set=-all --inh-caps=-all \
		msfctl monitor --json --initial --interval 0.1
	asked 'join-source a 232.1.1.1 eth0 10.9.0.1'
	expect_event '.event == "join" and .group == "232.1.1.1" and .users == 1 or
		.group == "232.1.1.1" and .users == 1'
	asked 'join-source a 232.1.1.1 eth0 10.9.0.2'
	asked 'leave a 232.1.1.1 eth0'
	expect_event '.event == "leave" and .group == "232.1.1.1"'
	stop_monitor
	assert_equal "$status" 0
	assert_equal "$(cat "$seen_err")" "msfctl: queriers: warning: not shown: $(
		echo 'Operation not permitted; CAP_NET_RAW lets see them')"
}

@test "lines for people" {
	start_batch
	asked 'open a inet'
	asked 'open b inet'
	start_watcher msfctl monitor --initial --interval 0.1 eth0
	asked 'join a 239.1.1.1 eth0'
	wait_for grep -qE '^[0-9:]{8}\.[0-9]{6} eth0 join 239\.1\.1\.1' "$seen"
	wait_for grep -qE ' eth0 (join|sources) 239\.1\.1\.1 any source' "$seen"
	asked 'exclude b 239.1.1.1 eth0 10.9.0.2'
	wait_for grep -qE \
		'eth0 sources 239\.1\.1\.1 .*2 users; was exclude, 1 user' "$seen"
	asked 'close a'
	asked 'close b'
	wait_for grep -qE ' eth0 leave 239\.1\.1\.1$' "$seen"
	ip -n "$rx" link set eth0 down
	wait_for grep -qE ' eth0 link down$' "$seen"
}

@test "a hostile interface name obeys no terminal and breaks no JSON" {
	local name=$'a\e[7m"\377'

	start_watcher msfctl monitor --interval 0.1 --initial
	text=$seen
	start_monitor
	ip -n "$rx" link add "$name" type veth peer name late1
	expect_event '.event == "link" and (.interface | startswith("a\u001b[7m\""))'
	wait_for grep -qF 'link new' "$text"
	run grep -q $'[\e\377]' "$text"
	assert_equal "$status" 1
}

# rebuild: what the lines put together say is there.
rebuild() {
	jq -nc 'reduce inputs as $e ({};
		"\($e.interface) \($e.group)" as $key |
		if $e.event == "leave" then del(.[$key])
		elif $e.group then .[$key] = ($e | { mode, sources, users })
		else . end) | to_entries | sort_by(.key) | .[]' "$seen"
}

# look_now: what is there, by a look of its own.
look_now() {
	in_rx msfctl monitor --json --initial --duration 0.01 |
		jq -c 'select(.event == "state")' |
		jq -nc '[inputs | { key: "\(.interface) \(.group)",
			value: { mode, sources, users } }] | sort_by(.key) | .[]'
}

is_rebuilt() {
	diff <(rebuild) <(look_now) > "$BATS_TEST_TMPDIR/difference"
}

expect_rebuilt() {
	wait_for is_rebuilt || {
		cat "$BATS_TEST_TMPDIR/difference" "$seen_err" >&2
		false
	}
}

# check_turns: joins and leaves of a group are told in turns.
check_turns() {
	jq -rs 'group_by([.interface, .group])[] | select(.[0].group) |
		map(select(.event != "sources") | .event) | join(" ")' "$seen" |
		grep -qE '(join|state) (join|state)|leave leave|^leave' || return 0
	cat "$seen" >&2
	false
}

# walk N: random lines for msfctl batch, three sockets and five groups.
walk() {
	local i socket group source
	local groups=(239.1.1.1 232.1.1.1 239.1.1.2 ff1e::1 ff3e::1)

	RANDOM=20260101
	printf 'open s%d inet6\n' 0 1 2
	for ((i = 0; i < $1; i++)); do
		socket=s$((RANDOM % 3))
		group=${groups[RANDOM % 5]}
		source=10.9.0.$((1 + RANDOM % 3))
		[[ $group != ff* ]] || source=fd09::$((1 + RANDOM % 3))
		case $((RANDOM % 11)) in
		0) echo "join $socket $group eth0" ;;
		[1-4]) echo "leave $socket $group eth0" ;;
		5) echo "join-source $socket $group eth0 $source" ;;
		6) echo "leave-source $socket $group eth0 $source" ;;
		7) echo "include $socket $group eth0 $source" ;;
		8) echo "exclude $socket $group eth0 $source" ;;
		*) echo "sleep 0.0$((RANDOM % 4))" ;;
		esac
	done
}

@test "a random walk: what was told, put together, is what is there" {
	start_batch --keep-going
	start_monitor
	walk 600 >&8
	echo 'echo all done' >&8
	wait_for grep -q '^all done' "$out"
	expect_rebuilt
	stop_monitor
	check_turns
	[ "$(events '.event == "join"' | wc -l)" -gt 20 ]
	[ "$(events '.event == "sources"' | wc -l)" -gt 3 ]
	# Most joins are told with their filter, on any machine some of them.
	has_event '.event == "join" and .mode == "include" and .users == 1'
}

@test "what a look and a notification both tell is told once" {
	local i

	start_batch
	in_rx sysctl -qw net.ipv4.igmp_max_memberships=5000
	asked 'open a inet'
	asked 'open b inet'
	# Looks that take long, so that joins come while one is taken.
	for i in {1..1000}; do
		echo "join b 239.7.$((i / 250)).$((i % 250 + 1)) eth0"
	done >&8
	n_asked=$((n_asked + 1000))
	wait_for has_answers "$n_asked"
	interval=0.01 start_monitor
	for i in {1..400}; do
		echo 'join a 239.1.1.1 eth0'
		echo 'sleep 0.001'
		echo 'leave a 239.1.1.1 eth0'
		echo 'sleep 0.001'
	done >&8
	echo 'echo all done' >&8
	wait_for grep -q '^all done' "$out"
	expect_rebuilt
	stop_monitor
	check_turns
	has_events 400 '.event == "join" and .group == "239.1.1.1"'
	has_events 400 '.event == "leave" and .group == "239.1.1.1"'
}

@test "after an overrun nothing is lost" {
	start_batch
	in_rx sysctl -qw net.ipv4.igmp_max_memberships=5000
	asked 'open a inet'
	asked 'open b inet'
	asked 'join a 239.1.1.1 eth0'
	make_link late0
	start_monitor
	kill -STOP "$watcher"
	asked 'leave a 239.1.1.1 eth0'
	for i in {1..2000}; do
		echo "join b 239.7.$((i / 250)).$((i % 250 + 1)) eth0"
	done >&8
	n_asked=$((n_asked + 2000))
	wait_for has_answers "$n_asked"
	ip -n "$rx" link del late0
	ip -n "$rx" address add 10.7.0.100/24 dev eth0
	kill -CONT "$watcher"
	expect_event '.event == "overrun"'
	expect_rebuilt
	expect_event '.interface == "late0" and .change == "gone"'
	expect_event '.address == "10.7.0.100"'
	stop_monitor
	check_turns
	has_events 2000 '.event == "join" and (.group | startswith("239.7."))'
	assert_equal "$(about 239.1.1.1)" 'state leave'
}

@test "it sleeps while nothing happens" {
	interval=1000 start_monitor
	run_msfctl monitor --duration 0.5
	# clock ticks of user and system mode; a busy loop takes all of them
	ticks=$(sed 's/.*) //' "/proc/$watcher/stat" | awk '{ print $12 + $13 }')
	[ "$ticks" -lt 25 ]
}
