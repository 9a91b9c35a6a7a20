# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# msfd-lab: a switch, who is the querier, too, and has three ports. They lead to $rx, a
# host with msfd, whose kernel has any-source joins and nothing else; to $full, whose
# kernel has everything, in all other respects the same host; and to $tx, who sends
# from 10.9.0.1 to .4 and fd09::1 to ::4 and plays what is not a host.

load "${netns_dir:=$BATS_TEST_DIRNAME}/common"

# MSFD_SUBJECT=kernel: the kernel's own IGMPv3 and MLDv2 in place of msfd, to test the
# tests.
subject=${MSFD_SUBJECT:-msfd}

# The switch, in hundredths of seconds. It forgets after twice the query interval and
# the response interval (RFC 3376 8.4).
BRIDGE="mcast_snooping 1 mcast_query_use_ifaddr 1 mcast_stats_enabled 1
	mcast_query_interval 200 mcast_query_response_interval 100
	mcast_membership_interval 500 mcast_querier_interval 500
	mcast_startup_query_interval 100 mcast_last_member_interval 10"

in_sw() {
	ip netns exec "$sw" "$@"
}

in_full() {
	ip netns exec "$full" "$@"
}

# lab_setup [VERSION]: of the switch's IGMP, 3 or 2; its MLD has the one before. It is set
# before the bridge is up, since hosts remember an older one.
lab_setup() {
	lab_names
	printf 'netns add %s\n' "$sw" "$rx" "$full" "$tx" | ip -batch -
	in_sw sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	in_rx sysctl -qw net.ipv6.conf.default.accept_dad=0
	in_full sysctl -qw net.ipv6.conf.default.accept_dad=0
	in_tx sysctl -qw net.ipv6.conf.default.accept_dad=0
	hold_kernel_back
	make_switch "${1:-3}"
	make_host "$rx" 100
	make_host "$full" 101
	make_host "$tx" 1 2 3 4
	ip -n "$sw" link set dev br0 up
	ask_anew
}

# ask_anew [SETTING...]: with the queries of a querier that starts. Until the first have
# been answered it lets nothing through, for as long as the response interval was
# when it became the querier.
ask_anew() {
	ip -n "$sw" link set dev br0 type bridge "$@" mcast_querier 0
	ip -n "$sw" link set dev br0 type bridge mcast_querier 1
}

lab_names() {
	local name

	for name in sw rx full tx; do
		printf -v "$name" %s "mj$$-$BATS_TEST_NUMBER-$name"
	done
	pids=()
	n_started=0
}

# The kernel of $rx speaks the older versions only.
hold_kernel_back() {
	[ "$subject" = kernel ] || in_rx sysctl -qw \
		net.ipv4.conf.all.force_igmp_version=2 \
		net.ipv6.conf.all.force_mld_version=1
}

# What nobody asked for is not let through ("mcast_flood off").
make_switch() {
	local port

	{
		echo "link add name br0 type bridge" $BRIDGE \
			"mcast_igmp_version $1 mcast_mld_version $(($1 - 1))"
		for port in rx full tx; do
			echo "link add name $port type veth peer name eth0 netns ${!port}"
			echo "link set dev $port master br0"
			echo "link set dev $port up"
		done
		echo "address add 10.9.0.254/24 dev br0"
	} | ip -n "$sw" -batch -
	printf 'link set dev %s mcast_flood off\n' rx full tx | bridge -n "$sw" -batch -
	in_sw sysctl -qw net.ipv6.conf.br0.accept_dad=0 net.ipv6.conf.br0.disable_ipv6=0
}

# make_host NAMESPACE NUMBER...: the last bytes of its addresses.
make_host() {
	local i

	{
		echo "link set dev lo up"
		for i in "${@:2}"; do
			echo "address add 10.9.0.$i/24 dev eth0"
			printf 'address add fd09::%x/64 dev eth0 nodad\n' "$i"
		done
		echo "link set dev eth0 up"
	} | ip -n "$1" -batch -
}

lab_teardown() {
	local pid name status=0

	[ -z "${msfd:-}" ] || stop_msfd || status=1
	for pid in "${pids[@]}"; do
		kill -KILL "$pid" 2> /dev/null && wait "$pid" 2> /dev/null
	done
	for name in "$sw" "$rx" "$full" "$tx"; do
		ip netns del "$name" 2> /dev/null
	done
	return "$status"
}

# run_history OPTION...: of both hosts; MSFD_SEED repeats one that failed, MSFD_STEPS
# makes longer ones.
run_history() {
	run python3 "$netns_dir/mdb-history.py" --seed "${MSFD_SEED:-$RANDOM}" \
		--steps "${MSFD_STEPS:-50}" "$@" "$full=full" "$rx=rx=${asm_program[*]}"
	echo "${lines[-1]}"
}

# The kernel of $rx, and a program there through the shim.
asm_kernel=(python3 "$netns_dir/no-filters.py" ENOPROTOOPT)
asm_program=("${asm_kernel[@]}" msfctl run --)
[ "$subject" = msfd ] || asm_kernel=() asm_program=()

# start_msfd [OPTION...]: until it answers. Its process is $msfd, its words are in $log.
start_msfd() {
	log=$BATS_TEST_TMPDIR/msfd.log
	[ "$subject" = msfd ] || return 0
	ip netns exec "$rx" "${asm_kernel[@]}" "${MSFD:-msfd}" --foreground \
		--suppress-kernel --no-journal "$@" < /dev/null > "$log" 2>&1 3>&- &
	msfd=$!
	pids+=("$msfd")
	wait_for has_answered || { cat "$log" && return 1; }
}

# agent VERB...: of msfctl, there.
agent() {
	in_rx msfctl agent "$@"
}

has_answered() {
	! is_alive "$msfd" || agent status > /dev/null 2>&1
}

# It ends well, or says why not.
stop_msfd() {
	local status=0

	kill "$msfd" 2> /dev/null
	wait_for is_over "$msfd"
	wait "$msfd" 2> /dev/null || status=$?
	msfd=
	[ "$status" = 0 ] || { echo "msfd: status $status" && cat "$log"; return 1; }
}

# start_capture NAME [FILTER]: of what passes the port that leads to $rx; into $capture.
start_capture() {
	capture=$BATS_TEST_TMPDIR/$1.pcap
	ip netns exec "$sw" tcpdump -q -n -U --immediate-mode -i rx -w "$capture" \
		"${2:-igmp or ip6}" < /dev/null 2> "$capture.log" 3>&- &
	tcpdump=$!
	pids+=("$tcpdump")
	wait_for grep -qs 'listening on' "$capture.log"
}

stop_capture() {
	kill -INT "$tcpdump"
	wait_for is_over "$tcpdump"
}

# frames FILTER [FIELD...]: of the capture, those that came from $rx; with the fields.
frames() {
	local filter=$1 mac words=()
	shift

	mac=$(in_rx cat /sys/class/net/eth0/address)
	[ $# = 0 ] || words=(-T fields $(printf -- '-e %s ' "$@"))
	tshark -n -r "$capture" -o ip.check_checksum:TRUE \
		-Y "eth.src == $mac and ($filter)" "${words[@]}" 2> /dev/null
}

# What no host may send (RFC 3376 4, RFC 3810 5).
WRONG="_ws.malformed or igmp.checksum.status == 0 or icmpv6.checksum.status == 0
	or ip.checksum.status == 0 or igmp and (ip.ttl != 1 or !ip.opt.ra)
	or igmp.type == 0x22 and ip.dst != 224.0.0.22
	or (icmpv6.type in {131, 132, 143}) and (ipv6.hlim != 1 or !ipv6.opt.router_alert)
	or icmpv6.type == 143 and ipv6.dst != ff02::16"

# assert_clean: nothing of that is in the capture, and something is.
assert_clean() {
	assert_equal "$(frames "$WRONG")" ""
	assert_equal "$(frames 'igmp or icmpv6.type in {131, 143}' icmpv6.type |
		sed 's/^$/IGMP/; s/^1.*/MLD/' | sort -u | xargs)" "IGMP MLD"
}

# hold GROUP,SOURCE...: programs that join these, on both hosts at once, until the end
# of the test; $held and $held_full are their processes.
hold() {
	local words=(python3 "$netns_dir/hold.py") pair

	for pair; do
		words+=(socket "udp$([[ $pair == *:* ]] && echo 6 || echo 4)" source
			"${pair%,*}" eth0 "${pair#*,}")
	done
	said=$BATS_TEST_TMPDIR/held.$((n_started += 1))
	ip netns exec "$rx" "${asm_program[@]}" "${words[@]}" < /dev/null \
		> "$said" 2>&1 3>&- &
	held=$!
	ip netns exec "$full" "${words[@]}" < /dev/null > "$said.full" 2>&1 3>&- &
	held_full=$!
	pids+=("$held" "$held_full")
	wait_for grep -q ready "$said"
	wait_for grep -q ready "$said.full"
}

# both_known FILTER...: the switch knows these of both hosts (see mdb.py), soon.
both_known() {
	python3 "$netns_dir/mdb.py" "$sw" rx,full "$@"
}

# both_know_for SECONDS FILTER...: it knows them all the time.
both_know_for() {
	python3 "$netns_dir/mdb.py" --for "$1" "$sw" rx,full "${@:2}"
}

# speaks PROTOCOL VERSION: msfd, on eth0.
speaks() {
	[ "$subject" = msfd ] || return 0
	agent status --json | jq -es "any(.[]; .event == \"interface\" and
		.interface == \"eth0\" and .protocol == \"$1\" and .version == $2)" \
		> /dev/null
}
