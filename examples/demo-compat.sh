#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A program as it is (iperf) asks for one source on a kernel that has no source filters
# and speaks IGMPv2, behind a switch that snoops and asks as an IGMPv3 querier. Shows
# what becomes of it without libmsf, through the shim alone, and with msfd: what the
# program is told, what the switch knows, and what it sends to the host.
#
#	examples/demo-compat.sh [BUILD]	(root, or .ci/namespace examples/demo-compat.sh)
#
# Exit status 0: with msfd only the source that was asked for reached the host.
# shellcheck source-path=SCRIPTDIR
set -u

here=$(cd "$(dirname "$0")" && pwd)
name=demo-compat
. "$here/lab.sh"
build=$(realpath "${1:-build}")
msend=$build/tools/msend/msend
mwatch=$build/tools/mwatch/mwatch
msfctl=$build/tools/msfctl/msfctl
msfd=$build/compat/msfd/msfd
shim=$build/compat/preload/libmsf-preload.so
old_kernel=$here/../tests/netns/no-filters.py
switch=msfcompat$$-w
sender=msfcompat$$-s
receiver=msfcompat$$-r
status=0
group=232.1.1.1
asked=10.9.0.1
program=(iperf -s -u -B "$group%eth0" --ssm-host "$asked")

# wait_for WHAT COMMAND...: until it succeeds, 10 seconds at most.
wait_for() {
	local deadline=$((SECONDS + 10)) what=$1

	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || fail "waited in vain for $what"
		sleep 0.05
	done
}

make_network() {
	add_namespaces "$switch" "$sender" "$receiver"
	# As the hosts of an old kernel speak.
	ip netns exec "$receiver" sysctl -qw net.ipv4.conf.all.force_igmp_version=2
	ip -n "$switch" link add br0 type bridge mcast_snooping 1 \
		mcast_igmp_version 3 mcast_mld_version 2 \
		mcast_query_interval 300 mcast_query_response_interval 100 \
		mcast_last_member_interval 40 mcast_membership_interval 800 \
		mcast_startup_query_interval 100 mcast_query_use_ifaddr 1
	ip -n "$switch" address add 10.9.0.254/24 dev br0
	ip -n "$switch" link set br0 up
	# Up before: Linux 6.18 floods everything for ever where it is a querier from its
	# birth.
	ip -n "$switch" link set br0 type bridge mcast_querier 1
	connect "$sender" "$switch" sender
	connect "$receiver" "$switch" receiver
	ip -n "$switch" link set sender master br0
	ip -n "$switch" link set receiver master br0
	# What nobody asked for is not to reach the receiver.
	bridge -n "$switch" link set dev receiver mcast_flood off
	add_addresses "$sender" 1 2 3
	add_addresses "$receiver" 100
}

# What the switch knows of the receiver: "exclude", or "include 10.9.0.1".
ask_switch() {
	bridge -n "$switch" -d -j mdb show | jq -r --arg group "$group" '.[].mdb[]? |
		select(.port == "receiver" and .grp == $group) |
		select(has("src") | not) |
		.filter_mode +
		([.source_list[]?.address] | sort | map(" " + .) | join(""))'
}

# is_known WORDS: does it know this?
# shellcheck disable=SC2317 # called by wait_for
is_known() {
	[ "$(ask_switch)" = "$1" ]
}

# start COMMAND...: the program in the receiver, on a kernel without source filters.
start() {
	ip netns exec "$receiver" python3 "$old_kernel" ENOPROTOOPT "$@" \
		>"$work/program" 2>&1 &
	pids+=($!)
}

# count: prints what came to the receiver's interface, source by source.
count() {
	ip netns exec "$receiver" "$mwatch" --json --interval 1 --count 2 eth0 \
		"$group:5001" | jq -r 'select(.event == "summary") | .flows |
		sort_by(.source)[] | "\(.source) \(.packets)"' >"$work/came"
}

has_come() {
	grep -q "^$1 " "$work/came"
}

# show KNOWN: what the switch knows, once it is that, and what it lets through.
show() {
	local source

	wait_for "the switch to know $group as \"$1\"" is_known "$1"
	echo "  the switch:   $group $(ask_switch)"
	count
	for source in 10.9.0.1 10.9.0.2 10.9.0.3; do
		if has_come "$source"; then
			echo "  at the host:  $source comes"
		else
			echo "  at the host:  $source does not come"
		fi
	done
}

need_files "$msend" "$mwatch" "$msfctl" "$msfd" "$shim"
command -v iperf >/dev/null || fail "iperf is missing: run make deps-demo"
make_network
ip netns exec "$sender" "$msend" --source 10.9.0.1,10.9.0.2,10.9.0.3 --rate 100 \
	"$group:5001" eth0 >"$work/sender" 2>&1 &
pids+=($!)

echo "A kernel without source filters, IGMPv2:"
echo "receiver\$ ${program[*]}"
ip netns exec "$receiver" timeout 2 python3 "$old_kernel" ENOPROTOOPT "${program[@]}" \
	>"$work/program" 2>&1
echo "  the program:  $(grep -im1 'fail' "$work/program" || echo 'says nothing')"

echo
echo "The same through the shim, without msfd:"
echo "receiver\$ msfctl run -- ${program[*]}"
start "$msfctl" run --library "$shim" -- "${program[@]}"
show exclude
stop_from 1

echo
echo "The same, and msfd speaks for the host:"
echo "receiver\$ msfd --suppress-kernel &"
echo "receiver\$ msfctl run -- ${program[*]}"
ip netns exec "$receiver" "$msfd" --suppress-kernel --config /dev/null \
	--user "$(id -un)" --socket "$work/msfd.sock" >"$work/msfd" 2>&1 &
pids+=($!)
export MSF_AGENT=$work/msfd.sock
wait_for "msfd" ip netns exec "$receiver" "$msfctl" agent status
start "$msfctl" run --library "$shim" -- "${program[@]}"
show "include $asked"
{ has_come "$asked" && ! has_come 10.9.0.2 && ! has_come 10.9.0.3; } || status=1

echo
echo "receiver\$ msfctl agent show"
ip netns exec "$receiver" "$msfctl" agent show
echo
if [ "$status" -eq 0 ]; then
	echo "With msfd the switch knows the one source, and sends no other to the host."
else
	cat "$work/msfd" >&2
	echo "demo-compat: this is not what was asked for" >&2
fi
exit $status
