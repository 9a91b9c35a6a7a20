#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154,SC2016
#
# A page of mwatch --report, made of a real record, as a browser shows it: headless
# Chromium opens it in a network namespace that leads nowhere (browser.py).

# The files of the other folder load their own neighbours.
load_netns() {
	local BATS_TEST_DIRNAME=$BATS_TEST_DIRNAME/../netns

	load mwatch
}
load_netns

# Three flows, one that loses packets, one that cannot be known, one of IPv6; recorded
# and opened once for all tests.
setup_file() {
	BATS_TEST_NUMBER=0
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	export record=$BATS_FILE_TMPDIR/record page=$BATS_FILE_TMPDIR/page.html \
		facts=$BATS_FILE_TMPDIR/facts
	net_setup
	keep_sending --source 10.9.0.1 --rtp --rate 200 --lose '*/50' 232.1.1.1:5000 eth0
	keep_sending --source 10.9.0.2 --rtp --rate 100 232.1.1.1:5000 eth0
	keep_sending --source fd09::1 --rtp --rate 50 '[ff3e::1]:5000' eth0
	in_rx timeout "$DEADLINE" mwatch --json --interval 0.25 --count 12 \
		--record "$record" eth0 > "$BATS_FILE_TMPDIR/seen"
	mwatch --report "$page" "$record"
	timeout 120 unshare --net "$BATS_TEST_DIRNAME/browser.py" "$page" > "$facts"
}

teardown_file() {
	net_teardown || true
}

# fact JQ: a question to the facts; $record is the record as an array.
fact() {
	jq -e --slurpfile record "$record" "$1" "$facts"
}

@test "the record is what was seen" {
	cmp "$record" "$BATS_FILE_TMPDIR/seen"
	jq -es 'map(select(.event == "interval")) | length == 12' "$record"
	jq -es 'last | .event == "summary" and (.flows | length) == 3' "$record"
}

@test "nothing is asked for but the page, and the browser has no complaint" {
	fact '(.requests | length) == 1 and (.requests[0] | startswith("file://"))'
	fact '.complaints == []'
	fact '.scripts == 0'
	run ! grep -qE 'https?:|//|<script|<img|<link|@import|url\(' "$page"
}

@test "heading and sentence name the interface and the numbers of the record" {
	fact '.title == "Multicast on eth0" and .heading == .title'
	packets=$(jq -s 'last | [.flows[].packets] | add' "$record")
	lost=$(jq -s 'last | [.flows[].lost] | add' "$record")
	[ "$lost" -gt 0 ]
	fact '.finding | gsub(","; "") |
		startswith("3 flows '"$packets"' packets. 1 of 3 flows ") and
		contains("lost '"$lost"' packets")'
}

@test "the cells of the table are the numbers of the record" {
	fact '($record | last | .flows | sort_by(-.packets) | map([.source,
		(if .group | contains(":") then "[\(.group)]" else .group end) +
			":\(.port)",
		"\(.packets)", "\(.lost)", "\(.duplicates)", "\(.reordered)",
		"\(.ttl)", .verdict])) ==
		(.flows | map([.[0], .[1], (.[2] | gsub(","; "")), .[4], .[6], .[7],
			.[11], .[12]]))'
	fact '(.interfaces[0][:3] | map(gsub(","; ""))) ==
		($record | map(select(.event == "interval")) |
		["eth0", "\(map(.packets) | add)", "\(map(.bytes) | add)"])'
}

@test "a plot for each flow, a step of its line for each interval" {
	fact '(.plots | map(.name)) == (.flows | map("\(.[0]) → \(.[1])"))'
	fact 'all(.plots[]; .lines | add == 24)'
	fact 'all(.plots[]; (.words | length) == 12)'
}

@test "a bar and a sentence for each interval with loss" {
	fact '.plots[0].bars == ($record | map(select(.event == "interval").flows[] |
		select(.source == "10.9.0.1" and .lost > 0)) | length)'
	fact '[.plots[1:][].bars] | add == 0'
	fact '(.plots[0].words | map(capture(", (?<n>[0-9]+) lost").n)) ==
		($record | map(select(.event == "interval").flows[] |
		select(.source == "10.9.0.1") | "\(.lost)"))'
}

@test "axes have units and ticks, and nothing is drawn outside" {
	# as long as the intervals became on a busy machine
	fact 'all(.plots[]; .ticks | index("packets/s") and
		any(.[]; test("^lost in 0\\.2[5-9] s$")))'
	fact 'all(.plots[]; [.ticks[] | select(test("^[0-9:]{8}$"))] | length >= 2)'
	fact 'all(.plots[]; .inside and .box[0] > 500 and .box[1] > 0)'
	fact '.is_wide == false and .targets'
}

@test "light and dark screens have their colours, paper is light" {
	fact '.light.back != .dark.back and .light.text != .dark.text and
		.light.rate != .dark.rate and .print.text == .light.text and
		.print.back == "rgb(255, 255, 255)"'
	# Text can be read: WCAG 2.1 asks for a contrast of 4.5.
	fact 'def luminance: [scan("[0-9]+") | tonumber / 255 |
			if . <= 0.03928 then . / 12.92
			else pow((. + 0.055) / 1.055; 2.4) end] |
			0.2126 * .[0] + 0.7152 * .[1] + 0.0722 * .[2];
		def contrast(a; b): [a, b | luminance] | sort |
			(.[1] + 0.05) / (.[0] + 0.05);
		all(.light, .dark, .print; contrast(.back; .text) >= 7 and
			contrast(.back; .mute) >= 4.5 and
			contrast(.back; .rate) >= 3 and contrast(.back; .title) >= 7)'
}
