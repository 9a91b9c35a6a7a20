#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# mwatch counts what is on the wire, tells it each interval, and ends when it should
# with the status that scripts rely on.

load mwatch

setup() {
	net_setup
}

teardown() {
	net_teardown
}

# adds_up: the intervals of each flow are its summary, and so are the drops.
adds_up() {
	jq -es '
		def sums($event): map(select(.event == $event) | .interface as $i |
			.flows[] | { key: [$i, .source, .group, .port], n: .packets }) |
			group_by(.key) | map({ key: .[0].key, n: map(.n) | add });
		sums("summary") as $all |
		sums("interval") == $all and ($all | length > 0)' "$out"
}

@test "each interval is an object, and the end is a summary" {
	keep_sending --source 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	run_mwatch --json --count 3 -i 0.3 eth0
	assert_equal "$status" 0
	assert_equal "$stderr" ""
	assert_equal "$(jq -r '.event + " " + .interface' <<< "$output")" \
		$'interval eth0\ninterval eth0\ninterval eth0\nsummary eth0'
	assert_equal "$(jq -s '[.[:3][].seconds] | add >= 0.9' <<< "$output")" true
	assert_equal "$(jq -rs 'last.flows[].source' <<< "$output" | sort)" \
		$'10.9.0.1\n10.9.0.2'
}

@test "every packet is counted once, and intervals add up" {
	start_mwatch --json -i 0.1 eth0
	send 10.9.0.1,10.9.0.2,10.9.0.3 232.1.1.1:5000 eth0 --count 400 --size 100
	send fd09::1 '[ff3e::1]:5000' eth0
	wait_for has_seen 1210
	stop_mwatch
	assert_equal "$status" 0
	assert_equal "$(cat "$err")" ""
	adds_up
	assert_equal "$(flows '\(.source) \(.packets) \(.bytes)' | grep -v ^fd)" \
		$'10.9.0.1 400 40000\n10.9.0.2 400 40000\n10.9.0.3 400 40000'
	assert_equal "$(ask summary '.kernel_drops, .malformed, .evicted')" $'0\n0\n0'
}

# Intervals may be late on a busy machine, and then two are one.
@test "--duration ends it, with no interval left over, and none missing" {
	run_mwatch --json -d 0.6 -i 0.2 eth0
	assert_equal "$status" 0
	[ "$(grep -c '"interval"' <<< "$output")" -le 3 ]
	assert_equal "$(jq -s '[.[:-1][].seconds] | add >= 0.6' <<< "$output")" true
	assert_equal "$(jq -rs 'last.event' <<< "$output")" summary
	run_mwatch --json -d 0.3 -i 0.2 eth0
	assert_equal "$status" 0
	[ "$(grep -c '"interval"' <<< "$output")" -le 2 ]
	assert_equal "$(jq -s '[.[:-1][].seconds] | add >= 0.3' <<< "$output")" true
}

# The kernel hands over a block of packets some time after the first one of it came.
@test "what came right before the end is counted in full" {
	local options times=$BATS_TEST_TMPDIR/times
	for options in "-n 1 -i 0.6" "-d 0.6 -i 0.3"; do
		# shellcheck disable=SC2086 # they are words
		start_mwatch --json $options eth0
		in_tx timeout "$DEADLINE" "$BATS_TEST_DIRNAME/metronome.py" 10.9.0.1 \
			232.1.1.1 5000 "$mwatch" > "$times"
		reap_mwatch
		assert_equal "$status" 0
		run /usr/bin/python3 -c "$COUNT_BEFORE_END" "$out" "$times"
		assert_output "nothing is missing"
	done
}

# The run was to last 0.6 s; what it waits longer brings what was under way by then.
COUNT_BEFORE_END='
import datetime, json, sys
summary = json.loads(open(sys.argv[1]).read().splitlines()[-1])
start = datetime.datetime.fromisoformat(summary["time"]).timestamp() - summary["seconds"]
times = [float(line) for line in open(sys.argv[2])]
sent = sum(time < start + 0.6 for time in times)
counted = sum(flow["packets"] for flow in summary["flows"])
print("nothing is missing" if 0 < sent <= counted else f"{counted} of {sent}")
'

@test "groups restrict what is watched" {
	start_mwatch --json -i 0.1 eth0 232.1.1.1+2:5000 232.1.1.9 '[ff3e::1]:5000'
	send 10.9.0.1 232.1.1.1:5000 eth0
	send 10.9.0.1 232.1.1.2:5000 eth0
	send 10.9.0.1 232.1.1.3:5000 eth0
	send 10.9.0.1 232.1.1.2:5001 eth0
	send 10.9.0.1 232.1.1.9:7 eth0
	send fd09::1 '[ff3e::1]:5001' eth0
	send fd09::1 '[ff3e::1]:5000' eth0
	wait_for has_seen 40
	stop_mwatch
	assert_equal "$(flows '\(.group) \(.port)')" \
		$'232.1.1.1 5000\n232.1.1.2 5000\n232.1.1.9 7\nff3e::1 5000'
}

@test "several interfaces are told apart" {
	make_link eth1
	ip -n "$tx" address add 10.8.0.1/24 dev eth1
	up eth1
	start_mwatch --json -i 0.1 eth0 eth1
	send 10.9.0.1 232.1.1.1:5000 eth0
	send 10.8.0.1 232.1.1.1:5000 eth1
	wait_for has_seen 20
	stop_mwatch
	assert_equal "$(ask summary '"\(.interface) \(.flows[0].source)"')" \
		$'eth0 10.9.0.1\neth1 10.8.0.1'
}

@test "--join holds the memberships as long as it runs, and judges by them" {
	local before
	before=$(memberships)
	start_mwatch --json -i 0.1 --join -s 10.9.0.1 eth0 232.1.1.1:5000
	in_rx grep -q 0xe8010101 /proc/net/mcfilter
	send 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	wait_for has_seen 20
	stop_mwatch
	assert_equal "$(flows '\(.source) \(.verdict)')" \
		$'10.9.0.1 accept\n10.9.0.2 block'
	assert_equal "$(memberships)" "$before"
}

@test "--join joins a group once, though it has two ports" {
	start_mwatch --json -i 0.1 --join eth0 232.1.1.1:5000 232.1.1.1:5001
	send 10.9.0.1 232.1.1.1:5000 eth0
	send 10.9.0.1 232.1.1.1:5001 eth0
	wait_for has_seen 20
	stop_mwatch
	assert_equal "$status" 0
	assert_equal "$(flows '\(.port) \(.verdict)')" \
		$'5000 accept\n5001 accept'
}

@test "the verdict follows the host's filters" {
	start_mwatch --json -i 0.1 eth0
	keep_sending --source 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	wait_for has_verdict 10.9.0.1 unjoined
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	out=${out%.*}.1
	wait_for has_verdict 10.9.0.1 accept
	wait_for has_verdict 10.9.0.2 block
	stop_mjoin
	wait_for has_verdict 10.9.0.2 unjoined
}

# has_verdict SOURCE VERDICT: in the last interval.
has_verdict() {
	[ "$(grep '}$' "$out" | tail -n 1 |
		jq -r ".flows[] | select(.source == \"$1\").verdict")" = "$2" ]
}

@test "--pid whose process ends says so once and goes on" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	start_mwatch --json -i 0.1 --pid "$mjoin" eth0
	keep_sending --source 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	wait_for has_verdict 10.9.0.1 accept
	wait_for has_verdict 10.9.0.2 block
	stop_mjoin
	wait_for has_verdict 10.9.0.1 unjoined
	wait_for has_verdict 10.9.0.2 unjoined
	stop_mwatch
	assert_equal "$status" 0
	assert_equal "$(cat "$err")" "mwatch: --pid: warning: process $mjoin has \
ended: it joins nothing any more"
}

@test "an interface that goes down is said once, and counts when it is back" {
	start_mwatch --json -i 0.1 eth0
	send 10.9.0.1 232.1.1.1:5000 eth0
	wait_for has_seen 10
	ip -n "$rx" link set eth0 down
	wait_for grep -q 'the interface is down' "$err"
	ip -n "$rx" link set eth0 up
	wait_for is_heard 10.9.0.2
	stop_mwatch
	assert_equal "$status" 0
	assert_equal "$(grep -c . "$err")" 1
}

# is_heard SOURCE: sends until mwatch has seen it.
is_heard() {
	in_tx msend --quiet --source "$1" --count 1 232.1.1.1:5000 eth0
	grep -q "\"$1\"" "$out"
}

@test "an interface that is removed is said once, the others count on" {
	make_link eth1
	up eth1
	start_mwatch --json -i 0.1 eth1 eth0
	ip -n "$tx" link del eth1
	wait_for grep -q '^mwatch: eth1: warning: the interface is gone' "$err"
	send 10.9.0.1 232.1.1.1:5000 eth0
	wait_for has_seen 10
	stop_mwatch
	assert_equal "$status" 0
	assert_equal "$(grep -c 'is gone' "$err")" 1
}

@test "an interface that is made again is joined and counted again" {
	make_link eth1
	up eth1
	ip -n "$tx" address add 10.8.0.1/24 dev eth1
	ip -n "$rx" address add 10.8.0.100/24 dev eth1
	start_mwatch --json -i 0.1 --join eth1 232.1.1.1:5000
	ip -n "$tx" link del eth1
	wait_for grep -q '^mwatch: eth1: warning: the interface is gone' "$err"
	make_link eth1
	up eth1
	ip -n "$tx" address add 10.8.0.1/24 dev eth1
	wait_for is_heard_again
	wait_for is_joined eth1 010101E8
	wait_for has_verdict 10.8.0.1 accept
	stop_mwatch
	assert_equal "$status" 0
	assert_equal "$(grep -c 'is gone' "$err")" 1
}

@test "an interface that is removed while packets come is counted again" {
	local i
	make_link eth1
	up eth1
	start_mwatch --json -i 0.1 eth1
	for i in 1 2 3; do
		ip -n "$tx" address add 10.8.0.1/24 dev eth1
		keep_sending --source 10.8.0.1 --rate 2000 232.1.1.1:5000 eth1
		wait_for has_seen $((i * 300))
		ip -n "$tx" link del eth1
		wait_for is_gone_for "$i"
		make_link eth1
		up eth1
	done
	stop_mwatch
	assert_equal "$status" 0
}

# is_gone_for N: it was said so often.
is_gone_for() {
	[ "$(grep -c 'eth1: warning: the interface is gone' "$err")" -eq "$1" ]
}

# is_joined INTERFACE GROUP: as /proc/net/igmp writes it.
is_joined() {
	in_rx awk -v i="$1" -v g="$2" 'NF > 4 { at = $2 } at == i && $1 == g { found = 1 }
		END { exit !found }' /proc/net/igmp
}

is_heard_again() {
	in_tx msend --quiet --source 10.8.0.1 --count 1 232.1.1.1:5000 eth1
	grep -q '"10.8.0.1"' "$out"
}

@test "a signal brings the summary and status 0" {
	local signal
	for signal in INT TERM; do
		start_mwatch --json eth0
		stop_mwatch "$signal"
		assert_equal "$status" 0
		assert_equal "$(jq -rs 'last.event' "$out")" summary
	done
}

@test "a reader that goes away ends it without a word" {
	start_mwatch_to >(head -n 1 > "$BATS_TEST_TMPDIR/head") --json -i 0.05 eth0
	reap_mwatch
	assert_equal "$status" 0
	assert_equal "$(cat "$err")" ""
	assert_equal "$(jq -r .event "$BATS_TEST_TMPDIR/head")" interval
}

@test "a reader that sleeps does not stop the counting, nor hold the end" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 7<> "$BATS_TEST_TMPDIR/pipe"
	start_mwatch_to "$BATS_TEST_TMPDIR/pipe" --json -i 0.01 eth0
	keep_sending --source "$(seq -s, -f '10.9.0.%g' 12)" 232.1.1.1:5000 eth0
	wait_for is_waiting
	send 10.9.0.1 232.1.1.2:5000 eth0 --count 3000 --rate 20000
	cat <&7 > "$BATS_TEST_TMPDIR/all" 2> /dev/null 3>&- &
	pids+=($!)
	wait_for grep -q 232.1.1.2 "$BATS_TEST_TMPDIR/all"
	kill -INT "$mwatch"
	out=$BATS_TEST_TMPDIR/all
	reap_mwatch
	wait_for grep -q '"summary"' "$out"
	assert_equal "$status" 0
	flows '\(.group) \(.packets)' | grep -qx '232.1.1.2 3000'
	assert_equal "$(ask summary '.kernel_drops')" 0
	exec 7>&-
}

# is_waiting: $mwatch sleeps in poll(2) for its reader; for all else it has epoll(7).
is_waiting() {
	local where
	where=$(cat "/proc/$mwatch/wchan")
	[[ $where == *poll* && $where != *ep* ]]
}

@test "a reader that never wakes cannot hold the end" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 7<> "$BATS_TEST_TMPDIR/pipe"
	start_mwatch_to "$BATS_TEST_TMPDIR/pipe" --json -i 0.01 eth0
	keep_sending --source "$(seq -s, -f '10.9.0.%g' 12)" 232.1.1.1:5000 eth0
	wait_for is_waiting
	stop_mwatch
	exec 7>&-
	assert_equal "$status" 1
	assert_equal "$(cat "$err")" \
		"mwatch: standard output: the reader takes nothing, what is left is not \
written"
}

@test "a record whose reader does not come can be given up" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	ip netns exec "$rx" mwatch -q --record "$BATS_TEST_TMPDIR/pipe" eth0 \
		< /dev/null > /dev/null 2>&1 3>&- &
	mwatch=$!
	pids+=("$mwatch")
	wait_for is_opening
	stop_mwatch TERM
	assert_equal "$status" 143
}

# is_opening: $mwatch waits for the other end of a FIFO.
is_opening() {
	grep -q partner "/proc/$mwatch/wchan"
}

@test "standard output that is full ends it with status 1 and one line" {
	start_mwatch_to /dev/full --json -i 0.01 eth0
	reap_mwatch
	assert_equal "$status" 1
	assert_equal "$(cat "$err")" "mwatch: standard output: No space left on device"
}

@test "a record that cannot be written is said once, and counting goes on" {
	run_mwatch --json --count 5 -i 0.05 --record /dev/full eth0
	assert_equal "$status" 1
	assert_equal "$stderr" "mwatch: /dev/full: the record ends here: No space \
left on device"
	assert_equal "$(jq -s length <<< "$output")" 6
}

@test "a record that is there is not overwritten" {
	echo precious > "$BATS_TEST_TMPDIR/rec"
	run_mwatch --json --count 1 -i 0.05 --record "$BATS_TEST_TMPDIR/rec" eth0
	assert_equal "$status" 1
	assert_equal "$output" ""
	assert_equal "$(cat "$BATS_TEST_TMPDIR/rec")" precious
}

@test "a text file that can be written no more is said once, and counting goes on" {
	mkdir "$BATS_TEST_TMPDIR/dir"
	start_mwatch --json -i 0.1 --textfile "$BATS_TEST_TMPDIR/dir/m.prom" eth0
	wait_for test -s "$BATS_TEST_TMPDIR/dir/m.prom"
	rm -r "$BATS_TEST_TMPDIR/dir"
	wait_for test -s "$err"
	send 10.9.0.1 232.1.1.1:5000 eth0
	wait_for has_seen 10
	stop_mwatch
	assert_equal "$status" 1
	assert_equal "$(grep -c . "$err")" 1
}

@test "--quiet shows nothing" {
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	run_mwatch -q -n 2 -i 0.1 eth0
	assert_equal "$status" 0
	assert_equal "$output$stderr" ""
}

@test "text and CSV are views of the same" {
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	run_mwatch -n 2 -i 0.1 eth0
	assert_equal "$status" 0
	assert_output --partial 10.9.0.1
	run_mwatch --csv -n 2 -i 0.1 eth0
	assert_equal "$status" 0
	assert_equal "$(grep -c 10.9.0.1 <<< "$output")" 2
}
