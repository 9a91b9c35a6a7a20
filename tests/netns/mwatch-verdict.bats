#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The verdict is what the filter in force says: of the host, of one process, of the VLAN
# or bridge that takes the packets of an interface.

load mwatch

setup() {
	net_setup
}

teardown() {
	net_teardown
}

@test "a source that a socket of the host wants is accepted, others are blocked" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	keep_sending --source 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	keep_sending --source 10.9.0.1 232.1.1.2:5000 eth0
	start_mwatch --json -i 0.2 eth0
	expect_verdicts '10.9.0.1 232.1.1.1:5000 accept' \
		'10.9.0.2 232.1.1.1:5000 block' '10.9.0.1 232.1.1.2:5000 unjoined'
	stop_mwatch
	assert_equal "$status" 0
}

@test "the same for IPv6, and for an exclude list" {
	start_mjoin --json -s fd09::1 '[ff3e::1]:5000' eth0
	start_mjoin --json -x fd09::1 '[ff1e::2]:5000' eth0
	keep_sending --source fd09::1,fd09::2 '[ff3e::1]:5000' eth0
	keep_sending --source fd09::1,fd09::2 '[ff1e::2]:5000' eth0
	start_mwatch --json -i 0.2 eth0
	expect_verdicts 'fd09::1 ff3e::1:5000 accept' 'fd09::2 ff3e::1:5000 block' \
		'fd09::1 ff1e::2:5000 block' 'fd09::2 ff1e::2:5000 accept'
}

@test "the filters of several sockets add up" {
	start_mjoin --json -x 10.9.0.1,10.9.0.2 239.1.1.1:5000 eth0
	start_mjoin --json -x 10.9.0.2,10.9.0.3 239.1.1.1:5000 eth0
	start_mjoin --json -s 10.9.0.4 239.1.1.1:5000 eth0
	keep_sending --source 10.9.0.1,10.9.0.2,10.9.0.3,10.9.0.4 239.1.1.1:5000 eth0
	start_mwatch --json -i 0.2 eth0
	expect_verdicts '10.9.0.1 239.1.1.1:5000 accept' \
		'10.9.0.2 239.1.1.1:5000 block' '10.9.0.3 239.1.1.1:5000 accept' \
		'10.9.0.4 239.1.1.1:5000 accept'
}

@test "--pid tells what one process gets, beside others of the same group" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	first=$mjoin
	start_mjoin --json -s 10.9.0.2 232.1.1.1:5000 eth0
	start_mjoin --json 239.1.1.3:5000 eth0
	keep_sending --source 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	keep_sending --source 10.9.0.1 239.1.1.3:5000 eth0
	start_mwatch --json -i 0.2 --pid "$first" eth0
	expect_verdicts '10.9.0.1 232.1.1.1:5000 accept' \
		'10.9.0.2 232.1.1.1:5000 block' '10.9.0.1 239.1.1.3:5000 unjoined'
}

@test "--pid: a port that the process does not listen to is unjoined" {
	start_mjoin --json -s fd09::1 '[ff3e::1]:5000' eth0
	keep_sending --source fd09::1 '[ff3e::1]:5000' eth0
	keep_sending --source fd09::1 '[ff3e::1]:5001' eth0
	start_mwatch --json -i 0.2 --pid "$mjoin" eth0
	expect_verdicts 'fd09::1 ff3e::1:5000 accept' 'fd09::1 ff3e::1:5001 unjoined'
}

@test "the verdict follows the filters, and the end of the process" {
	start_mjoin --json 239.9.9.9:5000 eth0
	keep_sending --source 10.9.0.1 239.9.9.9:5000 eth0
	start_mwatch --json -i 0.2 --pid "$mjoin" eth0
	expect_verdicts '10.9.0.1 239.9.9.9:5000 accept'
	stop_mjoin
	expect_verdicts '10.9.0.1 239.9.9.9:5000 unjoined'
	stop_mwatch
	assert_equal "$status" 0
	run grep -c 'has ended' "$err"
	assert_output 1
}

@test "--pid says which process cannot be looked at, and why" {
	run_mwatch --json --pid 4194000 -n 1 eth0
	assert_equal "$status" 1
	assert_equal "$stderr" "mwatch: --pid: 4194000: no such process"
	run_mwatch --json --pid $$ -n 1 eth0
	assert_equal "$status" 1
	[[ $stderr == *"lives in another network namespace"* ]]
}

@test "packets of a VLAN that has no interface here are unjoined" {
	start_mjoin --json 239.1.1.1:5000 eth0
	start_mwatch --json -i 0.2 eth0
	in_tx /usr/bin/python3 - << 'END'
from scapy.all import IP, UDP, Dot1Q, Ether, sendp
head = Ether(src="02:00:00:00:00:01", dst="01:00:5e:01:01:01")
tail = IP(src="10.9.0.1", dst="239.1.1.1") / UDP(sport=9, dport=5000) / b"x"
sendp([head / Dot1Q(vlan=5) / tail, head / tail], iface="eth0", verbose=False)
END
	wait_for has_seen 2
	stop_mwatch
	assert_equal "$(flows '\(.vlan) \(.verdict)')" $'5 unjoined\nnull accept'
}

@test "packets of a port are judged by its bridge" {
	ip -n "$rx" link add br0 type bridge mcast_snooping 0
	ip -n "$rx" link set eth0 master br0
	ip -n "$rx" link set br0 up
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 br0
	keep_sending --source 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	start_mwatch --json -i 0.2 eth0
	expect_verdicts '10.9.0.1 232.1.1.1:5000 accept' '10.9.0.2 232.1.1.1:5000 block'
}

# be_nobody: mwatch is started as a user that may look at no sockets but its own.
be_nobody() {
	as=(setpriv --reuid 65534 --regid 65534 --clear-groups
		--bounding-set=-all,+net_raw --inh-caps=-all,+net_raw
		--ambient-caps=-all,+net_raw)
}

# be_powerless_root: the same as root, of whose rights none is left but the ring's.
be_powerless_root() {
	as=(setpriv --bounding-set=-all,+net_raw --inh-caps=-all)
}

# expect_plain_verdicts: of joins, source joins and exclude lists of one socket each,
# and of several where the counts tell.
expect_plain_verdicts() {
	start_mjoin --json 239.1.1.1:5000 eth0
	start_mjoin --json -s 10.9.0.1,10.9.0.3 232.1.1.1:5000 eth0
	start_mjoin --json -x 10.9.0.1 239.1.1.2:5000 eth0
	start_mjoin --json -s fd09::1 '[ff3e::1]:5000' eth0
	start_mjoin --json -x fd09::1 '[ff1e::2]:5000' eth0
	start_mjoin --json -s 10.9.0.1 239.1.1.3:5000 eth0
	start_mjoin --json 239.1.1.3:5000 eth0
	keep_sending --source 10.9.0.1,10.9.0.2 239.1.1.1:5000 eth0
	keep_sending --source 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	keep_sending --source 10.9.0.1,10.9.0.2 239.1.1.2:5000 eth0
	keep_sending --source fd09::1,fd09::2 '[ff3e::1]:5000' eth0
	keep_sending --source fd09::1,fd09::2 '[ff1e::2]:5000' eth0
	keep_sending --source 10.9.0.2 239.1.1.3:5000 eth0
	start_mwatch --json -i 0.2 eth0
	expect_verdicts '10.9.0.1 239.1.1.1:5000 accept' \
		'10.9.0.2 239.1.1.1:5000 accept' \
		'10.9.0.1 232.1.1.1:5000 accept' '10.9.0.2 232.1.1.1:5000 block' \
		'10.9.0.1 239.1.1.2:5000 block' '10.9.0.2 239.1.1.2:5000 accept' \
		'fd09::1 ff3e::1:5000 accept' 'fd09::2 ff3e::1:5000 block' \
		'fd09::1 ff1e::2:5000 block' 'fd09::2 ff1e::2:5000 accept' \
		'10.9.0.2 239.1.1.3:5000 accept'
	stop_mwatch
	assert_equal "$status" 0
	assert_equal "$(cat "$err")" ""
}

@test "a user without rights is told the same verdicts" {
	be_nobody
	expect_plain_verdicts
}

@test "and root without capabilities" {
	be_powerless_root
	expect_plain_verdicts
}

@test "what the counts leave open is unknown without rights, the rest is not" {
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	start_mjoin --json -s 10.9.0.2 232.1.1.1:5000 eth0
	keep_sending --source 10.9.0.1,10.9.0.2,10.9.0.3 232.1.1.1:5000 eth0
	be_nobody
	start_mwatch --json -i 0.2 eth0
	expect_verdicts '10.9.0.1 232.1.1.1:5000 accept' \
		'10.9.0.2 232.1.1.1:5000 accept' '10.9.0.3 232.1.1.1:5000 null'
}

# start_raw GROUP SOURCE: a process with a raw UDP socket and a member of the group that
# wants this source; it is $raw, and tells the source of all that the raw one gets.
start_raw() {
	ip netns exec "$rx" /usr/bin/python3 -c '
import ipaddress, socket, struct, sys
def storage(address):
    head = struct.pack("=HHI", socket.AF_INET6, 0, 0)
    return (head + ipaddress.ip_address(address).packed).ljust(128, b"\0")
MCAST_JOIN_SOURCE_GROUP = 46
member = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
member.setsockopt(socket.IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP,
                  struct.pack("=I4x", socket.if_nametoindex("eth0")) +
                  storage(sys.argv[1]) + storage(sys.argv[2]))
raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_UDP)
print("ready", flush=True)
while True:
    print(raw.recvfrom(2048)[1][0], flush=True)' "$@" \
		< /dev/null > "$BATS_TEST_TMPDIR/raw" 2>&1 3>&- &
	raw=$!
	pids+=("$raw")
	wait_for grep -q ready "$BATS_TEST_TMPDIR/raw"
}

has_heard() {
	grep -qx "$1" "$BATS_TEST_TMPDIR/raw"
}

@test "--pid: a raw IPv6 socket gets what the filter of the host keeps from others" {
	start_raw ff15::5 fd09::1
	keep_sending --source fd09::1,fd09::2 '[ff15::5]:5000' eth0
	start_mwatch --json -i 0.2 --pid "$raw" eth0
	expect_verdicts 'fd09::1 ff15::5:5000 accept' 'fd09::2 ff15::5:5000 accept'
	wait_for has_heard fd09::2
	stop_mwatch
	# Other processes do not.
	start_mwatch --json -i 0.2 eth0
	expect_verdicts 'fd09::1 ff15::5:5000 accept' 'fd09::2 ff15::5:5000 block'
}

@test "--pid refuses a process that has ended and was not reaped" {
	local words=$BATS_TEST_TMPDIR/zombie zombie
	/usr/bin/python3 -c 'import os, signal
pid = os.fork()
if pid == 0:
    os._exit(0)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
print(pid, flush=True)
signal.pause()' > "$words" 3>&- &
	pids+=($!)
	wait_for grep -q . "$words"
	zombie=$(cat "$words")
	run_mwatch --json --pid "$zombie" -n 1 eth0
	assert_equal "$status" 1
	assert_equal "$stderr" "mwatch: --pid: $zombie: no such process"
}
