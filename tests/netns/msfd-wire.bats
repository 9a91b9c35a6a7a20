#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# What msfd sends, as another host on the link sees it: whole packets, from the right
# address, also while the interface changes. The kernel of $rx says nothing itself.

load common
load msfd

setup() {
	msfd_sockets=()
	net_setup
	export MSF_BACKEND=asm
	capture=
}

teardown() {
	msfd_teardown
}

# start_capture: what comes to $tx from $rx, until the end of the test.
start_capture() {
	local log=$BATS_TEST_TMPDIR/tcpdump.$((++n_started))

	capture=$BATS_TEST_TMPDIR/$n_started.pcap
	ip netns exec "$tx" tcpdump --immediate-mode -U -Q in -i eth0 -w "$capture" \
		'igmp or ip6[6] == 0' 2> "$log" < /dev/null 3>&- &
	pids+=($!)
	wait_for grep -q listening "$log"
}

# packets FILTER [FIELD...]: of the capture; a line each. Without fields the frame's
# number. tcpdump may be in the middle of one.
packets() {
	local filter=$1 fields=() field
	shift
	for field in "${@:-frame.number}"; do
		fields+=(-e "$field")
	done
	tshark -r "$capture" -o ip.check_checksum:TRUE -Y "$filter" -T fields \
		"${fields[@]}" 2> /dev/null || true
}

count() {
	packets "$1" | wc -l
}

# has COUNT FILTER: so many packets, or more.
has() {
	[ "$(count "$2")" -ge "$1" ]
}

# What no packet may be, whichever it is.
WRONG='_ws.malformed or igmp.checksum.status == 0 or icmpv6.checksum.status == 0 or
	ip.checksum.status == 0'
NO_IGMP='igmp and not (ip.ttl == 1 and ip.opt.type == 148)'
NO_IGMPV3='igmp.type == 0x22 and not (ip.dst == 224.0.0.22 and ip.dsfield == 0xc0 and
	eth.dst == 01:00:5e:00:00:16)'
NO_MLD='icmpv6.type in {131, 132, 143} and not (ipv6.hlim == 1 and
	ipv6.opt.router_alert == 0)'
NO_MLDV2='icmpv6.type == 143 and not (ipv6.dst == ff02::16 and
	eth.dst == 33:33:00:00:00:16)'

# check_packets: all of them are what they have to be.
check_packets() {
	local filter

	for filter in "$WRONG" "$NO_IGMP" "$NO_IGMPV3" "$NO_MLD" "$NO_MLDV2"; do
		filter=${filter//$'\n'/ }
		assert_equal \
			"$filter: $(packets "$filter" frame.number ip.src ipv6.src)" \
			"$filter: "
	done
}

GROUP4='igmp.type == 0x22 and igmp.maddr == 232.1.1.1'
GROUP6='icmpv6.type == 143 and icmpv6.mldr.mar.multicast_address == ff3e::1'

@test "every report is whole, goes to the routers and comes from the host" {
	start_capture
	start_msfd "$rx" --suppress-kernel --no-journal
	start_mjoin --json '10.9.0.1@232.1.1.1:5000' eth0 \
		'!10.9.0.1@239.1.1.1:5000' eth0 \
		239.1.1.2:5000 eth0 'fd09::1@[ff3e::1]:5000' eth0 \
		'!fd09::1@[ff1e::1]:5000' eth0 '[ff1e::2]:5000' eth0
	wait_for has_joined 6
	wait_for has 1 "$GROUP4"
	wait_for has 1 "$GROUP6"
	stop_mjoin
	wait_for has 2 "$GROUP4 and igmp.record_type == 6"
	wait_for has 2 "$GROUP6 and icmpv6.mldr.mar.record_type == 6"
	stop_msfd
	assert_equal "$status" 0
	check_packets
	assert_equal "$(count 'igmp and ip.src != 10.9.0.100')" 0
	assert_equal "$(count 'icmpv6.type == 143 and not ipv6.src == fe80::/10')" 0
	assert_equal "$(count 'igmp.type == 0x16 or icmpv6.type == 131')" 0
}

@test "older versions are whole, too" {
	cat > "$BATS_TEST_TMPDIR/old.conf" <<- 'END'
		[interface eth0]
		igmp-version = 2
		mld-version = 1
	END
	start_capture
	start_msfd "$rx" --suppress-kernel --no-journal \
		--config "$BATS_TEST_TMPDIR/old.conf"
	start_mjoin --json 239.1.1.2:5000 eth0 '[ff1e::2]:5000' eth0
	wait_for has_joined 2
	wait_for has 1 'igmp.type == 0x16 and ip.dst == 239.1.1.2'
	wait_for has 1 'icmpv6.type == 131 and ipv6.dst == ff1e::2'
	stop_mjoin
	wait_for has 1 'igmp.type == 0x17 and ip.dst == 224.0.0.2'
	wait_for has 1 'icmpv6.type == 132 and ipv6.dst == ff02::2'
	check_packets
}

# after FRAME FILTER: is there one behind that frame?
after() {
	has 1 "frame.number > $1 and $2"
}

@test "when the link has been down everything is reported again" {
	local n

	start_capture
	start_msfd "$rx" --suppress-kernel --no-journal
	start_mjoin --json '10.9.0.1@232.1.1.1:5000' eth0 'fd09::1@[ff3e::1]:5000' eth0
	wait_for has 2 "$GROUP4"
	wait_for has 2 "$GROUP6"
	n=$(count frame)
	ip -n "$rx" link set eth0 down
	wait_for row status '.event != "interface" or .interface != "eth0" or
		(.speaking | not)'
	ip -n "$rx" link set eth0 up
	wait_for after "$n" "$GROUP4"
	wait_for after "$n" "$GROUP6 and ipv6.src == fe80::/10"
	check_packets
}

@test "an address that is gone is not sent from, one that comes is, at once" {
	local n

	start_capture
	start_msfd "$rx" --suppress-kernel --no-journal
	start_mjoin --json '10.9.0.1@232.1.1.1:5000' eth0
	wait_for has 2 "$GROUP4 and ip.src == 10.9.0.100"
	ip -n "$rx" address flush dev eth0 scope global
	wait_for row status '.event != "interface" or .interface != "eth0" or
		.protocol != "IGMP" or .address_state == "none"'
	start_mjoin --json 239.1.1.9:5000 eth0
	wait_for has 1 'igmp.maddr == 239.1.1.9 and ip.src == 0.0.0.0'
	n=$(count frame)
	ip -n "$rx" address add 10.9.0.77/24 dev eth0
	wait_for after "$n" 'igmp.maddr == 239.1.1.9 and ip.src == 10.9.0.77'
	wait_for after "$n" "$GROUP4 and ip.src == 10.9.0.77"
	check_packets
}

@test "while its link-local address is not sure it reports from ::, then again" {
	ip -n "$rx" link set eth0 down
	in_rx sysctl -qw net.ipv6.conf.eth0.accept_dad=1 \
		net.ipv6.conf.eth0.dad_transmits=3
	start_capture
	start_msfd "$rx" --suppress-kernel --no-journal
	start_mjoin --json 'fd09::1@[ff3e::1]:5000' eth0
	ip -n "$rx" link set eth0 up
	wait_for has 1 "$GROUP6 and ipv6.src == ::"
	wait_for has 1 "$GROUP6 and ipv6.src == fe80::/10"
	check_packets
}

# sources: of the group in the last reports, all different ones.
sources() {
	packets "frame.number > ${1:-0} and $GROUP4" igmp.saddr | tr ',' '\n' |
		sort -u | grep -c .
}

has_sources() {
	[ "$(sources "$2")" = "$1" ]
}

@test "400 sources are reported in as many packets as the MTU makes it" {
	local list n

	list=$(printf '10.8.%s,' {0..3}.{1..100})
	printf '[tunables]\nsomaxsrc = 400\nmaxsrcfilter = 400\n' \
		> "$BATS_TEST_TMPDIR/many.conf"
	start_capture
	start_msfd "$rx" --suppress-kernel --no-journal \
		--config "$BATS_TEST_TMPDIR/many.conf"
	start_mjoin --json --source "${list%,}" 232.1.1.1:5000 eth0
	wait_for has_sources 400 0
	assert_equal "$(count "$GROUP4 and ip.len > 1500")" 0
	n=$(count frame)
	ip -n "$rx" link set eth0 mtu 600
	ip -n "$rx" link set eth0 down
	ip -n "$rx" link set eth0 up
	wait_for has_sources 400 "$n"
	assert_equal "$(count "frame.number > $n and $GROUP4 and ip.len > 600")" 0
	assert [ "$(count "frame.number > $n and $GROUP4")" -ge 3 ]
	check_packets
}

# overrun: how many notifications the kernel could not leave with anybody.
overrun() {
	in_rx awk '$2 == 0 { n += $9 } END { print n + 0 }' /proc/net/netlink
}

# truth, picture: each interface with what reports are sent from, as ip and as msfd says.
truth() {
	ip -n "$rx" -j address show | jq -r '.[] | [.ifindex, .ifname, (.addr_info |
		map(select(.family == "inet").local)[0] // null)] | @tsv' | sort -n
}

picture() {
	ask status | jq -r 'select(.event == "interface" and .protocol == "IGMP") |
		[.ifindex, .interface, .address] | @tsv' | sort -n
}

is_true() {
	[ "$(picture)" = "$(truth)" ]
}

@test "what notifications are lost of is looked at" {
	local i

	start_capture
	start_msfd "$rx" --suppress-kernel --no-journal
	start_mjoin --json '10.9.0.1@232.1.1.1:5000' eth0
	wait_for has 2 "$GROUP4"
	wait_for is_true
	kill -STOP "$msfd"
	{
		for i in {1..100}; do
			echo "link add name v$i type veth peer name w$i"
			echo "address add 10.7.$i.1/24 dev v$i"
			echo "link set v$i up"
		done
		for i in {1..3000}; do
			echo "address add 10.6.$((i / 200)).$((i % 200 + 1))/32 dev eth0"
		done
		echo "address flush dev eth0 scope global"
		for i in {1..50}; do
			echo "link del v$i"
		done
		echo "address add 10.9.0.55/24 dev eth0"
	} | ip -n "$rx" -batch -
	kill -CONT "$msfd"
	wait_for is_true || { diff <(truth) <(picture) && fail; }
	assert [ "$(overrun)" -gt 0 ]
	start_mjoin --json 239.1.1.9:5000 eth0
	wait_for has 1 'igmp.maddr == 239.1.1.9 and ip.src == 10.9.0.55'
	check_packets
}
