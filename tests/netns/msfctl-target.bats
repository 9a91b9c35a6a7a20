#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# msfctl finds the socket that is meant, wherever it is, or says what is wrong with the
# target and what cures it.

load edit

setup() {
	net_setup
	public=
}

teardown() {
	net_teardown
	if [ -n "$public" ]; then
		rm -r "$public"
	fi
}

@test "where two sockets fit they are listed, and --fd chooses" {
	start_mjoin --json 239.1.1.1:5000 eth0 239.1.1.1:5001 eth0
	wait_for has_joined 2
	run_msfctl block --pid "$mjoin" 239.1.1.1 eth0 10.9.0.1
	assert_equal "$status" 1
	assert_output ""
	[[ ${stderr_lines[0]} == "msfctl: process $mjoin: 2 of its sockets fit"*--fd* ]]
	[[ ${stderr_lines[1]} == FD*MEMBERSHIPS* ]]
	assert_equal "${#stderr_lines[@]}" 4
	fd=$(awk '/:5001/ { print $1 }' <<< "$stderr")
	run_msfctl block --pid "$mjoin" --fd "$fd" 239.1.1.1 eth0 10.9.0.1
	assert_equal "$status" 0
	send 10.9.0.1 239.1.1.1:5000 eth0
	send 10.9.0.1 239.1.1.1:5001 eth0
	stop_mjoin
	assert_equal "$(summary '"\(.port) \(.flows | length)"' | tr -d '"')" "5000 1
5001 0"
}

@test "descriptors of one socket are one candidate" {
	hold socket udp4 join 239.1.1.5 eth0 dup fork
	run_msfctl block --pid "$pid" 239.1.1.5 eth0 10.9.0.1
	assert_equal "$stderr" ""
	assert_output "239.1.1.5 on eth0: EXCLUDE {10.9.0.1} (was EXCLUDE {})"
	run_msfctl join --pid "$pid" 239.1.1.6 eth0
	assert_output "239.1.1.6 on eth0: EXCLUDE {} (was no member)"
	for fd in $(told fd); do
		assert_equal "$(peek "$pid" "$fd" 239.1.1.5)" "EXCLUDE 10.9.0.1 all 1"
	done
}

@test "a join where two idle sockets fit lists them; a listening one is no candidate" {
	start 239.1.1.5 python3 -c "
import socket, time
s = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for i in range(3)]
t = socket.socket()
t.bind(('127.0.0.1', 0))
t.listen()
u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
u.setsockopt(41, socket.IPV6_V6ONLY, 1)
s[0].setsockopt(0, socket.IP_ADD_MEMBERSHIP,
                socket.inet_aton('239.1.1.5') + socket.inet_aton('10.9.0.100'))
s[2].close()
time.sleep(60)"
	run_msfctl join --pid "$pid" 239.1.1.6 eth0
	assert_equal "$status" 1
	[[ $stderr == *"2 of its sockets fit"* ]]
	assert_equal "${#stderr_lines[@]}" 4
	run_msfctl join --pid "$pid" ff1e::6 eth0
	assert_equal "$status" 0
	assert_output "ff1e::6 on eth0: EXCLUDE {} (was no member)"
}

# wrong TEXT ARGUMENT...: is status 1 with that text.
wrong() {
	local text=$1
	shift
	run_msfctl "$@"
	assert_equal "$status" 1
	assert_output ""
	assert_regex "$stderr" "^msfctl: .*$text"
}

@test "wrong descriptors: closed, a file, a TCP socket, a Unix socket" {
	start 239.1.1.5 python3 -c "
import os, socket, time
def put(s, n):
    os.dup2(s.fileno(), n)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(0, socket.IP_ADD_MEMBERSHIP,
             socket.inet_aton('239.1.1.5') + socket.inet_aton('10.9.0.100'))
put(socket.socket(), 50)
put(socket.socket(socket.AF_UNIX), 51)
put(socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM), 52)
time.sleep(60)"
	wait_for test -e "/proc/$pid/fd/52"
	for verb in "get 239.1.1.5" "leave 239.1.1.5 eth0" \
		"set 239.1.1.5 eth0 include 10.9.0.1"; do
		read -ra words <<< "$verb"
		w=("${words[0]}" --pid "$pid" "${words[@]:1}")
		wrong "descriptor 99: it is not open" "${w[@]}" --fd 99
		wrong "descriptor 0: it is no socket, but /dev/null" "${w[@]}" --fd 0
		wrong "descriptor 50: it is a TCP socket" "${w[@]}" --fd 50
		wrong "descriptor 51: it is a Unix socket" "${w[@]}" --fd 51
		wrong "descriptor 52: it is a packet socket" "${w[@]}" --fd 52
	done
	run_msfctl get --pid "$pid"
	assert_output --partial 239.1.1.5
}

@test "wrong processes: none, ended, not waited for, without such sockets" {
	sleep 60 &
	child=$!
	kill -KILL "$child"
	wait "$child" || true
	wrong "process $child: there is no such process" get --pid "$child"
	wrong "process $child: there is no such process" get --pid "$child" --fd 3
	python3 -c "
import os, time
pid = os.fork()
if pid == 0:
    os._exit(0)
print(pid, flush=True)
time.sleep(60)" > "$BATS_TEST_TMPDIR/zombie" 3>&- &
	pids+=($!)
	wait_for test -s "$BATS_TEST_TMPDIR/zombie"
	zombie=$(cat "$BATS_TEST_TMPDIR/zombie")
	wait_for grep -q '^State:.Z' "/proc/$zombie/status"
	wrong "process $zombie: it has ended" get --pid "$zombie"
	wrong "process $zombie.*: it has ended" get --pid "$zombie" --fd 3
	sleep 60 3>&- &
	pids+=($!)
	wrong "process $!: it has no socket that could be a member" get --pid $!
}

@test "usage errors are status 2 and say what is meant" {
	while IFS='|' read -r text line; do
		read -ra words <<< "$line"
		run_msfctl "${words[@]}"
		assert_equal "$status" 2
		assert_output ""
		assert_equal "${#stderr_lines[@]}" 1
		assert_regex "$stderr" "^msfctl: .*$text"
	done <<- 'END'
		--pid: it is missing|get
		--pid: it is missing|join 239.1.1.1 eth0
		--pid: x: not a number|get --pid x
		no process 0|get --pid 0
		--fd: -1: not a number|get --pid 1 --fd -1
		not a multicast group|leave --pid 1 10.9.0.1 eth0
		arguments are -p PID GROUP IFACE|leave --pid 1 239.1.1.1
		arguments are -p PID GROUP IFACE SOURCE|block --pid 1 239.1.1.1 eth0
		arguments are -p PID GROUP IFACE include|set --pid 1 239.1.1.1 eth0
		include or exclude|set --pid 1 239.1.1.1 eth0 only 10.9.0.1
		too many arguments|get --pid 1 239.1.1.1 eth0 more
		--nonsense|join --nonsense
	END
}

@test "an interface that is not there is named" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	wrong "nosuch0: no such interface" join --pid "$mjoin" 232.1.1.2 nosuch0
	wrong "nosuch0: no such interface" get --pid "$mjoin" --fd "$(fd_of "$mjoin")" \
		232.1.1.1 nosuch0
}

# make_public: msfctl and mjoin where every user may run them.
make_public() {
	local tool library

	public=$(mktemp -d)
	chmod 755 "$public"
	for tool in msfctl mjoin; do
		cp "$(command -v "$tool")" "$public"
	done
	library=$(ldd "$public/msfctl" | awk '$1 ~ /^libmsf/ { print $3 }')
	cp "$library" "$public"
	user=(ip netns exec "$rx" setpriv --reuid 65534 --regid 65534 --clear-groups
		env "LD_LIBRARY_PATH=$public")
}

# user_msfctl ARGUMENT...: as run_msfctl, unprivileged.
user_msfctl() {
	run --separate-stderr timeout -s KILL "$DEADLINE" "${user[@]}" \
		"$public/msfctl" "$@"
}

@test "the same user may, without privileges" {
	make_public
	out=$BATS_TEST_TMPDIR/out err=$BATS_TEST_TMPDIR/err
	"${user[@]}" "$public/mjoin" --json 239.1.1.1:5000 eth0 > "$out" 2> "$err" 3>&- &
	mjoin=$!
	pids+=("$mjoin")
	wait_for has_started
	user_msfctl get --json --pid "$mjoin"
	assert_equal "$(jq -r .group <<< "$output")" 239.1.1.1
	user_msfctl set --pid "$mjoin" 239.1.1.1 eth0 include 10.9.0.1
	assert_equal "$stderr" ""
	assert_output "239.1.1.1 on eth0: INCLUDE {10.9.0.1} (was EXCLUDE {})"
	send 10.9.0.1,10.9.0.2 239.1.1.1:5000 eth0
	stop_mjoin
	assert_equal "$(flows)" "10.9.0.1=10"
}

@test "another user may not, and is told what helps" {
	make_public
	start_mjoin --json 239.1.1.1:5000 eth0
	fd=$(fd_of "$mjoin")
	for line in "get" "get --fd $fd" "leave --fd $fd 239.1.1.1 eth0"; do
		read -ra words <<< "$line"
		user_msfctl "${words[0]}" --pid "$mjoin" "${words[@]:1}"
		assert_equal "$status" 1
		assert_regex "$stderr" "not permitted: .*\(uid 0\).*CAP_SYS_PTRACE"
	done
	assert_equal "$(peek "$mjoin" "$fd" 239.1.1.1)" "EXCLUDE all 0"
}

@test "with CAP_SYS_PTRACE and the descriptor's number another user may" {
	make_public
	start_mjoin --json 239.1.1.1:5000 eth0
	fd=$(fd_of "$mjoin")
	user=(ip netns exec "$rx" setpriv --reuid 65534 --regid 65534 --clear-groups
		--inh-caps +sys_ptrace --ambient-caps +sys_ptrace
		env "LD_LIBRARY_PATH=$public")
	user_msfctl block --json --pid "$mjoin" --fd "$fd" 239.1.1.1 eth0 10.9.0.1
	assert_equal "$stderr" ""
	assert_equal "$status" 0
	assert_equal "$(jq -c '[.sources, .port]' <<< "$output")" '[["10.9.0.1"],5000]'
	assert_equal "$(jq -c .holders <<< "$output")" \
		"[{\"pid\":$mjoin,\"command\":\"mjoin\",\"fd\":$fd}]"
}

# undumpable: a process of the unprivileged user that nobody may look at.
undumpable() {
	"${user[@]}" python3 -c "
import ctypes, socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
print(s.fileno(), flush=True)
time.sleep(60)" > "$BATS_TEST_TMPDIR/fd" 3>&- &
	pid=$!
	pids+=("$pid")
	wait_for test -s "$BATS_TEST_TMPDIR/fd"
	fd=$(cat "$BATS_TEST_TMPDIR/fd")
}

@test "a process that is not dumpable is told apart from another user's" {
	make_public
	undumpable
	user_msfctl get --pid "$pid" --fd "$fd"
	assert_equal "$status" 1
	assert_regex "$stderr" "not permitted: .*same user, but is not dumpable.*PTRACE"
	run_msfctl get --pid "$pid" --fd "$fd"
	assert_equal "$status" 0
	assert_output "process $pid, descriptor $fd: no membership"
}

@test "what Yama forbids is explained by its value" {
	make_public
	undumpable
	# Where the kernel has no Yama, only its file is there.
	for row in "1 ancestor.*CAP_SYS_PTRACE" "2 only CAP_SYS_PTRACE" "3 next boot"; do
		run --separate-stderr unshare -m bash -c '
			mount -t tmpfs none /proc/sys/kernel &&
			mkdir /proc/sys/kernel/yama &&
			echo "$1" > /proc/sys/kernel/yama/ptrace_scope &&
			shift && exec "$@"' \
			- "${row%% *}" "${user[@]}" "$public/msfctl" get --pid "$pid"
		assert_equal "$status" 1
		assert_regex "$stderr" "not permitted: .*is ${row%% *}, .*${row#* }"
	done
}

@test "from another network namespace the target's interfaces count" {
	start_mjoin --json 239.1.1.1:5000 eth0
	fd=$(fd_of "$mjoin")
	for interface in eth0 10.9.0.100; do
		run --separate-stderr msfctl set -i --pid "$mjoin" 239.1.1.1 \
			"$interface" include 10.9.0.1
		assert_equal "$stderr" ""
		assert_equal "$status" 0
		assert_output --partial "239.1.1.1 on eth0: INCLUDE {10.9.0.1} (was "
	done
	run --separate-stderr msfctl join --pid "$mjoin" 239.1.1.7 10.9.0.100
	assert_output "239.1.1.7 on eth0: EXCLUDE {} (was no member)"
	assert_equal "$(peek "$mjoin" "$fd" 239.1.1.7)" "EXCLUDE all 0"
	run --separate-stderr msfctl get --json --pid "$mjoin" 239.1.1.7 10.9.0.100
	assert_equal "$(jq -r .interface <<< "$output")" eth0
}

@test "a socket that lives in another namespace than its holder is reached" {
	python3 -c "
import os, socket, time
own = os.open('/proc/self/ns/net', os.O_RDONLY)
import ctypes
libc = ctypes.CDLL(None)
libc.setns(os.open('/run/netns/$rx', os.O_RDONLY), 0)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(0, socket.IP_ADD_MEMBERSHIP,
             socket.inet_aton('239.1.1.8') + socket.inet_aton('10.9.0.100'))
libc.setns(own, 0)
print('ready', flush=True)
time.sleep(60)" > "$BATS_TEST_TMPDIR/moved" 3>&- &
	pid=$!
	pids+=("$pid")
	wait_for test -s "$BATS_TEST_TMPDIR/moved"
	run --separate-stderr msfctl block --pid "$pid" 239.1.1.8 eth0 10.9.0.1
	assert_equal "$stderr" ""
	assert_output "239.1.1.8 on eth0: EXCLUDE {10.9.0.1} (was EXCLUDE {})"
}

@test "without CAP_SYS_ADMIN another namespace is not entered, and the cure is named" {
	make_public
	start_mjoin --json 239.1.1.1:5000 eth0
	fd=$(fd_of "$mjoin")
	run --separate-stderr setpriv --bounding-set -sys_admin,-net_admin \
		msfctl leave --pid "$mjoin" --fd "$fd" 239.1.1.1 eth0
	assert_equal "$status" 1
	assert_regex "$stderr" "another network namespace.*CAP_SYS_ADMIN.*nsenter --net"
	assert_equal "$(peek "$mjoin" "$fd" 239.1.1.1)" "EXCLUDE all 0"
}

@test "the namespace of one's own container is entered without privileges" {
	make_public
	setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Urn bash -c '
		ip link set lo up && ip link set lo multicast on && exec python3 -c "
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(0, socket.IP_ADD_MEMBERSHIP,
             socket.inet_aton(\"239.1.1.8\") + socket.inet_aton(\"127.0.0.1\"))
print(\"ready\", flush=True)
time.sleep(60)"' > "$BATS_TEST_TMPDIR/inside" 3>&- &
	pid=$!
	pids+=("$pid")
	wait_for test -s "$BATS_TEST_TMPDIR/inside"
	run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups \
		env "LD_LIBRARY_PATH=$public" "$public/msfctl" \
		block --pid "$pid" 239.1.1.8 lo 127.0.0.5
	assert_equal "$stderr" ""
	assert_output "239.1.1.8 on lo: EXCLUDE {127.0.0.5} (was EXCLUDE {})"
}

@test "a membership on an interface that is gone is left by its index" {
	make_link eth1
	ip -n "$rx" address add 10.8.0.100/24 dev eth1
	up eth1
	index=$(in_rx cat /sys/class/net/eth1/ifindex)
	hold socket udp4 join 239.1.1.1 eth1
	ip -n "$tx" link del eth1
	run_msfctl get --json --pid "$pid" --fd "$(told fd)" 239.1.1.1 "$index"
	assert_equal "$(jq -c '[.interface, .ifindex, .mode]' <<< "$output")" \
		"[null,$index,\"exclude\"]"
	run_msfctl leave --pid "$pid" --fd "$(told fd)" 239.1.1.1 "$index"
	assert_equal "$stderr" ""
	assert_equal "$status" 0
	assert_output "239.1.1.1 on index $index (gone): left (was EXCLUDE {})"
}

@test "a target that dies meanwhile gives an answer or a reason, never anything else" {
	for i in {1..20}; do
		start 239.1.1.4 \
			socat -u UDP4-RECV:5000,ip-add-membership=239.1.1.4:10.9.0.100 -
		in_rx timeout -s KILL "$DEADLINE" msfctl block --pid "$pid" 239.1.1.4 \
			eth0 10.9.0.1 \
			> "$BATS_TEST_TMPDIR/o" 2> "$BATS_TEST_TMPDIR/e" 3>&- &
		edit=$!
		read -r -t "0.00$((i % 10))" <> <(:) || true
		kill -KILL "$pid"
		wait "$pid" || true
		status=0
		wait "$edit" || status=$?
		if [ "$status" = 0 ]; then
			grep -q 'EXCLUDE {10.9.0.1}' "$BATS_TEST_TMPDIR/o"
		else
			assert_equal "$status" 1
			why='no such process|ended|closed|no socket that|none of its'
			grep -qE "$why" "$BATS_TEST_TMPDIR/e"
		fi
		wait_for is_no_group 239.1.1.4
	done
}

@test "a target that closes and opens all the time is edited or the change refused" {
	start 239.1.1.5 python3 -c "
import socket, time
k = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
mreq = socket.inet_aton('239.1.1.5') + socket.inet_aton('10.9.0.100')
end = time.monotonic() + 30
while time.monotonic() < end:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(0, socket.IP_ADD_MEMBERSHIP, mreq)
    time.sleep(0.001)
    s.close()"
	for i in {1..40}; do
		run_msfctl block --pid "$pid" 239.1.1.5 eth0 10.9.0.1
		if [ "$status" = 0 ]; then
			assert_output --partial "EXCLUDE {10.9.0.1}"
		else
			assert_equal "$status" 1
			assert_regex "$stderr" "closed|none of its|EADDRNOTAVAIL|EINVAL"
		fi
	done
}

@test "a process with a hostile name reaches neither terminal nor JSON unquoted" {
	cp "$(command -v socat)" "$BATS_TEST_TMPDIR/"$'a\033[2J"\xff\nb'
	start 239.1.1.4 "$BATS_TEST_TMPDIR/"$'a\033[2J"\xff\nb' -u \
		UDP4-RECV:5000,ip-add-membership=239.1.1.4:10.9.0.100 -
	run_msfctl get --pid "$pid"
	assert_equal "$status" 0
	assert_equal "$(tr -d '[:print:]\n' <<< "$output" | tr -d '\357\277\275')" ""
	assert_equal "${#lines[@]}" 2
	run_msfctl block --json --pid "$pid" 239.1.1.4 eth0 10.9.0.1
	assert_equal "$(jq -r '.holders | length' <<< "$output")" 1
}
