# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# receivers: programs that we did not write, on a kernel with source filters and, by the
# preload shim, on systems that have none. The same packets arrive all the time: from
# 10.9.0.1 to .3 for 232.1.1.1:5000 and from fd09::1 to ::3 for [ff3e::1]:5000.

load "$BATS_TEST_DIRNAME/../netns/common"

netns_dir=$BATS_TEST_DIRNAME/../netns
receivers=$netns_dir/receivers

# Once for all tests of a file.
receivers_setup() {
	local i

	BATS_TEST_NUMBER=0
	net_setup
	export tx rx
	for i in 1 2 3; do
		keep_sending --source "10.9.0.$i" --first "${i}000000" --rate 500 \
			232.1.1.1:5000 eth0
		keep_sending --source "fd09::$i" --first "${i}000000" --rate 500 \
			"[ff3e::1]:5000" eth0
	done
}

# Each test begins with nothing of its own.
setup() {
	pids=()
	n_started=0
}

teardown() {
	local pid

	for pid in "${pids[@]}"; do
		kill "$pid" 2> /dev/null && wait "$pid"
	done
	true
}

# launch SYSTEM: sets launcher. "full" is this kernel as it is, "kernel" the same with the
# shim; other words are options of no-filters.py, such as "--no-bpf 0", with the shim,
# and "bare WORDS" without it.
launch() {
	local words

	read -ra words <<< "$1"
	launcher=(timeout -k 1 "${LIMIT:-$DEADLINE}" ip netns exec "$rx")
	case ${words[0]} in
	full) ;;
	kernel) launcher+=(msfctl run --) ;;
	bare) launcher+=("$netns_dir/no-filters.py" "${words[@]:1}") ;;
	*) launcher+=("$netns_dir/no-filters.py" "${words[@]}" msfctl run --) ;;
	esac
}

# on SYSTEM COMMAND...
on() {
	local launcher

	launch "$1"
	shift
	"${launcher[@]}" "$@"
}

# start_on SYSTEM COMMAND...: in the background. Its words are in the file $out, its
# process is $pid, those of the last one started.
start_on() {
	local launcher

	launch "$1"
	shift
	n_started=$((n_started + 1))
	out=$BATS_TEST_TMPDIR/out.$n_started
	"${launcher[@]}" "$@" < /dev/null > "$out" 2>&1 3>&- &
	pid=$!
	pids+=("$pid")
}

stop() {
	kill "$1" || true
	wait "$1" || true
}

# The system that is the referee, and the one that is judged.
systems=(full ENOPROTOOPT)

# same COMMAND...: says, and ends with, the same on all systems; $output, $status. Left
# out is what changes from run to run, as the order does in which threads speak.
same() {
	local system first

	for system in "${systems[@]}"; do
		run on "$system" "$@"
		output=$(sed -E 's/^[0-9/]+ [0-9:]+ socat\[[0-9]+\] /socat /
			s/(time|after|in) [0-9.]+ (ms|seconds)/\1 N \2/' <<< "$output" |
			sort)
		[ "$system" = full ] && first="$status $output"
		assert_equal "$status $output" "$first"
	done
}

# needs_shim COMMAND...: without the shim, the system refuses it.
needs_shim() {
	LIMIT=3 run on "bare ENOPROTOOPT" "$@"
	assert_failure
	assert_output --regexp 'Protocol not available|ENOPROTOOPT'
}

# tally SED: how many packets of whom; SED -n prints the sources out of $output.
tally() {
	sed -nE "$1" <<< "$output" | sort | uniq -c | sed 's/^ *//'
}

mcfirst_sources='s/^Received .* from ([^ ]+) after.*/\1/p'

# A packet's sender, of socat -d -d.
socat_sources='s/.* received packet .* from AF=[0-9]+ \[?([0-9a-f.:]+)\]?:[0-9]+$/\1/p'

# hear SYSTEM SOURCES ADDRESS[,OPTION...]: 20 packets, to socat.
hear() {
	run on "$1" socat -u -d -d "$3,readbytes=1280" OPEN:/dev/null
	assert_success
	assert_equal "$(tally "$socat_sources" | paste -sd ' ')" "$2"
}

is_joined() {
	in_rx grep -q "$1" /proc/net/igmp
}

# iperf_send SOURCE SECONDS: in the background.
iperf_send() {
	ip netns exec "$tx" iperf -c 232.1.1.1 -u -B "$1" -b 200pps -t "$2" \
		> /dev/null 2>&1 3>&- &
	pids+=($!)
}

has_iperf_report() {
	grep -q ' 0/[0-9]* (0%)' "$out" || is_over "$pid"
}

# hear_iperf SYSTEM SOURCE OTHER: two clients, of which the server takes the first.
hear_iperf() {
	start_on "$1" iperf -s -u -B 232.1.1.1%eth0 --ssm-host "$2"
	wait_for is_joined 010101E8
	iperf_send "$3" 0.6
	iperf_send "$2" 0.2
	wait_for has_iperf_report || fail "$(cat "$out")"
	stop "$pid"
	cat "$out"
	assert_equal "$(sed -n 's/.* connected with \(.*\) port .*/\1/p' "$out")" "$2"
}

# send_large: 1316 bytes, as multicat wants them, to 232.1.1.1:5002, until the end of
# the test.
send_large() {
	local i

	for i in 1 2 3; do
		keep_sending --source "10.9.0.$i" --first "${i}000000" --size 1316 \
			--rate 500 232.1.1.1:5002 eth0
	done
}

# numbered FILE: the senders of the packets of 1316 bytes in it.
numbered() {
	od -A n -t u4 --endian=big -v -w1316 "$1" | awk '{ print int($2 / 1000000) }' |
		sort -u
}

has_bytes() {
	[ "$(stat -c %s "$1")" -ge "$2" ]
}

# hear_multicat SYSTEM SENDER ITEM
hear_multicat() {
	local file=$BATS_TEST_TMPDIR/multicat.ts

	: > "$file"
	start_on "$1" multicat -u -U "$3" "$file"
	wait_for has_bytes "$file" $((20 * 1316))
	stop "$pid"
	assert_equal "$(numbered "$file")" "$2"
}

# For IPv4 and for IPv6.
is_ssmpingd_there() {
	[ "$(in_tx ss -Hlun 'sport = 4321' | wc -l)" = 2 ]
}

# start_ssmpingd: on the sending side, until the end of the test.
start_ssmpingd() {
	ip netns exec "$tx" ssmpingd > "$BATS_TEST_TMPDIR/ssmpingd" 2>&1 3>&- &
	pids+=($!)
	wait_for is_ssmpingd_there
}
