#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# mwatch refuses what it cannot do, in one line with the cause and the cure, before it
# prints or joins anything.

load mwatch

setup() {
	net_setup
	before=$(memberships)
}

teardown() {
	net_teardown
}

# refuse STATUS PATTERN ARGUMENT...: one line on standard error that matches, nothing
# on standard output, and nothing joined.
refuse() {
	local expected=$1 pattern=$2
	shift 2
	run_mwatch "$@"
	assert_equal "$status" "$expected"
	assert_equal "$output" ""
	assert_equal "${#stderr_lines[@]}" 1
	[[ $stderr =~ ^mwatch:\ $pattern$ ]] || fail "$stderr does not match $pattern"
	assert_equal "$(memberships)" "$before"
}

@test "interfaces that are none" {
	refuse 1 'nope0: no such interface: ip link lists them' nope0
	refuse 1 '99: no such interface.*' 99
	refuse 1 '10.1.2.3: no interface has this address.*' 10.1.2.3
	refuse 1 'fd99::1: no interface has this address.*' fd99::1
	refuse 1 'nope0: no such interface.*' eth0 nope0
	refuse 2 '0: not an interface.*' 0
	refuse 2 '"": not an interface.*' ''
	refuse 2 'IFACE: no interface to watch is named.*'
	refuse 2 'IFACE: no interface to watch is named.*' 232.1.1.1:5000
}

@test "an interface that is given twice, in whatever way" {
	refuse 2 'eth0: eth0 is given twice' eth0 eth0
	refuse 2 '10.9.0.100: eth0 is given twice' eth0 10.9.0.100
	refuse 2 'eth0: eth0 is given twice' fd09::100 eth0
}

@test "an interface that is down" {
	make_link eth7
	refuse 1 'eth7: the interface is down: ip link set dev eth7 up' eth0 eth7
}

@test "groups that are none" {
	refuse 2 '10.9.0.1:5000: not a multicast group.*' eth0 10.9.0.1:5000
	refuse 2 '10.9.0.1\+2: not a multicast group.*' eth0 10.9.0.1+2
	refuse 2 '232.1.1: misspelt IPv4 address.*' eth0 232.1.1
	refuse 2 '232.1.1.1/24: a prefix is no address.*' eth0 232.1.1.1/24
	refuse 2 '232.1.1.1:0: the port must be.*' eth0 232.1.1.1:0
	refuse 2 '232.1.1.1\+0: the number of groups.*' eth0 232.1.1.1+0
	refuse 2 '239.255.255.255\+2: the range of groups.*' eth0 239.255.255.255+2
	refuse 2 'ff3e:::1: misspelt IPv6 address' eth0 ff3e:::1
	refuse 2 '\[ff3e::1: the closing bracket.*' eth0 '[ff3e::1'
}

@test "what contradicts itself" {
	refuse 2 '-s and -x: .*' --join -s 10.9.0.1 -x 10.9.0.2 eth0 232.1.1.1
	refuse 2 '-s: needs --join: .*' -s 10.9.0.1 eth0 232.1.1.1
	refuse 2 '-x: needs --join: .*' -x 10.9.0.1 eth0 232.1.1.1
	refuse 2 '--join: a group to join must be named: .*' --join eth0
	refuse 2 '--join and --pid: .*' --join --pid 1 eth0 232.1.1.1
	refuse 2 '--json and --csv: .*' --json --csv eth0
	refuse 2 '--csv and --text: .*' --csv --text eth0
	refuse 2 '--quiet and --json: .*' -q -j eth0
	refuse 2 '--loss and --seq: .*' --loss rtp --seq 0:4 eth0
	refuse 2 '--count: given twice' -n 1 --count 2 eth0
	refuse 2 '--json: --report reads a record.*' --report x.html --json rec
	refuse 2 '--count: --report reads a record.*' -n 1 --report x.html
	refuse 2 'b: --report reads one record.*' --report x.html a b
	refuse 2 '--record -: standard output is taken.*' --record - --json eth0
}

@test "sources that are none" {
	refuse 2 'source: fd09::1: wrong family: it cannot be a source of 232.1.1.1' \
		--join -s fd09::1 eth0 232.1.1.1
	refuse 2 'source: 10.9.0.1: wrong family: .*' --join -s 10.9.0.1 eth0 ff3e::1
	refuse 2 'source: 10.9.0.1: wrong family: .*' \
		--join -x 10.9.0.1 eth0 232.1.1.1 ff3e::1
	refuse 2 'source: 10.9.0: misspelt.*' --join -s 10.9.0 eth0 232.1.1.1
	refuse 2 'source: 232.1.1.1: a multicast.*' --join -s 232.1.1.1 eth0 232.1.1.1
	refuse 2 'source: 10.9.0.1: given twice' \
		--join -s 10.9.0.1,10.9.0.1 eth0 232.1.1.1
	refuse 2 'source: 10.9.0.1: given twice' \
		--join -s 10.9.0.1 -s 10.9.0.1 eth0 232.1.1.1
	refuse 2 'source: 10.9.0.1,: an empty one.*' --join -s 10.9.0.1, eth0 232.1.1.1
	refuse 2 'source: "": an empty one.*' --join -s '' eth0 232.1.1.1
}

@test "numbers that are none, or out of range" {
	local option
	for option in --count --top --flows --ring --rtp-clock --pid; do
		refuse 2 "$option: 0: must be .*" "$option" 0 eth0
		refuse 2 "$option: x: must be .*" "$option" x eth0
		refuse 2 "$option: -1: must be .*" "$option" -1 eth0
		refuse 2 "$option: 1.5: must be .*" "$option" 1.5 eth0
		refuse 2 "$option: \"\": must be .*" "$option" '' eth0
		refuse 2 "$option: 18446744073709551617: must be .*" \
			"$option" 18446744073709551617 eth0
	done
	for option in --interval --duration; do
		refuse 2 "$option: 0: must be .*" "$option" 0 eth0
		refuse 2 "$option: x: must be .*" "$option" x eth0
		refuse 2 "$option: -1: must be .*" "$option" -1 eth0
		refuse 2 "$option: nan: must be .*" "$option" nan eth0
		refuse 2 "$option: 1e3: must be .*" "$option" 1e3 eth0
		refuse 2 "$option: 1.2.3: must be .*" "$option" 1.2.3 eth0
	done
	refuse 2 '--interval: 0.009: must be 0.01 seconds or more' -i 0.009 eth0
	refuse 2 '--interval: 0.0009: must be 0.01 seconds or more' -i 0.0009 eth0
	refuse 2 '--duration: 0.0005: must be 0.001 seconds or more' -d 0.0005 eth0
	local century='must be a century, 3200000000 seconds, or less'
	refuse 2 "--duration: 99999999999: $century" -d 99999999999 eth0
}

@test "words that are none of the choices" {
	refuse 2 '--loss: rtcp: must be auto, rtp, ts, msend or none.*' -l rtcp eth0
	refuse 2 '--sort: name: must be one of rate, .*verdict' -o name eth0
	refuse 2 '--bogus: unknown option; mwatch --help lists them' --bogus eth0
	refuse 2 '-Z: unknown option; mwatch --help lists them' -Z eth0
	refuse 2 '--record: "": must not be empty' --record '' eth0
	refuse 2 '--count: missing argument' eth0 --count
}

@test "sequence fields that no payload has" {
	local format='must be OFFSET:SIZE.*'

	refuse 2 "--seq: 4: $format" --seq 4 eth0
	refuse 2 "--seq: :4: $format" --seq :4 eth0
	refuse 2 "--seq: 0:4:xe: $format" --seq 0:4:xe eth0
	refuse 2 "--seq: 0:4\\+: $format" --seq 0:4+ eth0
	refuse 2 "--seq: 0:4\\+4:2\\+6:2: $format" --seq 0:4+4:2+6:2 eth0
	refuse 2 '--seq: 0:0: the size of a field.*' --seq 0:0 eth0
	refuse 2 '--seq: 0:9: the size of a field.*' --seq 0:9 eth0
	refuse 2 "--seq: 65528:1: $format" --seq 65528:1 eth0
	refuse 2 "--seq: 99999999999:1: $format" --seq 99999999999:1 eth0
	refuse 2 '--seq: 65527:1: the field runs past.*' --seq 65527:1 eth0
}

@test "expectations that nothing can meet" {
	refuse 2 '--expect: 10.9.0.1: must be SOURCE,GROUP.*' -e 10.9.0.1 eth0
	refuse 2 '--expect: 10.9.0.1,ff3e::1: .*one family.*' -e 10.9.0.1,ff3e::1 eth0
	refuse 2 '--expect: 10.9.0.1,10.9.0.2: .*' -e 10.9.0.1,10.9.0.2 eth0
	refuse 2 '--expect: 10.9.0.1,232.1.1.1,x: MIN_PPS .*' -e 10.9.0.1,232.1.1.1,x eth0
	local unwatched='is not among the groups that are watched'
	refuse 2 "--expect: 232.1.1.4: $unwatched" \
		-e 10.9.0.1,232.1.1.3 -e 10.9.0.1,232.1.1.4 eth0 232.1.1.1+3
	refuse 2 "--expect: 232.1.1.1:5001: $unwatched" \
		-e 10.9.0.1,232.1.1.1:5001 eth0 232.1.1.1:5000 ff3e::1
	refuse 2 "--expect: ff3e::2: $unwatched" -e fd09::1,ff3e::2 eth0 ff3e::1
}

@test "a process that is not there, or lives elsewhere" {
	refuse 1 '--pid: 2147483647: no such process' --pid 2147483647 eth0
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	refuse 1 "--pid: ${pids[0]}: it lives in another network namespace: .*" \
		--pid "${pids[0]}" eth0
}

@test "a process that has joined nothing is told of" {
	ip netns exec "$rx" sleep 60 3>&- &
	pids+=("$!")
	wait_for is_sleep "$!"
	run_mwatch --json --count 1 -i 0.01 --pid "${pids[0]}" eth0
	assert_equal "$status" 0
	assert_equal "$stderr" "mwatch: --pid: warning: process ${pids[0]} holds no\
 membership with a UDP socket"
	start_mjoin 239.1.1.1:5000 eth0
	run_mwatch --json --count 1 -i 0.01 --pid "$mjoin" eth0
	assert_equal "$stderr" ""
}

# ip(8) is it, in the namespace.
is_sleep() {
	[ "$(cat "/proc/$1/comm")" = sleep ]
}

@test "an address that looks as if it had a port is doubted" {
	run_mwatch --json --count 1 -i 0.01 eth0 ff3e::1:5000
	assert_equal "$status" 0
	[[ $stderr == 'mwatch: ff3e::1:5000: warning: this is an address without'* ]]
}

@test "a message carries nothing that moves a cursor" {
	refuse 1 '\?\[2Jx: no such interface.*' $'\e[2Jx'
}

@test "help and version are no errors" {
	run_mwatch --version
	assert_equal "$status" 0
	[[ $output =~ ^mwatch\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	run_mwatch --help
	assert_equal "$status" 0
	assert_output --partial '--expect=SOURCE,GROUP[:PORT][,MIN_PPS]'
}
