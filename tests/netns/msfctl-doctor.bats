#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# msfctl doctor finds what is wrong with the receiving host itself: interface, address,
# route, firewall, version, sockets. Healthy hosts are left in peace.

load doctor

setup() {
	net_setup
}

teardown() {
	doctor_teardown
}

# make_detour ADDRESS: sent by eth0, but the receiver's way back is another interface.
make_detour() {
	make_link eth1
	ip -n "$rx" address add 10.8.0.100/24 dev eth1
	up eth1
	ip -n "$tx" address add "$1/32" dev eth0
	ip -n "$rx" route add "$1/32" dev eth1
}

# set_rp_filter VALUE: of eth0; that of all interfaces is 0.
set_rp_filter() {
	in_rx sysctl -qw net.ipv4.conf.all.rp_filter=0 "net.ipv4.conf.eth0.rp_filter=$1"
}

# add_rules LINE...: an nftables ruleset.
add_rules() {
	printf '%s\n' "$@" | in_rx nft -f -
}

# start_lazy: a program that has joined 239.1.1.1 with a small buffer and never reads.
start_lazy() {
	local ready=$BATS_TEST_TMPDIR/ready

	ip netns exec "$rx" python3 - "$ready" > /dev/null 2>&1 3>&- <<-'END' &
		import signal, socket, sys
		open("/proc/self/comm", "w").write("lazy")
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
		s.bind(("239.1.1.1", 5000))
		group, own = map(socket.inet_aton, ("239.1.1.1", "10.9.0.100"))
		s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + own)
		open(sys.argv[1], "w")
		signal.pause()
	END
	lazy=$!
	pids+=("$lazy")
	wait_for test -e "$ready"
}

@test "healthy: IPv4 from any source" {
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	examine 239.1.1.1:5000 eth0
	assert_health
	assert_finding version pass IGMPv3
	assert_finding report pass "IGMPv3 report left"
	assert_finding senders pass "one sender"
	assert_finding ttl pass "TTL of 1"
	assert_quiet
}

@test "healthy: IPv6 from one source" {
	keep_sending --source fd09::1 '[ff3e::1]:5000' eth0
	examine -s fd09::1 '[ff3e::1]:5000' eth0
	assert_health
	assert_finding version pass MLDv2
	assert_finding report pass "MLDv2 report left"
}

@test "healthy: strict rp_filter with the right route, and without a port" {
	set_rp_filter 1
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	examine 239.1.1.1 eth0
	assert_health
	assert_finding route pass "rp_filter is strict"
}

@test "healthy: another program has joined before, and is not disturbed" {
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	start_mjoin --json -s 10.9.0.1 232.1.1.1:5000 eth0
	before=$(memberships)
	examine -s 10.9.0.1 232.1.1.1:5000 eth0
	assert_health
	assert_finding report pass "no report was due"
	assert_equal "$(memberships)" "$before"
	is_alive "$mjoin"
	stop_mjoin
	summary '.flows[0].packets > 0'
}

# The kernel reports what the two together no longer exclude.
@test "healthy: another program has joined before, and excludes a source" {
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	keep_sending --source fd09::1 '[ff3e::1]:5000' eth0
	start_mjoin --json -x 10.9.0.77 239.1.1.1:5000 eth0
	start_mjoin --json -x fd09::77 '[ff3e::1]:5000' eth0
	examine 239.1.1.1:5000 eth0
	assert_health
	assert_finding report pass "IGMPv3 report left"
	examine '[ff3e::1]:5000' eth0
	assert_health
	assert_finding report pass "MLDv2 report left"
}

@test "every line has the same keys" {
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	examine 239.1.1.1:5000 eth0
	assert_equal "$(jq -c keys_unsorted <<< "$output" | sort -u)" \
		'["time","check","result","detail","cure"]'
	examine 239.1.1.1:5000 eth9
	assert_equal "$(jq -c keys_unsorted <<< "$output" | sort -u)" \
		'["time","check","result","detail","cure"]'
}

@test "it leaves nothing behind" {
	before=$(memberships)
	examine 239.1.1.1:5000 eth0
	assert_silence
	assert_equal "$(memberships)" "$before"
	assert_quiet
}

@test "an interface that is not there" {
	examine 239.1.1.1:5000 eth9
	assert_fault interface "no interface eth9" "ip link"
}

@test "a link that is down" {
	ip -n "$rx" link set eth0 down
	examine 239.1.1.1:5000 eth0
	assert_fault interface "eth0 is down" "ip link set eth0 up"
	examine '[ff3e::1]:5000' eth0
	assert_fault interface "eth0 is down" "ip link set eth0 up"
}

@test "a link without a carrier" {
	ip -n "$tx" link set eth0 down
	examine 239.1.1.1:5000 eth0
	assert_fault interface "no carrier" "cable"
}

@test "an interface that is set to do no multicast" {
	ip -n "$rx" link set eth0 multicast off
	examine 239.1.1.1:5000 eth0
	assert_fault interface "no multicast" "ip link set eth0 multicast on"
}

@test "an interface without an IPv4 address" {
	ip -n "$rx" -4 address flush dev eth0
	examine 239.1.1.1:5000 eth0
	assert_fault address "no IPv4 address" "ip address add"
}

@test "an interface without IPv6, or with too small a MTU for it" {
	in_rx sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
	examine '[ff3e::1]:5000' eth0
	assert_fault address "disabled on eth0" "net.ipv6.conf.eth0.disable_ipv6=0"
	in_rx sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0
	ip -n "$rx" link set eth0 mtu 1000
	wait=0.5 examine '[ff3e::1]:5000' eth0
	assert_finding address fail "MTU of eth0 is 1000" "mtu 1500"
	assert_equal "$status" 1
}

@test "an IPv6 address that is not to be used yet" {
	ip -n "$rx" link set eth0 down
	in_rx sysctl -qw net.ipv6.conf.eth0.accept_dad=1 \
		net.ipv6.conf.eth0.dad_transmits=100
	ip -n "$rx" link set eth0 up
	wait=0.5 examine '[ff3e::1]:5000' eth0
	assert_fault address "still being checked" "wait a second"
}

@test "strict rp_filter with the route elsewhere" {
	make_detour 10.7.0.1
	set_rp_filter 1
	keep_sending --source 10.7.0.1 239.1.1.1:5000 eth0
	examine 239.1.1.1:5000 eth0
	assert_fault route "leaves by eth1, not by eth0" rp_filter=2
	assert_finding traffic fail "none delivered; check route says why"
	in_rx sysctl -qw net.ipv4.conf.eth0.rp_filter=2
	examine -s 10.7.0.1 239.1.1.1:5000 eth0
	assert_health
}

@test "strict rp_filter with two next hops: one of them is right, or none" {
	make_link eth1
	ip -n "$rx" address add 10.8.0.100/24 dev eth1
	make_link eth2
	ip -n "$rx" address add 10.8.1.100/24 dev eth2
	up eth1
	up eth2
	ip -n "$tx" address add 10.7.0.1/32 dev eth0
	set_rp_filter 1
	ip -n "$rx" route add 10.7.0.0/24 nexthop via 10.9.0.1 dev eth0 \
		nexthop via 10.8.0.1 dev eth1
	keep_sending --source 10.7.0.1 239.1.1.1:5000 eth0
	examine -s 10.7.0.1 239.1.1.1:5000 eth0
	assert_health
	ip -n "$rx" route replace 10.7.0.0/24 nexthop via 10.8.1.1 dev eth2 \
		nexthop via 10.8.0.1 dev eth1
	examine -s 10.7.0.1 239.1.1.1:5000 eth0
	assert_fault route "leaves by eth2, not by eth0" rp_filter=2
}

@test "loose rp_filter without a route" {
	ip -n "$tx" address add 10.7.0.1/32 dev eth0
	set_rp_filter 2
	keep_sending --source 10.7.0.1 239.1.1.1:5000 eth0
	examine -s 10.7.0.1 239.1.1.1:5000 eth0
	assert_fault route "no route to 10.7.0.1" "ip route add 10.7.0.1 dev eth0"
	set_rp_filter 0
	examine -s 10.7.0.1 239.1.1.1:5000 eth0
	assert_health
}

@test "a rule that drops the group" {
	add_rules 'table inet f {' 'chain input {' \
		'type filter hook input priority 0; policy accept;' \
		'ip daddr 239.1.1.1 drop' '}' '}'
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	examine 239.1.1.1:5000 eth0
	assert_fault firewall "chain input" "nft delete rule inet f input handle"
	assert_finding traffic fail "check firewall says why"
}

@test "a rule that drops the source before routing" {
	add_rules 'table ip raw {' 'chain pre {' \
		'type filter hook prerouting priority raw; policy accept;' \
		'ip saddr 10.9.0.1 drop' '}' '}'
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	examine -s 10.9.0.1 232.1.1.1:5000 eth0
	assert_fault firewall "chain pre" "nft delete rule ip raw pre handle"
}

@test "a chain whose policy is drop" {
	add_rules 'table ip6 f {' 'chain input {' \
		'type filter hook input priority 0; policy drop;' \
		'ip6 nexthdr icmpv6 accept' '}' '}'
	keep_sending --source fd09::1 '[ff3e::1]:5000' eth0
	examine -s fd09::1 '[ff3e::1]:5000' eth0
	assert_fault firewall "policy drop" "nft add rule ip6 f input"
}

@test "a rule that drops the reports" {
	add_rules 'table ip f {' 'chain out {' \
		'type filter hook output priority 0; policy accept;' \
		'ip protocol igmp drop' '}' '}'
	examine 239.1.1.1:5000 eth0
	assert_equal "$(failed_checks)" "firewall report"
	assert_finding firewall fail "reports are dropped" "nft delete rule ip f out"
	assert_finding report fail "no report left"
	assert_equal "$status" 1
}

@test "a rule that drops another group is no fault" {
	add_rules 'table inet f {' 'chain input {' \
		'type filter hook input priority 0; policy accept;' \
		'ip daddr 239.1.1.2 drop' 'udp dport 5001 drop' '}' '}'
	examine 239.1.1.1:5000 eth0
	assert_silence
	assert_finding firewall pass
}

@test "a forced version that names no source" {
	in_rx sysctl -qw net.ipv4.conf.eth0.force_igmp_version=2
	examine -s 10.9.0.1 232.1.1.1:5000 eth0
	assert_fault version "IGMPv2 is in force" \
		"sysctl -w net.ipv4.conf.eth0.force_igmp_version=0"
	in_rx sysctl -qw net.ipv6.conf.eth0.force_mld_version=1
	examine -s fd09::1 '[ff3e::1]:5000' eth0
	assert_fault version "MLDv1 is in force" \
		"sysctl -w net.ipv6.conf.eth0.force_mld_version=0"
}

@test "a forced version is enough for a join of any source" {
	in_rx sysctl -qw net.ipv4.conf.all.force_igmp_version=2
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	examine 239.1.1.1:5000 eth0
	assert_health
	assert_finding version pass "conf.all.force_igmp_version"
	assert_finding report pass "IGMPv2 report left"
}

@test "a sender that is silent" {
	examine -s 10.9.0.1 232.1.1.1:5000 eth0
	assert_silence
	assert_finding querier unknown "every 125 s" "--wait 135"
}

@test "a join of any source where routers want one named" {
	examine 232.1.1.1:5000 eth0
	assert_silence
	assert_finding report unknown "ignore a join of any source" "-s"
}

@test "another source, and another port" {
	keep_sending --source 10.9.0.2 239.1.1.1:5000 eth0
	examine -s 10.9.0.1 239.1.1.1:5000 eth0
	assert_equal "$(failed_checks)" ""
	assert_finding traffic fail "came from 10.9.0.2 to port 5000" "is it -s 10.9.0.2?"
	assert_finding summary fail "10.9.0.2"
	assert_equal "$status" 1
	examine 239.1.1.1:5001 eth0
	assert_equal "$(failed_checks)" ""
	assert_finding traffic fail "came from 10.9.0.2 to port 5000" "is it port 5000?"
	assert_equal "$status" 1
}

@test "a program that does not read its socket" {
	start_lazy
	ip netns exec "$tx" msend --quiet --rate 5000 --source 10.9.0.1 239.1.1.1:5000 \
		eth0 > /dev/null 2>&1 3>&- &
	pids+=($!)
	examine 239.1.1.1:5000 eth0
	assert_fault drops "lazy (process $lazy) has dropped" SO_RCVBUF
	assert_finding traffic pass delivered
}

@test "a program that joined where the group's route points" {
	make_link eth1
	ip -n "$rx" address add 10.8.0.100/24 dev eth1
	up eth1
	ip -n "$rx" route add 239.1.1.1 dev eth1
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	start_mjoin --json 239.1.1.1:5000 eth1
	examine 239.1.1.1:5000 eth0
	assert_fault route "mjoin (process $mjoin) has joined on eth1" \
		"ip route add 239.1.1.1 dev eth0"
	stop_mjoin
	examine 239.1.1.1:5000 eth0
	assert_health
	assert_finding route pass "the route to 239.1.1.1 leaves by eth1"
}

@test "unprivileged: what needs a privilege is unknown, the rest is told" {
	publish
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	examine_as_nobody 239.1.1.1:5000 eth0
	assert_health
	for check in firewall querier report senders; do
		assert_finding "$check" unknown
	done
	assert_finding querier unknown CAP_NET_RAW "as root"
	assert_finding version pass IGMPv3
	examine_as_nobody 239.1.1.2:5000 eth0
	assert_equal "$(failed_checks)" ""
	assert_finding traffic fail "nothing was delivered" "as root"
	assert_equal "$status" 3
	examine_as_nobody 239.1.1.1 eth0
	assert_equal "$(failed_checks)" ""
	assert_finding traffic unknown "no port was given" "port: 239.1.1.1:PORT"
	assert_equal "$status" 3
	examine_as_nobody ff1e::1 eth0
	assert_finding traffic unknown "no port was given" "port: [ff1e::1]:PORT"
}

@test "SIGINT ends the wait with what is known" {
	start_doctor --wait 60 239.1.1.1:5000 eth0
	wait_for in_rx grep -q 010101EF /proc/net/igmp
	kill -INT "$doctor"
	reap_doctor
	assert_finding traffic fail interrupted
	assert_equal "$status" 3
	run ! in_rx grep -q 010101EF /proc/net/igmp
}

@test "wrong words are status 2, with the reason" {
	for words in "" "239.1.1.1" "239.1.1.1 eth0 eth1" "10.0.0.1 eth0" \
		"239.1.1.1+2:5000 eth0" "ff3e::1:5000 eth0" "239.1.1.1:0 eth0" \
		"-s fd09::1 239.1.1.1 eth0" "-s 239.1.1.2 239.1.1.1 eth0" \
		"--wait soon 239.1.1.1 eth0" "--what 239.1.1.1 eth0"; do
		# shellcheck disable=SC2086
		run --separate-stderr in_rx msfctl doctor $words
		assert_equal "$words: $status" "$words: 2"
		assert_equal "$output" ""
		[ "$(wc -l <<< "$stderr")" = 1 ]
	done
	run --separate-stderr in_rx msfctl doctor --wait soon 239.1.1.1 eth0
	assert_equal "$stderr" "msfctl: --wait: soon: not a number of seconds"
}

@test "for people: a line a check, cures below, the cause last" {
	ip -n "$rx" link set eth0 down
	run --separate-stderr in_rx msfctl doctor 239.1.1.1:5000 eth0
	assert_equal "$status" 1
	assert_line --index 0 "fail     interface  eth0 is down"
	assert_line --index 1 "                    cure: ip link set eth0 up"
	assert_line --regexp "^fail +summary +nothing is delivered"
	assert_equal "$stderr" ""
}
