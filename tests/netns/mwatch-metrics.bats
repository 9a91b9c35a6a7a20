#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The metrics of mwatch, as a monitoring system meets them: over HTTP and in a file,
# read as strictly as OpenMetrics can be read, while packets come in.

load mwatch

PORT=9478 # of a loopback interface that is ours alone

setup() {
	net_setup
	file=$BATS_TEST_TMPDIR/mwatch.prom
	page=$BATS_TEST_TMPDIR/page
}

teardown() {
	exec 7>&- 8>&-
	net_teardown
}

scrape() {
	in_rx timeout -s KILL "$DEADLINE" "$BATS_TEST_DIRNAME/scrape.py" "$PORT" "$@"
}

# read_page FILE [NAME [LABEL=VALUE]...]: strictly.
read_page() {
	local from=$1
	shift
	"$BATS_TEST_DIRNAME/openmetrics.py" "$@" < "$from"
}

# metric NAME [LABEL=VALUE]...: over HTTP.
metric() {
	scrape get /metrics > "$page" && read_page "$page" "$@"
}

# metric_is VALUE NAME [LABEL=VALUE]...
metric_is() {
	local value=$1
	shift
	[ "$(metric "$@")" = "$value" ]
}

# file_is VALUE NAME [LABEL=VALUE]...
file_is() {
	local value=$1
	shift
	[ -e "$file" ] && [ "$(read_page "$file" "$@")" = "$value" ]
}

has_page() {
	scrape get /metrics > "$page"
}

says() {
	grep -q "$1" "$2"
}

# ask_slowly COMMAND...: in the background; it goes on when descriptor 7 is closed.
# What it says is in $said, its process is $client.
ask_slowly() {
	said=$BATS_TEST_TMPDIR/said
	mkfifo "$BATS_TEST_TMPDIR/hold"
	exec 7<> "$BATS_TEST_TMPDIR/hold"
	ip netns exec "$rx" "$BATS_TEST_DIRNAME/scrape.py" "$PORT" "$@" \
		< "$BATS_TEST_TMPDIR/hold" > "$said" 2>&1 3>&- 7>&- &
	client=$!
	pids+=("$client")
}

@test "a page over HTTP has what was counted, by source, group and direction" {
	start_mwatch -q -i 0.1 --listen $PORT eth0
	wait_for has_page
	send 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	send fd09::3 '[ff3e::1]:5001' eth0
	wait_for metric_is 10 msf_flow_packets_total source=10.9.0.1 group=232.1.1.1 \
		port=5000 interface=eth0 direction=in
	wait_for metric_is 10 msf_flow_packets_total source=10.9.0.2
	wait_for metric_is 10 msf_flow_packets_total source=fd09::3 group=ff3e::1 \
		port=5001
	run metric msf_flow_payload_bytes_total source=10.9.0.1
	assert_output 640
	run metric msf_flow_verdict source=10.9.0.1 msf_flow_verdict=unjoined
	assert_output 1
	run metric msf_interface_packets_total interface=eth0
	assert_output 30
	run metric msf_interface_dropped_packets_total interface=eth0
	assert_output 0
	run metric msf_flows interface=eth0
	assert_output 3
	run metric msf_interface_up interface=eth0
	assert_output 1
	run metric msf_mwatch_info "version=$(mwatch --version | cut -d' ' -f2)"
	assert_output 1
}

@test "loss is told of flows with sequence numbers, of others it is not known" {
	start_mwatch -q -i 0.1 --listen $PORT eth0
	wait_for has_page
	send 10.9.0.1 232.1.1.1:5000 eth0
	wait_for metric_is 0 msf_flow_lost_packets_total source=10.9.0.1
	in_tx socat -u SYSTEM:'echo none' \
		UDP-DATAGRAM:232.1.1.2:5000,ip-multicast-if=10.9.0.2
	wait_for metric_is 1 msf_flow_packets_total group=232.1.1.2
	run metric msf_flow_lost_packets_total group=232.1.1.2
	assert_output ''
}

@test "a client that asks for the older format only gets it" {
	start_mwatch -q -i 0.1 --listen $PORT eth0
	wait_for has_page
	scrape get /metrics text/plain > "$page"
	read_page "$page" --text
	run ! read_page "$page"
	scrape get /metrics 'text/plain;q=0.5,application/openmetrics-text' > "$page"
	read_page "$page"
}

@test "only GET and HEAD of / and /metrics are answered" {
	start_mwatch -q -i 0.1 --listen $PORT eth0
	wait_for has_page
	run scrape ask HEAD /metrics
	assert_output \
		'200 application/openmetrics-text; version=1.0.0; charset=utf-8 - 0'
	run scrape ask GET /
	assert_output --regexp '^200 text/html; charset=utf-8 - [1-9]'
	run scrape ask HEAD /
	assert_output '200 text/html; charset=utf-8 - 0'
	for path in /metric /metrics/ /../metrics '/%2e'; do
		run scrape ask GET "$path"
		assert_output --regexp '^404 text/plain'
	done
	for method in POST PUT DELETE OPTIONS; do
		run scrape ask "$method" /metrics
		assert_output --regexp '^405 text/plain; charset=utf-8 GET, HEAD '
	done
}

@test "before the first interval is over there is no page" {
	start_mwatch -q -i 60 --listen $PORT eth0
	wait_for says '503' <(scrape ask GET /metrics)
	run ! has_page
	stop_mwatch
	assert_equal "$status" 0
}

@test "a hundred clients at once all get a whole page, while packets are counted" {
	start_mwatch --json -i 0.05 --listen $PORT eth0
	wait_for has_page
	keep_sending --source 10.9.0.1,10.9.0.2,10.9.0.3 232.1.1.1:5000 eth0
	run scrape crowd 100
	assert_output 100
	before=$(grep -c '"interval"' "$out")
	wait_for has_more_than "$before"
}

has_more_than() {
	[ "$(grep -c '"interval"' "$out")" -gt "$1" ]
}

@test "a client that does not read keeps nobody waiting, and gets its page in the end" {
	start_mwatch --json -i 0.05 --listen $PORT eth0
	wait_for has_page
	sources=$(echo 10.9.0.{1..12} | tr ' ' ,)
	send "$sources" --count 50 232.1.1.1+50:5000 eth0
	wait_for metric_is 600 msf_flows
	ask_slowly slow
	wait_for says asked "$said"
	run scrape crowd 10
	assert_output 10
	before=$(grep -c '"interval"' "$out")
	wait_for has_more_than "$((before + 3))"
	exec 7>&-
	wait_for is_over "$client"
	run -0 cat "$said"
	[ "${lines[1]}" -gt 1000000 ]
}

@test "half-open connections keep nobody waiting" {
	start_mwatch -q -i 0.1 --listen $PORT eth0
	wait_for has_page
	ask_slowly half 10
	wait_for says open "$said"
	run scrape crowd 20
	assert_output 20
	stop_mwatch
	assert_equal "$status" 0
}

@test "connections that ask for nothing are given up, however many they are" {
	start_mwatch -q -i 0.1 --listen $PORT eth0
	wait_for has_page
	ask_slowly half 20 # four more than are held at once
	wait_for says open "$said"
	wait_for has_page
	is_alive "$client"
}

# The thread of libmicrohttpd, which names it.
find_server() {
	grep -l '^MHD' "/proc/$mwatch/task"/*/comm
}

@test "who answers has no capabilities, though a port may need them" {
	PORT=80
	start_mwatch -q -i 0.1 --listen $PORT eth0
	wait_for has_page
	server=$(find_server)
	run grep -E '^Cap(Inh|Prm|Eff|Amb):' "${server%comm}status"
	assert_equal "${#lines[@]}" 4
	refute_line --regexp ':.*[1-9a-f]'
}

@test "--listen is on the loopback interface unless told otherwise" {
	start_mwatch -q -i 0.1 --listen $PORT eth0
	wait_for has_page
	run in_rx ss -Hltn
	assert_output --partial "127.0.0.1:$PORT"
	refute_output --regexp '(0\.0\.0\.0|\*|\[::\]):'$PORT' '
	stop_mwatch
	start_mwatch -q -i 0.1 --listen "[::]:$PORT" eth0
	wait_for has_page
}

@test "--listen says what is wrong with the address" {
	run_mwatch -q --listen 127.0.0.1 eth0
	assert_equal "$status" 2
	assert_equal "$stderr" "mwatch: --listen: 127.0.0.1: a port is missing, as in\
 127.0.0.1:9478 or [::1]:9478"
	run_mwatch -q --listen http://127.0.0.1:$PORT eth0
	assert_equal "$status" 2
	[[ $stderr == *": neither a URL nor a prefix: write an address, as in 127"* ]]
	run_mwatch -q --listen 10.99.99.99:$PORT eth0
	assert_equal "$status" 1
	[[ $stderr == "mwatch: --listen: 10.99.99.99:$PORT: "*"no such address"* ]]
	run_mwatch -q --listen $'\e[31m' eth0
	assert_equal "$status" 2
	[[ $stderr != *$'\e'* ]]
	start_mwatch -q --listen $PORT eth0
	wait_for says 503 <(scrape ask GET /metrics)
	run_mwatch -q --listen $PORT eth0
	assert_equal "$status" 1
	[[ $stderr == "mwatch: --listen: $PORT: Address already in use; "* ]]
}

@test "a file has the same, for anybody to read, and stays at the end" {
	umask 077
	start_mwatch -q -i 0.1 --textfile "$file" eth0
	send 10.9.0.1 232.1.1.1:5000 eth0
	wait_for file_is 10 msf_flow_packets_total source=10.9.0.1
	read_page "$file" --text
	assert_equal "$(stat -c %a "$file")" 644
	stop_mwatch
	assert_equal "$status" 0
	file_is 10 msf_flow_packets_total source=10.9.0.1
	assert_equal "$(ls -A "$BATS_TEST_TMPDIR")" "$(printf '%s\n' "${err##*/}" \
		"${file##*/}" "${out##*/}" | sort)"
}

@test "whoever reads the file gets a whole page at any time" {
	sources=$(echo 10.9.0.{1..12} | tr ' ' ,)
	start_mwatch -q -i 0.01 --textfile "$file" eth0
	send "$sources" --count 50 232.1.1.1+50:5000 eth0
	wait_for file_is 600 msf_flows
	inodes=$(for _ in {1..200}; do
		# One open file: what is read is what was there at that moment.
		exec 8< "$file"
		[ "$(tail -n 1 <&8)" = '# EOF' ] || echo cut
		stat -L -c %i /dev/fd/8
	done | sort -u)
	refute [ "${inodes/cut/}" != "$inodes" ]
	[ "$(wc -l <<< "$inodes")" -gt 1 ]
}

@test "what a killed mwatch left behind is removed, what another one writes is not" {
	echo left > "$file.mwatch-new"
	start_mwatch -q -i 60 --textfile "$file" eth0
	wait_for [ ! -e "$file.mwatch-new" ]
	stop_mwatch
	exec 8> "$file.mwatch-new"
	flock -x 8
	run_mwatch -q --textfile "$file" eth0
	assert_equal "$status" 1
	assert_equal "$stderr" "mwatch: --textfile: $file: another mwatch writes this\
 file: choose another name"
	[ -e "$file.mwatch-new" ]
}

@test "--textfile writes into no file that has another name or another owner" {
	echo precious > "$BATS_TEST_TMPDIR/precious"
	ln "$BATS_TEST_TMPDIR/precious" "$file.mwatch-new"
	run_mwatch -q -n 1 -i 0.01 --textfile "$file" eth0
	assert_equal "$status" 1
	assert_equal "$(cat "$BATS_TEST_TMPDIR/precious")" precious
	rm "$file.mwatch-new"
	echo theirs > "$file.mwatch-new"
	chown 12345 "$file.mwatch-new"
	chmod 666 "$file.mwatch-new"
	run_mwatch -q -n 1 -i 0.01 --textfile "$file" eth0
	assert_equal "$status" 1
	assert_equal "$(cat "$file.mwatch-new")" theirs
}

@test "--textfile says at once what it cannot write" {
	local bad
	for bad in "$BATS_TEST_TMPDIR/none/x.prom" "$BATS_TEST_TMPDIR" /dev/null \
		/proc/x.prom; do
		run_mwatch -q --textfile "$bad" eth0
		assert_equal "$status" 1
		[[ $stderr == "mwatch: --textfile: $bad: "* ]]
	done
	[ -c /dev/null ]
	# Our user may write there only by a capability that is given up.
	mkdir "$BATS_TEST_TMPDIR/other"
	chown 12345 "$BATS_TEST_TMPDIR/other"
	run_mwatch -q --textfile "$BATS_TEST_TMPDIR/other/x.prom" eth0
	assert_equal "$status" 1
	[[ $stderr == *"its directory must be writable for the user that"* ]]
}

@test "--textfile replaces nothing but what mwatch has written, and empty files" {
	local kept
	for kept in precious '# TYPE msf' '# TYPE msf_mjoin gauge'; do
		echo "$kept" > "$file"
		run_mwatch -q -n 1 -i 0.01 --textfile "$file" eth0
		assert_equal "$status" 1
		assert_equal "$stderr" "mwatch: --textfile: $file: it is there, and not \
known as metrics of mwatch: it would be replaced; choose another name, or remove it"
		assert_equal "$(cat "$file")" "$kept"
	done
	: > "$file"
	run_mwatch -q -n 1 -i 0.01 --textfile "$file" eth0
	assert_equal "$status" 0
	read_page "$file"
	run_mwatch -q -n 1 -i 0.01 --textfile "$file" eth0
	assert_equal "$status" 0
}

@test "a full disk is said once, leaves the old file whole and no other, and heals" {
	mkdir "$BATS_TEST_TMPDIR/small"
	cat > "$BATS_TEST_TMPDIR/inner" <<-'EOT'
		mount -t tmpfs -o size=64k none "$1" && shift && exec mwatch "$@"
	EOT
	dir=$BATS_TEST_TMPDIR/small
	err=$BATS_TEST_TMPDIR/err
	ip netns exec "$rx" unshare -m bash "$BATS_TEST_TMPDIR/inner" "$dir" -q -i 0.05 \
		--textfile "$dir/x.prom" eth0 < /dev/null 2> "$err" 3>&- &
	mwatch=$!
	pids+=("$mwatch")
	small=/proc/$mwatch/root$dir
	wait_for [ -s "$small/x.prom" ]
	sources=$(echo 10.9.0.{1..12} | tr ' ' ,)
	send "$sources" --count 50 232.1.1.1+50:5000 eth0
	wait_for says 'No space left on device' "$err"
	read_page "$small/x.prom"
	stop_mwatch
	assert_equal "$status" 1
	assert_equal "$(wc -l < "$err")" 1
}
