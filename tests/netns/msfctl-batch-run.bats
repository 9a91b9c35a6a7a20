#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# msfctl batch: how lines are read, answered and ended; from files, streams and people.

load batch

setup() {
	options=()
	net_setup
}

teardown() {
	net_teardown
}

@test "a failure ends the file with its line on standard error" {
	run_lines "# comment" "" "open" "block 239.1.1.1 eth0 10.9.0.1" "echo no more"
	assert_equal "$status" 1
	assert_equal "${lines[0]}" ok
	assert_equal "${#lines[@]}" 2
	[[ ${lines[1]} == "EINVAL: "* ]]
	[[ $stderr == "msfctl: "*"/lines:4: EINVAL: "*"join the group first"* ]]
}

@test "--keep-going runs them all and counts" {
	printf '%s\n' open "close x" "echo on" "expect ok close x" > "$BATS_TEST_TMPDIR/f"
	run_msfctl batch --keep-going "$BATS_TEST_TMPDIR/f"
	assert_equal "$status" 1
	assert_output "ok
EBADF: no socket x is open: open x opens it
on
unexpected, not ok: EBADF: no socket x is open: open x opens it"
	assert_equal "${#stderr_lines[@]}" 3
	[[ ${stderr_lines[0]} == *"/f:2: EBADF: no socket x"* ]]
	[[ ${stderr_lines[1]} == *"/f:4: unexpected, not ok: EBADF"* ]]
	assert_equal "${stderr_lines[2]}" \
		"msfctl: $BATS_TEST_TMPDIR/f: 2 of 4 lines failed"
	run_msfctl batch -k - <<< "echo fine"
	assert_equal "$status" 0
	assert_equal "$stderr" ""
}

@test "expect passes on that errno, and fails on ok and on every other one" {
	answer "ok, expected: EBADF: no socket is open: open one first" \
		"expect EBADF close"
	assert_equal "$status" 0
	assert_equal "$stderr" ""
	answer "unexpected, not EINVAL: EBADF: no socket is open: open one first" \
		"expect EINVAL close"
	assert_equal "$status" 1
	answer "unexpected, not EINVAL: ok" "expect EINVAL open"
	assert_equal "$status" 1
	answer "unexpected, not EINVAL: EXCLUDE {}" "open" "join 239.1.1.1 eth0" \
		"expect EINVAL get 239.1.1.1 eth0"
	assert_equal "$status" 1
	answer "ok" "expect ok open"
	assert_equal "$status" 0
}

# wrong WHY LINE
wrong() {
	run_lines "open" "$2"
	assert_equal "$status" 2
	assert_equal "$output" ""
	assert_equal "$stderr" "msfctl: $BATS_TEST_TMPDIR/lines:2: $1"
}

@test "a file with a line that cannot be read runs nothing" {
	wrong "jion: no such command; help lists them" "jion 239.1.1.1 eth0"
	wrong "GROUP is missing: join [NAME] GROUP IFACE" "join"
	wrong "IFACE is missing: join [NAME] GROUP IFACE" "join a 239.1.1.1"
	wrong "SOURCE is missing: block [NAME] GROUP IFACE SOURCE" \
		"block 239.1.1.1 eth0"
	wrong "10.9.0.2: one word too many: block [NAME] GROUP IFACE SOURCE" \
		"block 239.1.1.1 eth0 10.9.0.1 10.9.0.2"
	wrong "239.1.1: misspelt IPv4 address: it has four numbers from 0 to 255" \
		"join 239.1.1 eth0"
	wrong "averyveryverylongname: a socket's name has 15 characters at most" \
		"close averyveryverylongname"
	wrong "10.9.0.1: no name of a socket: a letter, then letters, digits, _ and -" \
		"close 10.9.0.1"
	wrong "inet: given twice, or with its contrary" "open inet6 inet"
	wrong "bind: an address of the other family" "open inet bind [::1]:5000"
	wrong "v6only: only for inet6" "open inet v6only"
	wrong "232.1.1.1+2: a socket is bound to one address" "open bind 232.1.1.1+2"
	wrong ":0: the port must be a number from 1 to 65535" "open bind :0"
	wrong "0: must be the number of a protocol, 1 to 255 (2: IGMP)" "open raw 0"
	wrong "x: must be a number of seconds, such as 2 or 0.5" "sleep x"
	wrong "99999999999: too long a time" "sleep 99999999999"
	wrong "maybe: must be on or off" "all maybe"
	wrong "both: must be none, include or exclude" "get 239.1.1.1 eth0 both"
	wrong "EFOO: neither ok nor the name of an errno, such as EINVAL" \
		"expect EFOO close"
	wrong "expect: ok or the name of an errno follows" "expect"
	wrong "expect ok: a command follows" "expect ok"
	wrong "byte 0x1b in column 6: control characters are not allowed" \
		"echo $(printf '\033')[2J"
	wrong "longer than 65535 bytes" "echo $(head -c 70000 /dev/zero | tr '\0' x)"
}

@test "a file that is a pipe is read to its end first, too" {
	run --separate-stderr ip netns exec "$rx" msfctl batch <(printf 'open\nbogus\n')
	assert_equal "$status" 2
	assert_equal "$output" ""
}

@test "lines of standard input are run as they come" {
	pipe_lines "echo one" "bogus" "echo two"
	assert_equal "$status" 2
	assert_output "one
syntax: bogus: no such command; help lists them"
	assert_equal "$stderr" \
		"msfctl: standard input:2: bogus: no such command; help lists them"
	options=(--keep-going)
	pipe_lines "echo one" "bogus" "echo two"
	assert_equal "$status" 2
	assert_equal "${lines[2]}" two
	run_msfctl batch <<< "echo three"
	assert_output three
	run_msfctl batch - < <(printf 'echo no newline')
	assert_output "no newline"
	run_msfctl batch - < /dev/null
	assert_equal "$status:$output" 0:
	run_msfctl batch - < <(printf 'echo dos\r\n')
	assert_output dos
}

@test "bytes that are no lines are refused, whatever there is of them" {
	run_msfctl batch - < <(head -c 100000 /dev/zero)
	assert_equal "$status" 2
	assert_output "syntax: longer than 65535 bytes"
	run_msfctl batch -k - < <(
		head -c 200000 /dev/zero | tr '\0' x
		printf '\necho on\0\necho \303\244\377\necho end\n'
	)
	assert_equal "$status" 2
	assert_equal "${lines[0]}" "syntax: longer than 65535 bytes"
	assert_equal "${lines[1]}" \
		"syntax: byte 0x00 in column 8: control characters are not allowed"
	assert_equal "${lines[2]}" "ä?"
	assert_equal "${lines[3]}" end
}

@test "100,000 lines are run, and files too large refused" {
	yes 'expect EBADF close a' | head -n 100000 > "$BATS_TEST_TMPDIR/long"
	run --separate-stderr ip netns exec "$rx" bash -c \
		"msfctl batch '$BATS_TEST_TMPDIR/long' | sort | uniq -c"
	assert_output --regexp '^ *100000 ok, expected: EBADF: no socket a [a-z: ]*$'
	truncate -s 65M "$BATS_TEST_TMPDIR/huge"
	run_msfctl batch "$BATS_TEST_TMPDIR/huge"
	assert_equal "$status" 1
	assert_equal "$stderr" "msfctl: $BATS_TEST_TMPDIR/huge: longer than 64 MiB; \
standard input may be longer"
}

@test "files that are none are errors" {
	run_msfctl batch "$BATS_TEST_TMPDIR/nothing"
	assert_equal "$status" 1
	assert_equal "$stderr" \
		"msfctl: $BATS_TEST_TMPDIR/nothing: No such file or directory"
	run_msfctl batch "$BATS_TEST_TMPDIR"
	assert_equal "$status" 1
	assert_equal "$stderr" "msfctl: $BATS_TEST_TMPDIR: Is a directory"
}

@test "wrong options are usage errors" {
	run_msfctl batch a b
	assert_equal "$status:$stderr" "2:msfctl: b: one file at a time"
	run_msfctl batch --backend none -
	assert_equal "$status:$stderr" \
		"2:msfctl: --backend: must be auto, kernel or asm"
	run_msfctl batch --semantics bsd -
	assert_equal "$status:$stderr" "2:msfctl: --semantics: must be table or linux"
	run_msfctl batch --bogus -
	assert_equal "$status:$stderr" \
		"2:msfctl: --bogus: unknown option; msfctl batch --help lists them"
	MSF_SEMANTICS=bsd run_msfctl batch - <<< "echo"
	assert_equal "$status" 1
	assert_equal "$output" ""
}

@test "the table is that of the option, else of the environment" {
	printf '%s\n' open "join 239.1.1.1 eth0" "join-source 239.1.1.1 eth0 10.9.0.1" \
		> "$BATS_TEST_TMPDIR/linux"
	run_msfctl batch "$BATS_TEST_TMPDIR/linux"
	assert_equal "$status" 1
	run_msfctl batch --semantics linux "$BATS_TEST_TMPDIR/linux"
	assert_equal "$status" 0
	MSF_SEMANTICS=linux run_msfctl batch "$BATS_TEST_TMPDIR/linux"
	assert_equal "$status" 0
	MSF_SEMANTICS=linux run_msfctl batch --semantics table "$BATS_TEST_TMPDIR/linux"
	assert_equal "$status" 1
	run_msfctl batch --backend kernel - <<< "open"
	assert_equal "$status" 0
}

@test "echo keeps its blanks, sleep waits, help lists, quit ends" {
	start=$(date +%s%N)
	run_lines "echo  a   b  # not this" "sleep 0.3" "echo" "help" "quit" \
		"echo not this"
	took=$((($(date +%s%N) - start) / 1000000))
	assert_equal "$status" 0
	assert_equal "${lines[0]}" "a   b"
	assert_equal "${lines[1]}" ok
	assert_equal "${lines[-1]}" ok
	assert_line --partial "exclude [NAME] GROUP IFACE [idempotent] [SOURCE...]"
	[ "$took" -ge 300 ]
}

# json JQ: what the lines of the file $BATS_TEST_TMPDIR/j say as JSON.
json() {
	run_msfctl batch --json --keep-going "$BATS_TEST_TMPDIR/j"
	jq -ec "$1" <<< "$output" || fail "$1: $output"
}

@test "--json answers with an object a line" {
	cat > "$BATS_TEST_TMPDIR/j" <<- 'END'
		# not an answer
		open a bind :5000
		exclude 239.1.1.1 eth0 10.9.0.2 10.9.0.1
		get 239.1.1.1 eth0
		get 239.1.1.2 eth0 none
		expect EADDRINUSE join a 239.1.1.1 eth0
		leave 239.1.1.3 eth0
		recv 0
		echo "quoted" \ text
		get
		join 232.1.1.1 eth0
		expect EINVAL close
	END
	run_msfctl batch --json --keep-going "$BATS_TEST_TMPDIR/j"
	assert_equal "$status" 1
	assert_equal "$(jq -s length <<< "$output")" 11
	jq -es 'all(.[]; (.time | length > 20) and .event == "answer"
		and (keys_unsorted[0:2] == ["time", "event"]))' <<< "$output"
	assert_equal "$(jq -c '[.line, .command, .socket, .error, .expected, .failed]' \
		<<< "$output")" '[2,"open","a",null,null,false]
[3,"exclude","a",null,null,false]
[4,"get","a",null,null,false]
[5,"get","a",null,null,false]
[6,"join","a","EADDRINUSE","EADDRINUSE",false]
[7,"leave","a","EADDRNOTAVAIL",null,true]
[8,"recv","a",null,null,false]
[9,"echo",null,null,null,false]
[10,"get","a",null,null,false]
[11,"join","a",null,null,false]
[12,"close","a",null,"EINVAL",true]'
	assert_equal "$(line 4 '[.mode, .sources]')" '["exclude",["10.9.0.1","10.9.0.2"]]'
	assert_equal "$(line 5 '[.mode, .sources]')" '[null,[]]'
	assert_equal "$(line 7 '.detail | length > 20')" true
	assert_equal "$(line 8 '[.packets, .bytes, .others, .kernel_drops, .flows]')" \
		'[0,0,0,0,[]]'
	assert_equal "$(line 9 .text)" '"\"quoted\" \\ text"'
	assert_equal "$(line 10 '.memberships[] | [.interface, .group, .mode,
		.sources]')" \
		'["eth0","239.1.1.1","exclude",["10.9.0.1","10.9.0.2"]]'
	assert_equal "$(line 11 '.detail | test("RFC 4607")')" true
}

# line NUMBER JQ
line() {
	jq -c "select(.line == $1) | $2" <<< "$output"
}

@test "--json tells packets by source" {
	start_batch --json
	ask "open bind :5000"
	ask "join 239.1.1.1 eth0"
	send 10.9.0.1,10.9.0.2 --size 100 239.1.1.1:5000 eth0
	ask "recv 0.1"
	assert_equal "$(jq -c '[.packets, .bytes]' <<< "$reply")" '[20,2000]'
	assert_equal "$(jq -c '.flows[]' <<< "$reply")" \
		'{"source":"10.9.0.1","packets":10,"bytes":1000}
{"source":"10.9.0.2","packets":10,"bytes":1000}'
}

@test "--json stays JSON for lines of any bytes" {
	printf 'echo \303\244\377"\\\nb\377d\nclose a\0\n' > "$BATS_TEST_TMPDIR/bytes"
	run --separate-stderr ip netns exec "$rx" msfctl batch --json -k - \
		< "$BATS_TEST_TMPDIR/bytes"
	assert_equal "$status" 2
	assert_equal "$(jq -s length <<< "$output")" 3
	assert_equal "$(line 1 .text)" '"ä�\"\\"'
	assert_equal "$(line 2 '[.command, .error, .failed]')" '[null,"syntax",true]'
}

is_asleep() {
	grep -q awake "$out"
}

# interrupt SIGNAL LINE: during the line of a file; sets $status.
interrupt() {
	printf '%s\n' "open" "echo awake" "$2" "echo not this" > "$BATS_TEST_TMPDIR/f"
	start_in "$rx" msfctl batch -k "$BATS_TEST_TMPDIR/f"
	wait_for is_asleep
	kill -"$1" "$pid"
	mjoin=$pid
	reap
	assert_equal "$status" 1
	assert_equal "$(tail -n 1 "$err")" "msfctl: $BATS_TEST_TMPDIR/f:3: ended by SIG$1"
	run ! grep "not this" "$out"
}

@test "a signal ends what waits, and the file" {
	interrupt INT "sleep 60"
	interrupt TERM "recv 60"
	interrupt HUP "recv 60"
}

@test "a signal ends the wait for a line, and for a reader" {
	start_batch
	asked "open"
	kill -TERM "$pid"
	end_batch
	assert_equal "$status" 1
	assert_equal "$(cat "$err")" "msfctl: standard input:1: ended by SIGTERM"

	yes 'echo more than a pipe holds' | head -n 100000 > "$BATS_TEST_TMPDIR/f"
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 7<> "$BATS_TEST_TMPDIR/pipe"
	ip netns exec "$rx" msfctl batch "$BATS_TEST_TMPDIR/f" 2> "$err" >&7 3>&- 7>&- &
	mjoin=$!
	pids+=("$mjoin")
	read -r -t "$DEADLINE" _ <&7
	wait_for is_waiting "$mjoin"
	kill -TERM "$mjoin"
	reap
	exec 7>&-
	assert_equal "$status" 1
	[[ $(cat "$err") == *"/f:"*": ended by SIGTERM" ]]
}

# It has begun to run lines, so the only thing to wait for is its reader.
is_waiting() {
	grep -q '^State:.S' "/proc/$1/status"
}

@test "answers that cannot be written are an error" {
	run --separate-stderr ip netns exec "$rx" bash -c 'msfctl batch - > /dev/full' \
		<<< "echo lost"
	assert_equal "$status" 1
	assert_equal "$stderr" "msfctl: standard output: No space left on device"
}

# A person at a terminal

@test "a person gets a prompt, answers, and goes with Ctrl-D" {
	on_terminal 'msfctl> ' 'open bind :5000\n' 'ok' '' 'msfctl> ' 'bogus\n' \
		'syntax: bogus' '' 'msfctl> ' 'join 10.9.0.1 eth0\n' 'EINVAL: ' '' \
		'msfctl> ' 'join 239.1.1.1 eth0\n' 'ok' '' 'msfctl> ' '\x04'
	assert_equal "$status" 0
	refute_output --partial "standard input:"
}

@test "a person's quit ends, too" {
	on_terminal 'msfctl> ' 'quit\n'
	assert_equal "$status" 0
}

@test "Ctrl-C clears a line, and ends a sleep and a recv, but not the session" {
	on_terminal 'msfctl> ' 'half a li' 'half a li' '\x03' 'msfctl> ' 'sleep 60\n' \
		'sleep 60\r\n' '\x03' 'EINTR: interrupted' '' 'msfctl> ' 'open\n' ok '' \
		'msfctl> ' 'recv 60\n' 'recv 60\r\n' '\x03' \
		'EINTR: interrupted after 0 packets' '' 'msfctl> ' '\x04'
	assert_equal "$status" 0
	refute_output --partial "half: no such command"
}

@test "TAB completes commands and interfaces" {
	on_terminal 'msfctl> ' 'op\t\n' ok '' 'msfctl> ' 'leave-\t\n' \
		'GROUP is missing: leave-source' '' 'msfctl> ' \
		'expect ok joi\t 239.1.1.1 et\t\n' 'ok' '' 'msfctl> ' \
		'get 239.1.1.1 eth\texclude\n' 'ok EXCLUDE {}' '' \
		'msfctl> ' 'j\t\t' 'join  join-source' '\x15\x04'
	assert_equal "$status" 0
}

@test "lines are remembered from one session to the next, for the user alone" {
	on_terminal 'msfctl> ' 'echo remember me\n' 'msfctl> ' '\x04'
	assert_equal "$status" 0
	file=$BATS_TEST_TMPDIR/state/libmsf/history
	assert_equal "$(stat -c %a "$file")" 600
	on_terminal 'msfctl> ' '\x1b[A' 'echo remember me' '\x15\x04'
	assert_equal "$status" 0
}

@test "a history that cannot be kept is a warning" {
	touch "$BATS_TEST_TMPDIR/file"
	state=$BATS_TEST_TMPDIR/file
	on_terminal 'msfctl> ' 'echo on\n' 'on' '' 'msfctl> ' '\x04'
	assert_equal "$status" 0
	assert_output --partial "history: warning: cannot be kept: Not a directory"
}

@test "a history that is a link is left alone" {
	mkdir -p "$BATS_TEST_TMPDIR/state/libmsf"
	echo precious > "$BATS_TEST_TMPDIR/precious"
	ln -s "$BATS_TEST_TMPDIR/precious" "$BATS_TEST_TMPDIR/state/libmsf/history"
	on_terminal 'msfctl> ' 'echo on\n' 'on' '' 'msfctl> ' '\x04'
	assert_equal "$status" 0
	assert_output --partial "history: warning: cannot be kept: "
	assert_equal "$(cat "$BATS_TEST_TMPDIR/precious")" precious
}

@test "SIGTERM ends a session, which is remembered" {
	on_terminal 'msfctl> ' 'echo keep this\n' 'msfctl> ' '<TERM>'
	assert_equal "$status" 0
	on_terminal 'msfctl> ' '\x1b[A' 'echo keep this' '\x15\x04'
	assert_equal "$status" 0
}
