#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# msfd as a program: its start and its ends, its file, and what the next one knows.

load msfd

setup() {
	net_setup
}

teardown() {
	msfd_teardown
}

# hold_in_msfd GROUP MODE SOURCE...: a socket that msfd was told of, in the background;
# $holder is its process.
hold_in_msfd() {
	n_started=$((n_started + 1))
	said=$BATS_TEST_TMPDIR/said.$n_started
	tail -f /dev/null --pid=$$ 2> /dev/null 3>&- | ip netns exec "$rx" python3 \
		"$BATS_TEST_DIRNAME/msfd-client.py" "$msfd_socket" hold eth0 "$@" \
		> "$said" 2>&1 3>&- &
	holder=$!
	pids+=("$holder")
	wait_for grep -q ready "$said"
	grep -q "0 DONE" "$said"
}

has_group() {
	row memberships "select(.group == \"$1\" and .kind == \"socket\")"
}

has_lost_group() {
	! has_group "$1"
}

# listen: what goes over the wire, in the file $wire.
listen() {
	wire=$BATS_TEST_TMPDIR/wire
	in_tx tcpdump -l --immediate-mode -ni eth0 -vv igmp or ip6 > "$wire" \
		2> "$wire.err" 3>&- &
	pids+=($!)
	wait_for grep -q "listening on" "$wire.err"
}

@test "it listens for everybody, and takes its name with it" {
	start_msfd "$rx"
	assert_equal "$(stat -c %a "$msfd_socket")" 666
	assert_equal "$(stat -c %a "$(dirname "$msfd_socket")")" 755
	stop_msfd TERM
	assert_equal "$status" 0
	[ ! -e "$msfd_socket" ]
	[ ! -e "${msfd_socket%.sock}.journal" ]
}

@test "a second one of the namespace says so and ends, and the first goes on" {
	start_msfd "$rx"
	first=$msfd
	launch_msfd "$rx"
	wait_for is_over "$msfd"
	status=0
	wait "$msfd" || status=$?
	assert_equal "$status" 1
	run cat "$msfd_log"
	assert_output --partial "another msfd listens at $msfd_socket"
	is_alive "$first"
	answers
}

@test "it leaves a name alone that another one has made in the place of its own" {
	start_msfd "$rx"
	first=$msfd
	rm "$msfd_socket"
	start_msfd "$rx"
	kill -TERM "$first"
	wait_for is_over "$first"
	answers
	stop_msfd
	[ ! -e "$msfd_socket" ]
}

@test "of many that start at once one gets the socket" {
	path=$BATS_TEST_TMPDIR/many.sock
	started=()
	for i in 1 2 3 4 5; do
		launch_msfd "$rx" --socket "$path"
		started+=("$msfd")
	done
	one_is_left() {
		local n=0 pid
		for pid in "${started[@]}"; do
			is_over "$pid" || n=$((n + 1))
		done
		[ "$n" = 1 ]
	}
	wait_for one_is_left
	wait_for answers
	[ ! -e "$path.lock" ]
}

@test "it makes the folder of its socket" {
	start_msfd "$rx" --socket "$BATS_TEST_TMPDIR/new/msfd.sock"
	assert_equal "$(stat -c %a "$BATS_TEST_TMPDIR/new")" 755
}

@test "a name that is no socket is left alone" {
	echo precious > "$BATS_TEST_TMPDIR/file.sock"
	launch_msfd "$rx" --socket "$BATS_TEST_TMPDIR/file.sock"
	wait_for is_over "$msfd"
	status=0
	wait "$msfd" || status=$?
	assert_equal "$status" 1
	assert_equal "$(cat "$BATS_TEST_TMPDIR/file.sock")" precious
	rm -f "$BATS_TEST_TMPDIR/file.sock"
}

@test "killed and started again it knows what sockets hold, though nobody tells it" {
	start_msfd "$rx"
	hold_in_msfd 232.1.1.1 include 10.9.0.1 10.9.0.2
	hold_in_msfd ff3e::1 exclude fd09::1
	listen
	kill -KILL "$msfd"
	wait_for is_over "$msfd"
	start_msfd "$rx"
	has_group 232.1.1.1
	row memberships 'select(.group == "ff3e::1") | .sources == ["fd09::1"]'
	# And of those that have ended meanwhile, nothing.
	kill -KILL "$msfd"
	kill -KILL "$holder"
	wait_for is_over "$holder"
	start_msfd "$rx"
	has_group 232.1.1.1
	wait_for has_lost_group ff3e::1
	has_group 232.1.1.1
	run ! grep -q "block" "$wire"
}

@test "without a journal it learns from programs alone" {
	start_msfd "$rx" --no-journal
	hold_in_msfd 232.1.1.1 include 10.9.0.1
	[ ! -e "${msfd_socket%.sock}.journal" ]
	row status 'select(.event == "agent") | .journal | not'
	kill -KILL "$msfd"
	start_msfd "$rx" --no-journal
	run ! has_group 232.1.1.1
}

@test "SIGTERM leaves all groups on the wire" {
	listen
	start_msfd "$rx" --suppress-kernel
	hold_in_msfd 232.1.1.1 include 10.9.0.1
	wait_for grep -q "232.1.1.1 allow" "$wire"
	stop_msfd TERM
	assert_equal "$status" 0
	wait_for grep -q "232.1.1.1 block" "$wire"
}

@test "SIGUSR1 ends it quietly, and the next one goes on" {
	listen
	start_msfd "$rx" --suppress-kernel
	hold_in_msfd 232.1.1.1 include 10.9.0.1
	wait_for grep -q "232.1.1.1 allow" "$wire"
	stop_msfd USR1
	assert_equal "$status" 0
	before=$(grep -c "232.1.1.1 allow" "$wire")
	start_msfd "$rx" --suppress-kernel
	has_group 232.1.1.1
	has_joined_again() {
		[ "$(grep -c "232.1.1.1 allow" "$wire")" -gt "$before" ]
	}
	wait_for has_joined_again
	run ! grep -q "232.1.1.1 block" "$wire"
}

@test "SIGUSR1 is quiet about static joins, too, where the kernel speaks IGMPv3" {
	printf '[join eth0]\n239.1.1.1 = any\nff15::1 = any\n' \
		> "$BATS_TEST_TMPDIR/joins.conf"
	listen
	start_msfd "$rx" --suppress-kernel --config "$BATS_TEST_TMPDIR/joins.conf"
	wait_for grep -q "239.1.1.1 to_ex" "$wire"
	wait_for grep -q "ff15::1 to_ex" "$wire"
	stop_msfd USR1
	# As long as the kernel may take to repeat a leave.
	run timeout 2 grep -m 1 "to_in" <(tail -n +1 -f "$wire" 3>&-)
	assert_output ""
}

@test "a next one that starts while the last one leaves waits for it" {
	start_msfd "$rx"
	hold_in_msfd 232.1.1.1 include 10.9.0.1
	first=$msfd
	kill -TERM "$msfd"
	start_msfd "$rx"
	wait_for is_over "$first"
	answers
	[ -S "$msfd_socket" ]
}

@test "SIGHUP takes a new file" {
	echo > "$BATS_TEST_TMPDIR/msfd.conf"
	start_msfd "$rx" --config "$BATS_TEST_TMPDIR/msfd.conf"
	cat > "$BATS_TEST_TMPDIR/msfd.conf" <<- 'END'
		[tunables]
		robustness = 4
		[limits]
		client-groups = 77
		[interface eth0]
		igmp-version = 2
		[join eth0]
		232.1.1.1 = 10.9.0.1, 10.9.0.2
	END
	kill -HUP "$msfd"
	wait_for row tunables 'select(.name == "robustness") | .value == 4'
	row limits 'select(.name == "client-groups") | .value == 77'
	row status 'select(.interface == "eth0" and .protocol == "IGMP") |
		.forced == 2 and .version == 2'
	row memberships 'select(.kind == "static") | .configured and
		.group == "232.1.1.1" and (.sources | length) == 2'
	echo > "$BATS_TEST_TMPDIR/msfd.conf"
	kill -HUP "$msfd"
	wait_for row tunables 'select(.name == "robustness") | .value == 2'
	row status 'select(.interface == "eth0" and .protocol == "IGMP") |
		.forced == 0 and .version == 3'
	[ -z "$(ask memberships)" ]
}

@test "SIGHUP with a broken file, or none, changes nothing" {
	cat > "$BATS_TEST_TMPDIR/msfd.conf" <<- 'END'
		[tunables]
		robustness = 4
		[join eth0]
		232.1.1.1 = any
	END
	start_msfd "$rx" --config "$BATS_TEST_TMPDIR/msfd.conf"
	printf '[tunables]\nrobustness = 3\nrobustnes = 5\n' \
		> "$BATS_TEST_TMPDIR/msfd.conf"
	kill -HUP "$msfd"
	wait_for grep -q reload-failed "$msfd_log"
	grep -q "msfd.conf:3: " "$msfd_log"
	row tunables 'select(.name == "robustness") | .value == 4'
	row memberships 'select(.kind == "static") | .group == "232.1.1.1"'
	rm "$BATS_TEST_TMPDIR/msfd.conf"
	kill -HUP "$msfd"
	twice() {
		[ "$(grep -c reload-failed "$msfd_log")" = 2 ]
	}
	wait_for twice
	row tunables 'select(.name == "robustness") | .value == 4'
}

@test "--check-config tells each mistake with its line, and status 1" {
	printf '[tunables]\nrobustness = 99\n[nonsense]\nx = y\n' \
		> "$BATS_TEST_TMPDIR/msfd.conf"
	run in_rx "${MSFD:-msfd}" --check-config --config "$BATS_TEST_TMPDIR/msfd.conf"
	assert_equal "$status" 1
	assert_line --partial "msfd.conf:2: "
	assert_line --partial "msfd.conf:3: "
	echo > "$BATS_TEST_TMPDIR/msfd.conf"
	run in_rx "${MSFD:-msfd}" --check-config --config "$BATS_TEST_TMPDIR/msfd.conf"
	assert_equal "$status" 0
	assert_output ""
	run in_rx "${MSFD:-msfd}" --config "$BATS_TEST_TMPDIR/none.conf"
	assert_equal "$status" 1
	run in_rx "${MSFD:-msfd}" --nonsense
	assert_equal "$status" 2
	assert_output "msfd: --nonsense: unknown option; msfd --help lists them"
}

@test "as a user of its own it may do nothing, and still does all it has to" {
	n_started=$((n_started + 1))
	msfd_log=$BATS_TEST_TMPDIR/msfd.log
	: > "$BATS_TEST_TMPDIR/empty.conf"
	chmod 755 "$BATS_TEST_TMPDIR"
	# shellcheck disable=SC2016 # for the inner shell
	ip netns exec "$rx" sh -c '
		mkdir -p /run/msfd && mount -t tmpfs -o mode=755 none /run/msfd &&
		exec "$@"' sh "${MSFD:-msfd}" --config "$BATS_TEST_TMPDIR/empty.conf" \
		--suppress-kernel --user nobody < /dev/null > "$msfd_log" 2>&1 3>&- &
	msfd=$!
	pids+=("$msfd")
	msfd_socket=/proc/$msfd/root$(socket_of "$rx")
	wait_for answers_or_ended
	run grep -E '^(Uid|CapEff|CapPrm|CapBnd)' "/proc/$msfd/status"
	assert_line --regexp "^Uid:.$(id -u nobody).$(id -u nobody).$(id -u nobody)"
	assert_line --regexp '^CapEff:.0+$'
	assert_line --regexp '^CapPrm:.0+$'
	listen
	hold_in_msfd 232.1.1.1 include 10.9.0.1
	wait_for grep -q "232.1.1.1 allow" "$wire"
	[ -s "${msfd_socket%.sock}.journal" ]
	stop_msfd TERM
	assert_equal "$status" 0
	wait_for grep -q "232.1.1.1 block" "$wire"
}

@test "an interface may go and come back under a running msfd" {
	start_msfd "$rx"
	hold_in_msfd 232.1.1.1 include 10.9.0.1
	ip -n "$rx" link del eth0
	wait_for row status 'select(.event == "agent") | .memberships == 0'
	ip -n "$rx" link add eth0 type veth peer name eth0 netns "$tx"
	up eth0
	wait_for row status \
		'select(.interface == "eth0" and .protocol == "IGMP") | .speaking'
	hold_in_msfd 232.1.1.1 include 10.9.0.1
	has_group 232.1.1.1
}

@test "a socket that is handed over is served, and stays when msfd ends" {
	msfd_log=$BATS_TEST_TMPDIR/msfd.log
	msfd_socket=$BATS_TEST_TMPDIR/passed.sock
	: > "$BATS_TEST_TMPDIR/empty.conf"
	ip netns exec "$rx" "$BATS_TEST_DIRNAME/listen-for.py" "$msfd_socket" \
		"${MSFD:-msfd}" --foreground --config "$BATS_TEST_TMPDIR/empty.conf" \
		--user root < /dev/null > "$msfd_log" 2>&1 3>&- &
	msfd=$!
	pids+=("$msfd")
	wait_for answers_or_ended
	is_alive "$msfd" || fail "msfd has ended: $(cat "$msfd_log")"
	hold_in_msfd 232.1.1.1 include 10.9.0.1
	has_group 232.1.1.1
	stop_msfd TERM
	assert_equal "$status" 0
	[ -S "$msfd_socket" ]
}
