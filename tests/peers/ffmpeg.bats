#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# ffmpeg receives one of two MPEG-TS streams on the same group and port, by its own
# sources= and block=, on this kernel and by the preload shim on systems that have no
# source filters. Sender N, also ffmpeg, has the address 10.9.0.N, its stream the PID
# N00 (hexadecimal) and the service name "sender N".

load_netns() {
	local BATS_TEST_DIRNAME=$BATS_TEST_DIRNAME/../netns

	load receivers/receivers
}
load_netns

systems=(full ENOPROTOOPT "--no-bpf 0")
stream="udp://232.1.1.1:5000?localaddr=10.9.0.100"

start_sender() {
	local options="localaddr=10.9.0.$1&pkt_size=1316&ttl=1"

	ip netns exec "$tx" ffmpeg -nostdin -v error -re -f lavfi \
		-i testsrc=size="$((160 * $1))"x120:rate=25 -c:v mpeg2video -b:v 2M -g 5 \
		-metadata service_name="sender $1" -mpegts_start_pid "$(($1 * 256))" \
		-mpegts_pmt_start_pid "$((4096 + $1))" \
		-f mpegts "udp://232.1.1.1:5000?$options" < /dev/null 3>&- &
	pids+=($!)
}

setup_file() {
	BATS_TEST_NUMBER=0
	net_setup
	export tx rx
	start_sender 1
	start_sender 2
}

teardown_file() {
	net_teardown
}

# senders SYSTEM OPTION: of 60 kB of the stream as it arrives; left out is what came
# before ffmpeg blocks a source, which it does when it has joined.
senders() {
	local file=$BATS_TEST_TMPDIR/stream

	on "$1" ffmpeg -nostdin -v error -y -f data -i "$stream&$2" -map 0 -c copy \
		-fs 60000 -f data "$file"
	od -A n -t u1 -v -w188 -j 7520 "$file" |
		awk '{ pid = $2 % 32 * 256 + $3 }
			pid == 256 || pid == 512 { print pid / 256 }' | sort -u |
		paste -sd ' '
}

@test "without a filter both streams arrive" {
	assert_equal "$(senders full "")" "1 2"
	assert_equal "$(senders "bare ENOPROTOOPT" "")" "1 2"
}

@test "sources= lets the packets of this source in, and no others" {
	for system in "${systems[@]}"; do
		assert_equal "$system $(senders "$system" sources=10.9.0.1)" "$system 1"
		assert_equal "$system $(senders "$system" sources=10.9.0.2)" "$system 2"
	done
}

@test "block= keeps the packets of this source out, and no others" {
	for system in "${systems[@]}"; do
		assert_equal "$system $(senders "$system" block=10.9.0.1)" "$system 2"
		assert_equal "$system $(senders "$system" block=10.9.0.2)" "$system 1"
	done
}

@test "the stream is whole: ffprobe names its service, and ffmpeg decodes it" {
	for system in "${systems[@]}"; do
		run on "$system" ffprobe -v error -probesize 100000 \
			-show_entries program_tags=service_name:stream=width -of flat \
			"$stream&sources=10.9.0.2"
		assert_line --partial 'service_name="sender 2"'
		assert_line --partial 'width=320'
		refute_output --partial 'sender 1'
		# From a key frame on there is nothing that it cannot decode.
		run on "$system" ffmpeg -nostdin -v error -probesize 100000 \
			-i "$stream&sources=10.9.0.2" -ss 0.5 -frames:v 25 -f framemd5 -
		assert_success
		[ "$(grep -c '^0,' <<< "$output")" = 25 ]
	done
}

@test "without the shim ffmpeg cannot ask for a source" {
	LIMIT=5 run on "bare ENOPROTOOPT" ffmpeg -nostdin -v error -f data \
		-i "$stream&sources=10.9.0.1" -map 0 -c copy -fs 1000 -f data -y /dev/null
	assert_failure
	assert_output --partial 'Protocol not available'
}

@test "ffmpeg fails as on a kernel with source filters" {
	local wrong first

	for wrong in sources=10.9.0.1,10.9.0.1 block=10.9.0.1,10.9.0.1 sources=fd09::1; do
		for system in "${systems[@]}"; do
			LIMIT=5 run on "$system" ffmpeg -nostdin -v error -f data \
				-i "$stream&$wrong" -map 0 -c copy -fs 1000 -f data \
				-y /dev/null
			output=$(sed 's/@ 0x[0-9a-f]*//' <<< "$output")
			[ "$system" = full ] && first="$status $output"
			assert_equal "$wrong $status $output" "$wrong $first"
		done
		[ "${first%% *}" != 0 ]
	done
}
