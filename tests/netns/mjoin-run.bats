#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# mjoin ends when it should, with the status that scripts rely on, and what it prints
# is what DESIGN promises: count, wait, timeout, signals, payloads and JSON.

load common

setup() {
	net_setup
}

teardown() {
	net_teardown
}

@test "--count ends after exactly so many packets with status 0" {
	keep_sending --source 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	run_mjoin --json --count 7 -s 10.9.0.1 232.1.1.1:5000 eth0
	assert_equal "$status" 0
	assert_equal "$(jq 'select(.event == "summary") | .flows[0].packets' \
		<<< "$output")" 7
}

@test "--count counts over all channels" {
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	keep_sending --source fd09::1 '[ff1e::1]:5000' eth0
	run_mjoin --json --count 20 239.1.1.1:5000 eth0 '[ff1e::1]:5000' eth0
	assert_equal "$status" 0
	assert_equal "$(jq -s 'map(.flows // [] | .[].packets) | add' <<< "$output")" 20
}

@test "--count that is not reached in time is status 3" {
	start_mjoin --count 11 --timeout 1 -s 10.9.0.1 232.1.1.1:5000 eth0
	send 10.9.0.1 232.1.1.1:5000 eth0
	reap
	assert_equal "$status" 3
	grep -q '^mjoin: --count: 10 of 11 packets in 1 s$' "$err"
}

@test "--timeout with traffic is status 0" {
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	run_mjoin --timeout 0.5 -s 10.9.0.1 232.1.1.1:5000 eth0
	assert_equal "$status" 0
}

@test "--timeout without a packet is status 3, without a port 0" {
	keep_sending --source 10.9.0.2 232.1.1.1:5000 eth0
	run_mjoin --timeout 0.3 -s 10.9.0.1 232.1.1.1:5000 eth0
	assert_equal "$status" 3
	assert_equal "$stderr" "mjoin: --timeout: no packet in 0.3 s"
	run_mjoin --timeout 0.1 -s 10.9.0.1 232.1.1.1 eth0
	assert_equal "$status" 0
	assert_equal "$stderr" ""
}

@test "--wait ends with status 0 as soon as every source is heard" {
	start_mjoin --json --wait=10 -s 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	send 10.9.0.1 232.1.1.1:5000 eth0
	wait_for has_packets
	is_alive "$mjoin"
	send 10.9.0.2 232.1.1.1:5000 eth0
	reap
	assert_equal "$status" 0
	assert_equal "$(summary '.missing')" '[]'
}

@test "--wait for sources on several sockets and channels" {
	sources=$(echo 10.9.0.{1..12} | tr ' ' ,)
	keep_sending --source "$sources" 232.1.1.1:5000 eth0
	keep_sending --source fd09::1 '[ff3e::1]:5000' eth0
	run_mjoin --json --wait \
		"$sources@232.1.1.1:5000" eth0 'fd09::1@[ff3e::1]:5000' eth0
	assert_equal "$status" 0
	assert_equal "$(jq -s 'map(select(.event == "first")) | length' <<< "$output")" 13
}

# What follows, but for programs that read JSON.
hint="mjoin: msfctl doctor [-s SOURCE] GROUP:PORT IFACE tells why"

@test "--wait names the sources that are missing and ends with status 3" {
	start_mjoin --json --wait=1 -s 10.9.0.1,10.9.0.2,10.9.0.99 232.1.1.1:5000 eth0
	send 10.9.0.1,10.9.0.3 232.1.1.1:5000 eth0
	reap
	assert_equal "$status" 3
	assert_equal "$(cat "$err")" \
		"mjoin: 232.1.1.1:5000 on eth0: not heard in 1 s: 10.9.0.2 10.9.0.99"
	assert_equal "$(summary '.missing')" '["10.9.0.2","10.9.0.99"]'
	assert_equal "$(summary '[.flows[].source]')" '["10.9.0.1"]'
}

@test "--wait without sources wants a packet on every channel" {
	start_mjoin --wait=0.8 239.1.1.1+3:5000 eth0
	send 10.9.0.1 239.1.1.1:5000 eth0
	send 10.9.0.1 239.1.1.3:5000 eth0
	reap
	assert_equal "$status" 3
	assert_equal "$(cat "$err")" "mjoin: 239.1.1.2:5000 on eth0: no packet in 0.8 s
$hint"
	keep_sending --source 10.9.0.1 239.1.1.1+3:5000 eth0
	run_mjoin --wait 239.1.1.1+3:5000 eth0
	assert_equal "$status" 0
}

@test "--wait with -x wants a packet of a source that is not excluded" {
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	run_mjoin --wait=0.3 -x 10.9.0.1 239.1.1.1:5000 eth0
	assert_equal "$status" 3
	run_mjoin --wait=5 -x 10.9.0.2 239.1.1.1:5000 eth0
	assert_equal "$status" 0
}

@test "--wait without a number lasts as long as --timeout" {
	SECONDS=0
	run_mjoin --wait --timeout 0.4 -s 10.9.0.1 232.1.1.1:5000 eth0
	assert_equal "$status" 3
	[ "$SECONDS" -lt 5 ]
	[[ $stderr == *"not heard in 0.4 s: 10.9.0.1"$'\n'"$hint" ]]
}

@test "SIGINT and SIGTERM leave the group and print the summary" {
	before=$(memberships)
	for signal in INT TERM; do
		start_mjoin -s 10.9.0.1 232.1.1.1:5000 eth0
		send 10.9.0.1 232.1.1.1:5000 eth0
		stop_mjoin "$signal"
		assert_equal "$status" 0
		assert_equal "$(cat "$err")" ""
		grep -qE '^  10\.9\.0\.1 +10 +640 ' "$out"
		assert_equal "$(memberships)" "$before"
	done
}

@test "a second signal ends at once, even when the reader sleeps" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 7<> "$BATS_TEST_TMPDIR/pipe"
	start_mjoin --json --output "$BATS_TEST_TMPDIR/pipe" 239.1.1.1:5000 eth0
	in_tx timeout "$DEADLINE" msend --quiet --source 10.9.0.1 --count 1000 --rate 0 \
		--size 1400 239.1.1.1:5000 eth0
	kill -INT "$mjoin"
	# It has taken the first one when the signal is no longer blocked.
	wait_for eval '! grep -q "^SigBlk:.*2$" "/proc/$mjoin/status"'
	stop_mjoin
	exec 7>&-
	assert_equal "$status" 130
}

@test "a signal ends thousands of joins that are not done yet" {
	start_mjoin --json 239.1.0.0+15000 eth0
	stop_mjoin
	assert_equal "$status" 0
	[ "$(grep -c '"joined"' "$out")" -lt 15000 ]
	assert_equal "$(grep -c '"summary"' "$out")" 15000
}

@test "a signal before all is there is status 3" {
	start_mjoin --wait=30 -s 10.9.0.1 232.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$status" 3
	grep -q 'not heard in .* s: 10.9.0.1$' "$err"
}

@test "--output FILE holds the payloads in their order" {
	start_mjoin --json --count 500 --output "$BATS_TEST_TMPDIR/payload" \
		-s 10.9.0.1 232.1.1.1:5000 eth0
	in_tx msend --quiet --source 10.9.0.1 --count 500 --rate 5000 --size 100 --rtp \
		232.1.1.1:5000 eth0
	reap
	assert_equal "$status" 0
	assert_equal "$(stat -c %s "$BATS_TEST_TMPDIR/payload")" 50000
	# The sequence numbers of RTP, octets 2 and 3 of each payload, go up by one.
	run jq -n "$(od -An -v -tu1 -w100 "$BATS_TEST_TMPDIR/payload" |
		awk '{
			number = $3 * 256 + $4
			if (NR > 1 && number != (last + 1) % 65536)
				bad++
			last = number
		} END { print NR - bad }')"
	assert_output 500
	assert_equal "$(summary '.flows[0].bytes')" 50000
}

@test "--output - feeds a pipe with payloads only, all else goes to standard error" {
	keep_sending --source fd09::1 --size 200 '[ff3e::1]:5000' eth0
	ip netns exec "$rx" timeout "$DEADLINE" mjoin --json --count 50 --output - \
		-s fd09::1 '[ff3e::1]:5000' eth0 2> "$BATS_TEST_TMPDIR/err" |
		wc -c > "$BATS_TEST_TMPDIR/size"
	assert_equal "$(cat "$BATS_TEST_TMPDIR/size")" 10000
	out=$BATS_TEST_TMPDIR/err
	assert_equal "$(summary '.flows[0].packets')" 50
}

@test "--output to a reader that goes ends cleanly with the summary" {
	keep_sending --source 10.9.0.1 --rate 1000 --size 1000 239.1.1.1:5000 eth0
	ip netns exec "$rx" timeout "$DEADLINE" bash -c \
		'mjoin --json --output - 239.1.1.1:5000 eth0; echo "$?" > "$0"' \
		"$BATS_TEST_TMPDIR/status" 2> "$BATS_TEST_TMPDIR/err" |
		head -c 5000 > "$BATS_TEST_TMPDIR/head"
	wait_for test -s "$BATS_TEST_TMPDIR/status"
	assert_equal "$(cat "$BATS_TEST_TMPDIR/status")" 0
	assert_equal "$(stat -c %s "$BATS_TEST_TMPDIR/head")" 5000
	out=$BATS_TEST_TMPDIR/err
	summary '.flows[0].packets >= 5'
}

@test "--output to a full disk is status 1 with the cause" {
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	run_mjoin --output /dev/full 239.1.1.1:5000 eth0
	assert_equal "$status" 1
	[[ $stderr == *"mjoin: /dev/full: No space left on device"* ]]
	run_mjoin --output "$BATS_TEST_TMPDIR/none/x" 239.1.1.1:5000 eth0
	assert_equal "$status" 1
	[[ $stderr == "mjoin: $BATS_TEST_TMPDIR/none/x: No such file or directory" ]]
}

@test "a slow reader gets everything that was counted" {
	start_mjoin --json --count 200 --output >(
		read -r -t 1 <> <(:) || true
		wc -c > "$BATS_TEST_TMPDIR/size"
	) 239.1.1.1:5000 eth0
	in_tx msend --quiet --source 10.9.0.1 --count 200 --rate 0 --size 1400 \
		239.1.1.1:5000 eth0
	reap
	wait_for test -s "$BATS_TEST_TMPDIR/size"
	assert_equal "$status" 0
	assert_equal "$(cat "$BATS_TEST_TMPDIR/size")" 280000
}

@test "--json: the events have the fields of the contract, times and zone" {
	export TZ=Asia/Kolkata
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	send 10.9.0.1 232.1.1.1:5000 eth0
	stop_mjoin
	jq -es 'map(.event) == ["joined", "first", "summary"]' "$out"
	jq -es 'all(.time | test("^[0-9-]{10}T[0-9:]{8}\\.[0-9]+\\+05:30$"))' "$out"
	jq -es '.[0] | .interface == "eth0" and .group == "232.1.1.1" and
		.port == 5000 and .mode == "include" and .sources == ["10.9.0.1"] and
		.backend == "kernel"' "$out"
	assert_equal "$(jq -s '.[0].ifindex' "$out")" \
		"$(in_rx cat /sys/class/net/eth0/ifindex)"
	jq -es '.[1] | .group == "232.1.1.1" and .source == "10.9.0.1" and
		.latency_ms > 0 and .latency_ms < 15000' "$out"
	jq -es '.[2] | .interface == "eth0" and .group == "232.1.1.1" and
		.port == 5000 and .kernel_drops == 0' "$out"
	jq -es '.[2].flows[0] | .source == "10.9.0.1" and .packets == 10 and
		.bytes == 640 and .pps > 0 and .latency_ms > 0' "$out"
}

@test "--json: what cannot be known is null" {
	start_mjoin --json 239.1.1.1 eth0
	stop_mjoin
	jq -es 'map(.port) == [null, null] and .[1].kernel_drops == null' "$out"
	start_mjoin --json --count 1 239.1.1.1:5000 eth0
	in_tx msend --quiet --source 10.9.0.1 --count 1 239.1.1.1:5000 eth0
	reap
	summary '.flows[0] | .pps == null and .latency_ms > 0'
}

@test "a summary that cannot be written is status 1" {
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	run --separate-stderr in_rx timeout "$DEADLINE" bash -c \
		'mjoin --count 3 239.1.1.1:5000 eth0 > /dev/full'
	assert_equal "$status" 1
	[[ $stderr == *"No space left on device"* ]]
}

@test "--quiet prints the summary only" {
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	run_mjoin --quiet --count 3 232.1.1.1:5000 eth0
	assert_equal "$status" 0
	assert_equal "$stderr" ""
	assert_equal "${#lines[@]}" 3
	assert_line -n 0 "232.1.1.1:5000 on eth0: any source; 3 packets, 0 kernel drops"
}

@test "--backend kernel works, and the environment names one too" {
	run_mjoin --json --timeout 0.05 --backend kernel 239.1.1.1 eth0
	assert_equal "$status" 0
	assert_equal "$(jq -s '.[0].backend' <<< "$output")" '"kernel"'
	MSF_BACKEND=bogus run_mjoin --timeout 0.05 239.1.1.1 eth0
	assert_equal "$status" 1
	[[ $stderr == "mjoin: MSF_BACKEND: must be auto, kernel or asm" ]]
}

@test "--help and --version" {
	run_mjoin --help
	assert_equal "$status" 0
	assert_line --partial "Usage: mjoin [OPTION...] GROUP[+N][:PORT] IFACE"
	run_mjoin --version
	assert_equal "$status" 0
	assert_output --regexp '^mjoin [0-9]+\.[0-9]+\.[0-9]+$'
}

# full_pipe: $pipe, which nobody reads and in which there is no room.
full_pipe() {
	pipe=$BATS_TEST_TMPDIR/full.$((n_pipes += 1))
	mkfifo "$pipe"
	exec 7<> "$pipe"
	# dd stops at the first block that a full pipe does not take.
	dd if=/dev/zero of="$pipe" bs=4096 oflag=nonblock 2> /dev/null || true
}

is_waiting_in_poll() {
	grep -q poll "/proc/$1/wchan"
}

@test "a signal ends mjoin although nobody reads what it reports" {
	before=$(memberships)
	for options in "--json -s 10.9.0.1" "-s 10.9.0.1"; do
		full_pipe
		# shellcheck disable=SC2086
		ip netns exec "$rx" mjoin $options 232.1.1.1+20:5000 eth0 \
			> "$pipe" 2> "$BATS_TEST_TMPDIR/err" 3>&- &
		mjoin=$!
		pids+=("$mjoin")
		wait_for is_waiting_in_poll "$mjoin"
		SECONDS=0
		stop_mjoin
		[ "$SECONDS" -lt 5 ]
		assert_equal "$status" 1
		assert_equal "$(wc -l < "$BATS_TEST_TMPDIR/err")" 1
		grep -q '^mjoin: output: the reader takes nothing, ' \
			"$BATS_TEST_TMPDIR/err"
		assert_equal "$(memberships)" "$before"
		exec 7>&-
	done
}

@test "a second signal ends mjoin at once although nobody reads what it reports" {
	full_pipe
	ip netns exec "$rx" mjoin --json --output - 239.1.1.1:5000 eth0 \
		> /dev/null 2> "$pipe" 3>&- &
	mjoin=$!
	pids+=("$mjoin")
	wait_for is_waiting_in_poll "$mjoin"
	kill -INT "$mjoin"
	wait_for eval '! grep -q "^SigBlk:.*2$" "/proc/$mjoin/status"'
	stop_mjoin
	exec 7>&-
	assert_equal "$status" 130
}

@test "a message that nobody reads does not keep a signal waiting" {
	full_pipe
	ip netns exec "$rx" mjoin 232.1.1.1:5000 eth0 \
		> "$BATS_TEST_TMPDIR/out" 2> "$pipe" 3>&- &
	mjoin=$!
	pids+=("$mjoin")
	out=$BATS_TEST_TMPDIR/out
	wait_for grep -q '^joined' "$out"
	stop_mjoin
	exec 7>&-
	assert_equal "$status" 0
	grep -q ' 0 packets' "$out"
}

@test "a report that was held up arrives whole and in its order" {
	full_pipe
	ip netns exec "$rx" mjoin --json 239.1.0.0+300 eth0 \
		> "$pipe" 2> /dev/null 3>&- &
	mjoin=$!
	pids+=("$mjoin")
	wait_for is_waiting_in_poll "$mjoin"
	kill -INT "$mjoin"
	tr -d '\0' < "$pipe" > "$BATS_TEST_TMPDIR/out" 3>&- 7>&- &
	pids+=($!)
	reap
	exec 7>&-
	wait $!
	out=$BATS_TEST_TMPDIR/out
	assert_equal "$status" 0
	assert_equal "$(jq -s 'map(select(.event == "summary")) | length' "$out")" 300
}

@test "times that were asked for are told as they were asked for" {
	for i in 1 2 3 4 5; do
		run_mjoin --wait=0.111 239.1.1.1:5000 eth0
		assert_equal "$status" 3
		assert_equal "$stderr" \
			"mjoin: 239.1.1.1:5000 on eth0: no packet in 0.111 s
$hint"
		run_mjoin --timeout 0.111 239.1.1.1:5000 eth0
		assert_equal "$stderr" "mjoin: --timeout: no packet in 0.111 s"
	done
}

@test "a reader of the report that goes ends the run cleanly" {
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	for option in --json --retry; do
		ip netns exec "$rx" timeout "$DEADLINE" bash -c \
			'mjoin "$1" 239.1.1.1:5000 eth0; echo "$?" > "$0"' \
			"$BATS_TEST_TMPDIR/status" "$option" \
			2> "$BATS_TEST_TMPDIR/err" | true
		wait_for test -s "$BATS_TEST_TMPDIR/status"
		assert_equal "$(cat "$BATS_TEST_TMPDIR/status")" 0
		assert_equal "$(cat "$BATS_TEST_TMPDIR/err")" ""
		rm "$BATS_TEST_TMPDIR/status"
	done
}

@test "no descriptor is taken for a standard one that is closed" {
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	for closed in '>&-' '2>&-' '<&- >&- 2>&-'; do
		run in_rx timeout "$DEADLINE" bash -c "mjoin --json --count 3 \
			--output '$BATS_TEST_TMPDIR/payload' 239.1.1.1:5000 eth0 $closed"
		assert_equal "$status" 0
		assert_equal "$(stat -c %s "$BATS_TEST_TMPDIR/payload")" 192
	done
}

@test "--help and --version that cannot be written are status 1" {
	for option in --help --version --usage; do
		run --separate-stderr bash -c "mjoin $option > /dev/full"
		assert_equal "$status" 1
		assert_equal "$stderr" \
			"mjoin: standard output: No space left on device"
	done
}
