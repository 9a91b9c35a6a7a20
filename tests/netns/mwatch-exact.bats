#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# mwatch counts exactly at the highest rate that msend reaches: what it did not count,
# the kernel dropped and mwatch says so; and more senders than it has room for neither
# stop it nor make it grow.

load mwatch

# What mwatch may hold at most, its rings too; a million flows would be thrice as much.
MEMORY_MAX_KIB=$((200 * 1024))

setup() {
	net_setup
	flood=(in_tx timeout "$DEADLINE" msend --quiet --packet --rate 0)
}

teardown() {
	net_teardown
}

# is_sanitised: this build has other memory beside that of mwatch.
is_sanitised() {
	grep -qa __asan_init "$MWATCH"
}

# get_peak: the most memory that $mwatch has held, in KiB.
get_peak() {
	awk '$1 == "VmHWM:" { print $2 }' "/proc/$mwatch/status"
}

# total JQ: of the summary of the one interface.
total() {
	ask summary "$1"
}

@test "2,000,000 packets of 100 sources as fast as it goes: each is counted or told" {
	local drops
	start_mwatch --json -i 60 eth0
	"${flood[@]}" --source 10.9.0.1+100 --count 20000 232.1.1.1:5000 eth0
	stop_mwatch
	assert_equal "$status" 0
	drops=$(total .kernel_drops)
	assert_equal "$(($(total .packets) + drops))" 2000000
	assert_equal "$(total '[.flows[].packets] | add')" "$(total .packets)"
	assert_equal "$(total '.flows | length')" 100
	[ "$(total '[.flows[].packets] | max')" -le 20000 ]
	[ "$drops" -gt 0 ] || [ "$(total '[.flows[].packets] | min')" -eq 20000 ]
}

# Between two packets of the real flow there are fewer others than the table holds, so
# that it is never the idlest.
@test "1,000,000 spoofed sources: all counted, in bounded memory; a real flow in full" {
	local i drops peak real n_chunks=20 n_real=50
	start_mwatch --json -i 60 eth0
	for ((i = 0; i < n_chunks; i++)); do
		"${flood[@]}" --source "10.$((i + 16)).0.0+50000" --count 1 \
			232.1.1.1:5000 eth0
		"${flood[@]}" --source 10.9.0.1 --first $((i * n_real)) \
			--count $n_real 232.1.1.1:5000 eth0
	done
	peak=$(get_peak)
	stop_mwatch
	assert_equal "$status" 0
	n_real=$((n_real * n_chunks))
	drops=$(total .kernel_drops)
	assert_equal "$(($(total .packets) + drops))" $((1000000 + n_real))
	assert_equal "$(total '.flows | length')" 65536
	real=$(total '.flows[] | select(.source == "10.9.0.1").packets')
	[ "$real" -le "$n_real" ]
	[ "$real" -ge $((n_real - drops)) ]
	if [ "$drops" -eq 0 ]; then
		assert_equal "$(total .evicted)" $((1000000 + 1 - 65536))
		assert_equal "$(total '.flows[] | select(.source == "10.9.0.1").lost')" 0
	fi
	is_sanitised || [ "$peak" -le "$MEMORY_MAX_KIB" ]
}

# A burst of a million packets, none of which may stop the counting.
@test "1,000,000 spoofed sources as fast as it goes: each is counted or told" {
	local drops
	start_mwatch --json -i 60 --flows 1000 eth0
	"${flood[@]}" --source 10.0.0.0+1000000 --count 1 232.1.1.1:5000 eth0
	stop_mwatch
	assert_equal "$status" 0
	drops=$(total .kernel_drops)
	assert_equal "$(($(total .packets) + drops))" 1000000
	assert_equal "$(total '.flows | length')" 1000
	assert_equal "$(($(total .evicted) + drops))" $((1000000 - 1000))
}

# last_bytes: of the sources of all flows, in order.
last_bytes() {
	total '[.flows[].source | split(".")[3] | tonumber] | sort | join(" ")'
}

@test "who was idle for longest makes room, and how many went is said" {
	start_mwatch --json -i 60 --flows 10 eth0
	"${flood[@]}" --source 10.0.0.1+30 --count 1 232.1.1.1:5000 eth0
	stop_mwatch
	assert_equal "$(total .evicted)" 20
	assert_equal "$(last_bytes)" "21 22 23 24 25 26 27 28 29 30"
	start_mwatch --json -i 60 --flows 10 eth0
	"${flood[@]}" --source 10.0.0.1+10 --count 1 232.1.1.1:5000 eth0
	"${flood[@]}" --source 10.0.0.1 --count 1 232.1.1.1:5000 eth0
	"${flood[@]}" --source 10.0.0.11+9 --count 1 232.1.1.1:5000 eth0
	stop_mwatch
	assert_equal "$(total .evicted)" 9
	assert_equal "$(last_bytes)" "1 11 12 13 14 15 16 17 18 19"
}
