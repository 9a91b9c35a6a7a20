# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# msend: what the tests of msend share, over common's two network namespaces: sending
# from $tx, a capture at the far end, and reading it with tshark.

load common.bash

setup() {
	net_setup
	program=$(type -P msend)
	wire=$BATS_TEST_TMPDIR/wire
	sent=$BATS_TEST_TMPDIR/sent
}

teardown() {
	net_teardown
}

msend() {
	in_tx timeout "$DEADLINE" "$program" "$@"
}

# start_msend ARGUMENT...: in the background; its words are in $sent and $sent.errors.
start_msend() {
	ip netns exec "$tx" "$program" "$@" >"$sent" 2>"$sent.errors" 3>&- &
	pids+=($!)
}

# start_capture [FILTER]: without -s each packet would take as much room as the largest
# one. An earlier capture's words would say too soon that this one listens.
start_capture() {
	rm -f "$wire.errors"
	ip netns exec "$rx" tcpdump -U --immediate-mode -n -i eth0 -Z root -B 8192 \
		-s 1600 -w "$wire" "${1:-udp}" 2>"$wire.errors" 3>&- &
	capture=$!
	pids+=("$capture")
	wait_for grep -q 'listening on' "$wire.errors"
}

stop_capture() {
	kill -INT "$capture"
	wait "$capture"
}

count_captured() {
	tcpdump -n -r "$wire" 2>/dev/null | wc -l
}

# has_captured N: so many packets, or more.
has_captured() {
	[ "$(count_captured)" -ge "$1" ]
}

# read_wire FIELD...: one line a packet.
read_wire() {
	local field fields=()

	for field in "$@"; do
		fields+=(-e "$field")
	done
	tshark -r "$wire" -d udp.port==5004,rtp -Y udp -T fields \
		"${fields[@]}" 2>/dev/null
}

# A summary's number: get_json FILTER, from $output.
get_json() {
	jq -er "$1" <<<"$output"
}

# refuse STATUS TEXT ARGUMENT...
refuse() {
	local wanted=$1 text=$2
	shift 2
	run msend "$@"
	assert_equal "$status" "$wanted"
	assert_output --partial 'msend: '
	assert_output --partial "$text"
	[ "${#lines[@]}" -eq 1 ]
}

# ask_wire FILTER FIELD...: one line for each packet that the filter has. Port 5000 is
# msend's own payload, 5004 RTP, 5006 TS.
ask_wire() {
	local field fields=() filter=$1

	shift
	for field in "$@"; do
		fields+=(-e "$field")
	done
	tshark -r "$wire" -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE \
		-d udp.port==5000,data -d udp.port==5004,rtp -d udp.port==5006,mp2t \
		-Y "$filter" -T fields "${fields[@]}" 2>/dev/null
}

# count_lines: lines that are the same, as "N LINE", sorted.
count_lines() {
	sort | uniq -c | sed 's/^ *//'
}

# numbers [FILTER]: msend's numbers in the order of the wire, in one line.
numbers() {
	local data

	ask_wire "udp.dstport==5000${1:+ && $1}" data.data | while read -r data; do
		echo $((16#${data:8:8}))
	done | paste -sd ' '
}

# count_sent: packets, of the summary in $output.
count_sent() {
	if [[ $output == "{"* ]]; then
		jq '[.flows[].packets] | add' <<<"$output"
	else
		awk '{ for (i = 2; i <= NF; i++) if ($i == "packets,") n += $(i - 1) }
			END { print n }' <<<"$output"
	fi
}

# capture ARGUMENT...: runs msend to its end; all it sent is in $wire. tcpdump does not
# read what is left when it is told to stop.
capture() {
	start_capture
	run msend "$@"
	assert_success
	wait_for has_captured "$(count_sent)"
	stop_capture
}
