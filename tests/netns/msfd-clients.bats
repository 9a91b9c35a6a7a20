#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# msfd and its clients: what they may say, what they may have, and what they may not do
# to it. The client speaks byte by byte, see msfd-client.py.

load msfd

setup() {
	net_setup
	start_msfd "$rx"
}

teardown() {
	msfd_teardown
}

# client COMMAND ARGUMENT...: in the receiving namespace; its words are in $output.
client() {
	run timeout "$DEADLINE" ip netns exec "$rx" python3 \
		"$BATS_TEST_DIRNAME/msfd-client.py" "$msfd_socket" "$@" < /dev/null
}

# client_of USER COMMAND ARGUMENT...: the same of another user.
client_of() {
	MSFD_CLIENT_UID=$1 client "${@:2}"
}

# start_client COMMAND ARGUMENT...: in the background, until stop_client; $client is its
# process, $said the file with its words.
start_client() {
	n_started=$((n_started + 1))
	said=$BATS_TEST_TMPDIR/said.$n_started
	mkfifo "$said.in"
	ip netns exec "$rx" python3 "$BATS_TEST_DIRNAME/msfd-client.py" "$msfd_socket" \
		"$@" < "$said.in" > "$said" 2>&1 3>&- &
	client=$!
	pids+=("$client")
	exec {client_input}> "$said.in"
	wait_for grep -q ready "$said"
}

# stop_client: its standard input ends, and it goes on to its own end.
stop_client() {
	exec {client_input}>&-
	wait_for is_over "$client"
}

count_fds() {
	find "/proc/$msfd/fd" -mindepth 1 | wc -l
}

has_fds() {
	[ "$(count_fds)" -le "$1" ]
}

has_memberships() {
	[ "$(ask memberships | jq -c 'select(.kind == "socket")' | wc -l)" = "$1" ]
}

# tune NAME VALUE: and it must be so.
tune() {
	client tune "$@"
	assert_output --partial "0 DONE"
}

@test "messages that are none are refused, each, and msfd goes on" {
	client malformed
	assert_success
	assert_equal "${#lines[@]}" 16
	for line in "${lines[@]}"; do
		assert_regex "$line" ': EINVAL BAD 1$'
	done
	row status 'select(.event == "agent") | .broken >= 15'
}

@test "the eighth broken message ends a connection" {
	client broken-again
	assert_output 8
}

@test "whoever speaks another version is told the one that is spoken, and may go on" {
	client other-version
	assert_line --index 0 "EPROTO BAD 1"
	assert_line --index 1 "ENOENT NOT_THERE 1"
}

@test "exactly one socket of datagrams comes along with SET" {
	client descriptors eth0
	assert_line "none: EBADF NO_SOCKET 1"
	assert_line "two: EINVAL BAD 1"
	assert_line "TCP: EPROTOTYPE OTHER_SOCKET 1"
	assert_line "Unix: EPROTOTYPE OTHER_SOCKET 1"
	assert_line --regexp '^a file: E(BADF|PROTOTYPE) '
	assert_line "thirty: EINVAL BAD 1"
	assert_line "with ASK: EINVAL BAD 1"
	has_memberships 0
}

@test "a socket of another namespace is refused" {
	run in_tx timeout "$DEADLINE" python3 "$BATS_TEST_DIRNAME/msfd-client.py" \
		"$msfd_socket" hold eth0 239.1.1.1 exclude < /dev/null
	assert_line "EXDEV OTHER_NAMESPACE 1"
	has_memberships 0
}

@test "an interface that there is not is refused, one that has just come is not" {
	client interfaces
	assert_output "ENODEV NO_INTERFACE 1"
	for i in 1 2 3 4 5; do
		ip -n "$rx" link add "new$i" type veth peer name "peer$i"
		client hold "new$i" 239.1.1.1 exclude
		assert_line "0 DONE 1"
	done
}

@test "INCLUDE without sources, and SETTLE, end a membership" {
	client leave eth0 239.1.1.1
	assert_equal "$output" "$(printf '0 DONE 1\n%.0s' 1 2 3 4)"
	has_memberships 0
}

@test "a membership ends with its socket, within a second" {
	start_client hold eth0 232.1.1.1 include 10.9.0.1
	has_memberships 1
	kill -KILL "$client"
	DEADLINE=2 wait_for has_memberships 0
}

@test "a membership outlives who told of it, with a socket that another program has" {
	client bequeath eth0 239.1.1.1
	assert_line --index 0 "0 DONE 1"
	heir=${lines[1]}
	pids+=("$heir")
	wait_for row status 'select(.event == "agent") | .clients == 1'
	has_memberships 1
	kill -KILL "$heir"
	DEADLINE=2 wait_for has_memberships 0
}

@test "limits of one program, each with its error" {
	tune client-groups 5
	client hold-many eth0 6
	assert_line "ENOBUFS CLIENT_GROUPS 1"
	tune client-groups 100
	tune client-sources 7
	client hold-many eth0 6
	assert_line "ENOBUFS CLIENT_SOURCES 1"
	client tune client-groups 0
	assert_output "ERANGE OUT_OF_RANGE 1"
}

@test "limits of one user, over all programs, each with its error" {
	tune user-groups 5
	client_of 65534 hold-many eth0 6
	assert_line "ENOBUFS USER_GROUPS 1"
	tune user-groups 100
	tune user-sources 7
	client_of 65534 hold-many eth0 6
	assert_line "ENOBUFS USER_SOURCES 1"
	# root's are those of all.
	client hold-many eth0 6
	assert_line "0 DONE 1"
}

@test "limits of all, each with its error" {
	tune total-groups 5
	client hold-many eth0 6
	assert_line "ENOBUFS TOTAL_GROUPS 1"
	tune total-groups 100
	tune total-sources 7
	client hold-many eth0 6
	assert_line "ENOBUFS TOTAL_SOURCES 1"
	tune maxgroups 3
	tune total-sources 100
	client hold-many eth0 6
	assert_line "ENOBUFS ENGINE_LIMIT 1"
}

@test "limits are told with what the asking user has of them" {
	start_client hold-many eth0 3
	row limits 'select(.name == "total-groups") | .used == 3'
	row limits 'select(.name == "total-sources") | .used == 6'
	row limits 'select(.name == "user-groups") | .used == 3'
	row limits 'select(.name == "client-messages") | .used == null'
	row limits 'select(.name == "clients") | .used == 2'
}

@test "a flood is refused by its rate, a leave in it is not, and others are served" {
	tune client-messages 50
	client flood eth0 250
	assert_line --regexp '^EAGAIN CLIENT_MESSAGES 1 [1-9]'
	assert_line --regexp '^0 DONE 1 [1-9][0-9]+$'
	assert_line "leave: 0 DONE 1"
	tune client-messages 20000
	tune user-messages 50
	client_of 65534 flood eth0 250
	assert_line --regexp '^EAGAIN USER_MESSAGES 1 [1-9]'
	assert_line "leave: 0 DONE 1"
	client leave eth0 239.1.1.1
	assert_line --index 0 "0 DONE 1"
}

@test "too many messages of all are refused as such" {
	tune total-messages 20
	client flood eth0 100
	assert_line --regexp '^EAGAIN TOTAL_MESSAGES 1 [1-9]'
	assert_line "leave: 0 DONE 1"
}

@test "a client that does not read its answers is cut off after ten seconds" {
	DEADLINE=30
	client unread eth0
	assert_output --regexp '^cut off [0-9]+ (9|1[0-9])$'
	row status 'select(.event == "agent") | .clients == 1'
}

@test "rows wait for a client that reads them late, and are all there" {
	tune somaxsrc 64
	start_client hold-many eth0 3000
	grep -q "0 DONE" "$said"
	holder_input=$client_input
	start_client lazy-reader memberships
	client leave eth0 239.1.1.1
	assert_line --index 0 "0 DONE 1"
	stop_client
	run tail -n 1 "$said"
	assert_output 3000
	exec {holder_input}>&-
}

@test "a list of sources that no row can hold is cut short, and counted" {
	tune somaxsrc 8192
	tune maxsrcfilter 8192
	sources=()
	for ((i = 0; i < 8000; i++)); do
		printf -v source 'fd12:3456:789a:bcde:fedc:ba98:7654:%x' "$((i + 4096))"
		sources+=("$source")
	done
	start_client hold eth0 ff3e::1 include "${sources[@]}"
	grep -q "0 DONE" "$said"
	row memberships 'select(.n_sources == 8000) | (.sources | length) > 2000'
	row groups 'select(.group == "ff3e::1") | .n_sources == 8000'
}

@test "more connections than allowed are told so, and root may still look" {
	tune clients 20
	tune user-clients 10
	client_of 65534 crowd 15
	assert_line "EUSERS CLIENTS 1 5"
	assert_line "silent 10"
	tune user-clients 1000
	start_client crowd 40
	grep -q '^EUSERS CLIENTS 1 [0-9]' "$said"
}

@test "2,000 silent connections keep nobody from being served" {
	start_client crowd 2000
	grep -qx "silent 2000" "$said"
	client leave eth0 239.1.1.1
	assert_line --index 0 "0 DONE 1"
	row status 'select(.event == "agent") | .clients == 2001'
	stop_client
	wait_for row status 'select(.event == "agent") | .clients == 1'
}

@test "however many connections of one user ask for rows, others wait for one of them" {
	start_client hold-many eth0 500
	MSFD_CLIENT_UID=65534 start_client askers 1000
	# nobody waits for all of them; with a sanitizer each one takes longer
	limit=5
	! grep -qa __asan_init "$(command -v msfd)" || limit=30
	began=$SECONDS
	for i in 1 2 3; do
		client leave eth0 "239.1.1.$i"
		assert_line --index 0 "0 DONE 1"
		row limits '.name'
	done
	[ "$((SECONDS - began))" -lt "$limit" ]
	stop_client
}

@test "a raised limit of connections holds at once" {
	stop_msfd
	printf '[limits]\nclients = 10\n' > "$BATS_TEST_TMPDIR/few.conf"
	ulimit -S -n 1024
	start_msfd "$rx" --config "$BATS_TEST_TMPDIR/few.conf"
	tune clients 2000
	start_client crowd 1000
	grep -qx "silent 1000" "$said"
	stop_client
}

@test "without descriptors it waits, and does not spin" {
	prlimit --pid "$msfd" --nofile="$(($(count_fds) + 3)):"
	before=$(awk '{ print $14 + $15 }' "/proc/$msfd/stat")
	client crowd 50
	wait_for grep -q accept-failed "$msfd_log"
	after=$(awk '{ print $14 + $15 }' "/proc/$msfd/stat")
	[ "$((after - before))" -lt 100 ]
	prlimit --pid "$msfd" --nofile=1024:
	wait_for answers
}

@test "descriptors are closed, whatever came with them and however clients end" {
	client leave eth0 239.1.1.1
	before=$(count_fds)
	client hang-up eth0 200
	assert_output done
	client descriptors eth0
	client malformed
	client hold-many eth0 100
	client_of 65534 crowd 100
	wait_for has_fds "$before"
	wait_for has_memberships 0
}

@test "who has an answer may close the socket and bind another one to its port" {
	client rebind eth0 2000
	assert_output 2000
}

@test "a stream that lingers, however it came, keeps msfd from nothing" {
	ip -n "$rx" link set lo up
	began=$SECONDS
	client lingering eth0
	assert_success
	assert_line --index 0 "EPROTOTYPE OTHER_SOCKET 1"
	assert_line --index 1 "EINVAL BAD 1"
	[ "$((SECONDS - began))" -lt 10 ]
}

@test "only root and msfd's user tune and join" {
	client_of 65534 tune robustness 3
	assert_output "EPERM NOT_PERMITTED 1"
	client_of 65534 static eth0 239.1.1.1 exclude
	assert_output "EPERM NOT_PERMITTED 1"
	client_of 65534 ask stats
	assert_success
}

@test "tunables are set within their range, by their names" {
	tune robustness 3
	row tunables 'select(.name == "robustness") | .value == 3 and .default == 2'
	client tune robustness 99
	assert_output "ERANGE OUT_OF_RANGE 1"
	client tune none-such 1
	assert_output "ENOENT NOT_THERE 1"
}

@test "a static join is there until it is ended, also before its interface" {
	client static eth0 232.1.1.1 include 10.9.0.1
	assert_output "0 DONE 1"
	client static later0 239.1.1.1 exclude 10.9.0.1
	assert_output "0 DONE 1"
	row memberships 'select(.kind == "static" and .interface == "eth0") |
		.ifindex > 0'
	row memberships 'select(.interface == "later0") | .ifindex == null'
	ip -n "$rx" link add later0 type veth peer name later1
	wait_for row memberships 'select(.interface == "later0") | .ifindex > 0'
	row groups 'select(.group == "232.1.1.1") | .sources == ["10.9.0.1"]'
	client static eth0 232.1.1.1 none
	assert_output "0 DONE 1"
	client static eth0 232.1.1.1 none
	assert_output "ENOENT NOT_THERE 1"
}

@test "rows have the fields that the manual names" {
	start_client hold eth0 232.1.1.1 include 10.9.0.1
	row status 'select(.event == "agent") | [has("pid", "version", "netns", "socket",
		"uptime_s", "kernel_suppressed", "deaths", "journal", "clients",
		"connections", "messages", "refused", "broken", "memberships", "sources",
		"static_joins", "native_groups", "sent", "sent_packet_socket", "lost",
		"received", "dropped", "memory")] | all'
	row status 'select(.interface == "eth0" and .protocol == "MLD") | [has("ifindex",
		"version", "forced", "speaking", "address", "address_state", "querier",
		"robustness", "query_interval_s", "response_ms", "older_v1_ms",
		"older_v2_ms", "groups")] | all'
	row memberships 'select(.kind == "socket") | .pid > 0 and .uid == 0 and
		.family == "ipv4" and .interface == "eth0" and .mode == "include"'
	row groups '.users == 1 and .interface == "eth0"'
	row stats 'select(.name == "snd_v3_reports") |
		.protocol == "igmp" and (.gauge | not)'
	row stats 'select(.name == "memberships") | .protocol == "msfd" and .gauge'
}
