#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# msfd and pimd, a router that mixes the versions: when a host has left a group it asks
# who else is there in IGMPv3 and then, unless it is answered soon, in IGMPv2. Both hosts
# are on one link, so that one has to answer when the other leaves. Its package cannot be
# installed beside other routers: so it is fetched and unpacked, and run from there.

netns_dir=$BATS_TEST_DIRNAME/../netns
load "$netns_dir/msfd-lab"

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	command -v apt-get > /dev/null || skip "no apt-get to fetch pimd with"
	timeout 60 apt-get -qq download pimd > download 2>&1 ||
		skip "pimd cannot be fetched: $(tail -n 1 download)"
	dpkg -x pimd_*.deb . || skip "pimd cannot be unpacked"
}

setup() {
	lab_setup
	ip -n "$sw" link set dev br0 type bridge mcast_querier 0 mcast_snooping 0
	start_router
}

teardown() {
	lab_teardown
}

# On the bridge itself. It writes into the /run of its own mount namespace, from where
# sources() reads.
start_router() {
	printf '%s\n' 'igmp-query-interval 2' 'igmp-querier-timeout 9' \
		'phyint br0 enable igmpv3' 'rp-address 10.9.0.254' \
		> "$BATS_TEST_TMPDIR/conf"
	# shellcheck disable=SC2016 # for the inner shell
	ip netns exec "$sw" sh -c 'mount -t tmpfs tmpfs /run && exec "$@"' sh \
		"$BATS_FILE_TMPDIR/usr/sbin/pimd" --foreground --disable-vifs \
		--config="$BATS_TEST_TMPDIR/conf" < /dev/null \
		> "$BATS_TEST_TMPDIR/pimd.log" 2>&1 3>&- &
	pimd=$!
	pids+=("$pimd")
	its_root=/proc/$pimd/root
	wait_for [ -e "$its_root/run/pimd.pid" ]
}

# sources GROUP: those that the router knows to be wanted, of a source-specific group. It
# loses time with each question.
sources() {
	local file=$its_root/run/pimd/pimd.dump

	[ ! -e "$file" ] || : > "$file"
	kill -USR1 "$pimd"
	wait_for grep -qs 'Cache MIRRORs' "$file"
	awk -v group="$1" '$1 ~ /^[0-9]+$/ && $2 == group {
		for (i = 3; i <= NF; i++) print $i }' "$file" | sort | xargs
}

has_sources() {
	[ "$(sources "$1")" = "$2" ]
}

# asked WORDS: how often the router has, of a query as tcpdump writes it.
asked() {
	tcpdump -nr "$capture" -v igmp 2> /dev/null | grep -c "igmp query $1"
}

has_asked() {
	[ "$(asked "$1")" -ge "$2" ]
}

# wait_for_question: until the router has asked for all groups once more.
wait_for_question() {
	wait_for has_asked 'v3$' $(($(asked 'v3$') + 1))
}

@test "what another host has left is answered in IGMPv3, also after a query in IGMPv2" {
	start_msfd
	start_capture pimd igmp
	hold 232.1.1.1,10.9.0.1 239.1.1.1,10.9.0.1
	wait_for has_sources 232.1.1.1 10.9.0.1
	kill -STOP "$msfd"
	kill -KILL "$held_full"
	wait_for has_asked 'v3.*gaddr 232.1.1.1' 1
	wait_for has_asked 'v2.*gaddr 232.1.1.1' 1
	kill -CONT "$msfd"
	wait_for_question
	has_sources 232.1.1.1 10.9.0.1
	speaks IGMP 3
	kill -KILL "$held"
	wait_for_question
	wait_for has_sources 232.1.1.1 ''
	stop_capture
	assert_equal "$(frames "$WRONG or igmp and igmp.type != 0x22")" ""
}
