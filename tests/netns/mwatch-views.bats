#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# What mwatch shows of real traffic, as text, JSON, CSV, record and page: the same numbers
# everywhere, and nothing of others that harms a terminal or a reader.

load mwatch

setup() {
	net_setup
}

teardown() {
	net_teardown
}

# watch_ten ARGUMENT...: until ten packets of each of two sources, one of which lost
# two of twelve, were counted.
watch_ten() {
	start_mwatch --json --interval 0.1 "$@" eth0
	send 10.9.0.1 --rtp --count 12 --lose 4,5 232.1.1.1:5000 eth0
	send 10.9.0.2 --rtp 232.1.1.1:5000 eth0
	wait_for has_seen 20
	stop_mwatch
	assert_equal "$status" 0
}

@test "--json: each line is an object with the fields of the contract" {
	watch_ten
	jq -es 'all(has("time") and has("event") and has("interface") and
		has("seconds") and has("flows") and has("kernel_drops") and
		has("evicted") and has("malformed"))' "$out"
	jq -es 'last.flows[0] | [keys_unsorted[]] |
		(["source", "group", "port", "packets", "bytes", "pps", "bps", "lost",
		"duplicates", "reordered", "jitter_us", "gap_us", "peak_1ms_pps",
		"peak_100ms_pps", "ttl", "first", "last", "verdict"] - .) == []' "$out"
	assert_equal "$(flows '\(.source) \(.packets) \(.lost) \(.ttl) \(.sequence)')" \
		"$(printf '10.9.0.1 10 2 1 rtp\n10.9.0.2 10 0 1 rtp')"
}

@test "--json: intervals add up to the summary" {
	watch_ten
	jq -es '(map(select(.event == "interval").flows[].packets) | add) ==
		(last.flows | map(.packets) | add) and
		(map(select(.event == "interval").packets) | add) == last.packets' "$out"
}

@test "--json: an interface's name cannot break a line" {
	local name=$'e"\\\001\377\177'

	ip -n "$rx" link add name "$name" type veth peer name p0
	ip -n "$rx" link set "$name" up
	start_mwatch --json --interval 0.1 --count 1 "$name"
	reap_mwatch
	assert_equal "$status" 0
	jq -es 'length == 2 and .[0].interface == "e\"\\\u0001\ufffd\u007f"' "$out"
	run ! grep -qP '[^ -~]' "$out"
	start_mwatch --text --interval 0.1 --count 1 "$name"
	reap_mwatch
	grep -qF 'e"\???: ' "$out"
}

@test "--text: a line and a table for each interval, and the totals" {
	start_mwatch --text --interval 0.1 eth0
	send 10.9.0.1 --rtp --count 12 --lose 4,5 232.1.1.1:5000 eth0
	wait_for grep -qE '^10\.9\.0\.1 ' "$out"
	stop_mwatch
	assert_equal "$status" 0
	grep -qE '^[0-9:]{8} eth0: [0-9]+ packets, ' "$out"
	grep -qE '^SOURCE +GROUP:PORT +PPS +BIT/S +LOST +DUP +LATE ' "$out"
	run grep -A 9 '^in all' "$out"
	assert_line --regexp '^eth0: 10 packets, .* 1 flow, 0 dropped by the kernel$'
	assert_line --regexp \
		'^10\.9\.0\.1 +232\.1\.1\.1:5000 +10 +640 +2 +0 +0 +1 .* unjoined$'
}

@test "--top: the first rows only, and how many there are more" {
	start_mwatch --text --interval 0.1 --top 3 --sort source eth0
	send "$(echo 10.9.0.{1..9} | tr ' ' ,)" 232.1.1.1:5000 eth0
	wait_for grep -qF 'and 6 more flows (--top 3)' "$out"
	stop_mwatch
	run grep -A 9 '^in all' "$out"
	assert_line --regexp '^10\.9\.0\.1 '
	assert_line --regexp '^10\.9\.0\.3 '
	refute_line --regexp '^10\.9\.0\.4 '
	assert_line 'and 6 more flows (--top 3)'
}

@test "--csv: what a parser of RFC 4180 reads" {
	start_mwatch --csv --interval 0.1 eth0
	send 10.9.0.1 --rtp --count 12 --lose 4,5 232.1.1.1:5000 eth0
	wait_for grep -q 10.9.0.1 "$out"
	stop_mwatch
	assert_equal "$status" 0
	run /usr/bin/python3 -c '
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
print({(row["interface"], row["source"], row["group"], row["port"], row["sequence"])
       for row in rows})
print(sum(int(row["packets"]) for row in rows), sum(int(row["lost"]) for row in rows))
' "$out"
	assert_line "{('eth0', '10.9.0.1', '232.1.1.1', '5000', 'rtp')}"
	assert_line "10 2"
}

@test "--record: what --json writes, with every flow, whole after each interval" {
	local record=$BATS_TEST_TMPDIR/record

	start_mwatch --quiet --interval 0.1 --top 1 --record "$record" eth0
	send 10.9.0.1,10.9.0.2,10.9.0.3 232.1.1.1:5000 eth0
	wait_for eval '[ "$(count_packets interval "$record")" = 30 ]'
	# It is killed, as by a power cut, and the page is made all the same.
	kill -KILL "$mwatch"
	reap_mwatch
	jq -es 'all(.event == "interval") and (last.flows | length) == 3' "$record"
	run_mwatch --report "$BATS_TEST_TMPDIR/page" "$record"
	assert_equal "$status" 0
	grep -q '<title>Multicast on eth0</title>' "$BATS_TEST_TMPDIR/page"
	grep -q '3 flows, <strong>30</strong> packets' "$BATS_TEST_TMPDIR/page"
}

@test "--record: a file that is there stays as it is" {
	echo precious > "$BATS_TEST_TMPDIR/record"
	run_mwatch --quiet --count 1 --record "$BATS_TEST_TMPDIR/record" eth0
	assert_equal "$status" 1
	assert_equal "$(cat "$BATS_TEST_TMPDIR/record")" precious
	assert_equal "$stderr" "mwatch: $BATS_TEST_TMPDIR/record: it exists already: \
choose another name"
}

@test "--report: what is no record is refused with its line" {
	local page=$BATS_TEST_TMPDIR/page

	echo hello > "$BATS_TEST_TMPDIR/record"
	run_mwatch --report "$page" "$BATS_TEST_TMPDIR/record"
	assert_equal "$status" 1
	assert_equal "$stderr" "mwatch: $BATS_TEST_TMPDIR/record: line 1: no JSON \
object: not written by mwatch --record"
	[ ! -e "$page" ]
	run_mwatch --report "$page" "$BATS_TEST_TMPDIR/none"
	assert_equal "$status" 1
	[ ! -e "$page" ]
}

@test "--report: reads standard input, and the same record gives the same page" {
	watch_ten
	in_rx mwatch --report "$BATS_TEST_TMPDIR/page.1" "$out"
	in_rx mwatch --report "$BATS_TEST_TMPDIR/page.2" < "$out"
	sed 's/from standard input/from out.1/' "$BATS_TEST_TMPDIR/page.2" |
		cmp - "$BATS_TEST_TMPDIR/page.1"
}
