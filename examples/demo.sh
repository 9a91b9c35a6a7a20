#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Three sources send to one group; mjoin takes one of them. Shows who sent what,
# what was on the wire (a second mjoin takes all of it), who joined what, and what
# arrived, for IPv4, for IPv6, and as on a kernel that has no source filters; at the
# end mwatch's view of the three.
#
#	examples/demo.sh [BUILD]	(root, or .ci/namespace examples/demo.sh)
#
# Exit status 0: the source that was joined arrived in full, and no other.
# shellcheck source-path=SCRIPTDIR
set -u

here=$(cd "$(dirname "$0")" && pwd)
name=demo
. "$here/lab.sh"
build=$(realpath "${1:-build}")
msend=$build/tools/msend/msend
mjoin=$build/tools/mjoin/mjoin
mwatch=$build/tools/mwatch/mwatch
msfctl=$build/tools/msfctl/msfctl
sender=msfdemo$$-s
receiver=msfdemo$$-r
n_packets=30
rate=50
as= # words before the commands that are shown
status=0

# wait_for FILE TEXT: until the output has the text, 5 seconds at most.
wait_for() {
	local deadline=$((SECONDS + 5))

	until grep -qs "$2" "$1"; do
		if [ $SECONDS -ge $deadline ]; then
			cat "$1.errors" >&2
			fail "waited in vain for \"$2\""
		fi
		sleep 0.02
	done
}

# receive FILE ARGUMENT...: starts an mjoin, and waits until it has joined.
receive() {
	local file=$1

	shift
	: >"$file"
	ip netns exec "$receiver" "$mjoin" --json "$@" \
		>"$file" 2>"$file.errors" &
	pids+=($!)
	wait_for "$file" '"joined"'
}

# Until all that was started has received its packets, or gave up.
wait_for_receivers() {
	local pid

	for pid in "${pids[@]}"; do
		wait "$pid" || status=1
	done
	pids=()
}

# get_packets FILE SOURCE: from the summary of msend or mjoin; 0: none.
get_packets() {
	jq -s --arg source "$2" '[.[] | select(.event == "summary") | .flows[] |
		select(.source == $source) | .packets] | add // 0' "$1"
}

print_row() {
	printf '%-12s %8s %8s %12s %10s   %s\n' "$@"
}

# judge SOURCE IS_JOINED: one line of the table.
judge() {
	local sent wire arrived awaited=0 verdict=wrong

	sent=$(get_packets "$work/sent" "$1")
	wire=$(get_packets "$work/wire" "$1")
	arrived=$(get_packets "$work/arrived" "$1")
	[ "$2" = yes ] && awaited=$n_packets
	if [ "$sent" -eq "$n_packets" ] && [ "$wire" -eq "$n_packets" ] &&
		[ "$arrived" -eq "$awaited" ]; then
		verdict=right
	else
		status=1
	fi
	print_row "$1" "$2" "$sent" "$wire" "$arrived" "$verdict"
}

# show ENDPOINT JOINED OTHER...: the whole for one family.
show() {
	local endpoint=$1 joined=$2 sources source

	shift
	sources=$(IFS=,; echo "$*")
	echo
	echo "receiver\$ ${as}mjoin $endpoint eth0 &	# takes all that is on the wire"
	echo "receiver\$ ${as}mjoin -s $joined $endpoint eth0 &"
	echo "sender\$ msend --source $sources --count $n_packets --rate $rate \\"
	echo "		$endpoint eth0"

	# The witness: without -s it takes everything that is on the wire.
	receive "$work/wire" --timeout 5 --count $((n_packets * $#)) "$endpoint" eth0
	receive "$work/arrived" --timeout 5 -s "$joined" --count "$n_packets" \
		"$endpoint" eth0

	echo "receiver\$ msfctl show --here"
	# what it may not look at is not in this network namespace
	ip netns exec "$receiver" "$msfctl" show --here 2>"$work/show.errors" ||
		fail "msfctl failed: $(cat "$work/show.errors")"
	echo

	timeout 5 ip netns exec "$sender" "$msend" --source "$sources" \
		--count "$n_packets" --rate "$rate" --json "$endpoint" eth0 \
		>"$work/sent" || fail "msend failed"
	wait_for_receivers

	print_row source joined sent 'on the wire' arrived ''
	for source in "$@"; do
		judge "$source" "$([ "$source" = "$joined" ] && echo yes || echo no)"
	done
}

# watch: what mwatch sees while mjoin takes the first source and nobody takes all.
# On a terminal it is the live view, with a summary behind it.
watch() {
	echo
	echo "receiver\$ mjoin -s 10.9.0.1 232.1.1.1:5000 eth0 &"
	echo "receiver\$ mwatch --interval 1 --count 3 eth0 232.1.1.1:5000"

	receive "$work/watched" -s 10.9.0.1 232.1.1.1:5000 eth0
	ip netns exec "$sender" "$msend" --source 10.9.0.1,10.9.0.2,10.9.0.3 \
		--rate 1000 --rtp 232.1.1.1:5000 eth0 >"$work/sent" 2>&1 &
	pids+=($!)
	ip netns exec "$receiver" "$mwatch" --interval 1 --count 3 \
		eth0 232.1.1.1:5000 || fail "mwatch failed"
	check_verdicts
	stop_from 0
}

# The same, for a program: one source accepted, two blocked.
check_verdicts() {
	local verdicts

	verdicts=$(ip netns exec "$receiver" "$mwatch" --json --interval 0.5 --count 1 \
		eth0 232.1.1.1:5000 | jq -r 'select(.event == "summary") | .flows |
		sort_by(.source) | map(.verdict) | join(" ")')
	[ "$verdicts" = "accept block block" ] || status=1
}

need_files "$msend" "$mjoin" "$mwatch" "$msfctl"
add_namespaces "$sender" "$receiver"
connect "$sender" "$receiver"
add_addresses "$sender" 1 2 3
add_addresses "$receiver" 100
show 232.1.1.1:5000 10.9.0.1 10.9.0.2 10.9.0.3
show '[ff3e::1]:5000' fd09::1 fd09::2 fd09::3
as='MSF_BACKEND=asm '
export MSF_BACKEND=asm
show 232.1.1.2:5000 10.9.0.1 10.9.0.2 10.9.0.3
unset MSF_BACKEND
watch
echo
if [ "$status" -eq 0 ]; then
	echo "Three sources were on the wire; what was joined arrived, nothing else."
else
	cat "$work"/*.errors >&2
	echo "demo: this is not what was joined" >&2
fi
exit $status
