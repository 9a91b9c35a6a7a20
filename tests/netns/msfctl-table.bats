#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# msfctl table prints the contract and where this kernel deviates from it; msfctl probe
# prints backend, limits and what the kernel lies about. Neither leaves a trace.

load msfctl

setup() {
	contract=$BATS_TEST_DIRNAME/../semantics.csv
	contract_linux=$BATS_TEST_DIRNAME/../semantics-linux.csv
	net_setup
}

teardown() {
	net_teardown
}

# unquote: CSV without the quotes of fields that hold a comma, as the contract is.
unquote() {
	tr -d '"'
}

# as_nobody COMMAND...: in the receiving namespace, without any privilege.
as_nobody() {
	in_rx setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

# without_namespaces COMMAND...: where no network namespace can be made.
without_namespaces() {
	unshare -Urn bash -c 'echo 0 > /proc/sys/user/max_net_namespaces && "$@"' \
		bash "$@"
}

# without_filters ERRNO COMMAND...: on a kernel without source filters.
without_filters() {
	in_rx python3 "$BATS_TEST_DIRNAME/no-filters.py" "$@"
}

# deviations: of the JSON lines in $output, a line each.
deviations() {
	jq -r 'select(.deviates) |
		"\(.state) \(.request) \(.argument): \(.kernel_errno) \(.kernel_state)"' \
		<<< "$output"
}

# fact NAME JQ: of the JSON lines in $output.
fact() {
	jq -r --arg name "$1" "select(.name == \$name) | $2" <<< "$output"
}

# keys JQ: the keys that all of the JSON lines in $output have.
keys() {
	jq -sr 'map(keys_unsorted | join(",")) | unique | .[]' <<< "$output"
}

@test "table --csv is the contract, of either table" {
	run_msfctl table --csv
	assert_equal "$status" 0
	assert_equal "$(unquote <<< "$output")" "$(< "$contract")"
	run_msfctl table --csv --semantics linux
	assert_equal "$(unquote <<< "$output")" "$(< "$contract_linux")"
	run_msfctl table --csv --semantics table
	assert_equal "$(unquote <<< "$output")" "$(< "$contract")"
}

@test "table --csv has six fields in every line, and eight with --kernel" {
	local count='import csv, sys; print({len(row) for row in csv.reader(sys.stdin)})'

	run_msfctl table --csv
	assert_equal "$(python3 -c "$count" <<< "$output")" "{6}"
	run_msfctl table --csv --kernel
	assert_equal "$status" 0
	assert_equal "$(python3 -c "$count" <<< "$output")" "{8}"
	assert_equal "$(head -n 1 <<< "$output")" \
		"$(head -n 1 "$contract"),kernel_errno,kernel_state"
	assert_equal "$(wc -l <<< "$output")" "$(wc -l < "$contract")"
}

@test "table --json has an object a row, and nothing of the kernel" {
	run_msfctl table --json
	assert_equal "$status" 0
	assert_equal "$(keys)" \
		"time,$(head -n 1 "$contract"),kernel_errno,kernel_state"
	assert_equal "$(jq -r '[.state, .request, .argument, .errno, .next_state,
		.authority] | join(",")' <<< "$output")" "$(tail -n +2 "$contract")"
	assert_equal "$(jq -c '[.kernel_errno, .kernel_state]' <<< "$output" | uniq)" \
		"[null,null]"
}

@test "table prints the contract for people" {
	run_msfctl table
	assert_equal "$status" 0
	assert_line --index 0 --regexp '^STATE +REQUEST +ARGUMENT +ERRNO +NEXT STATE +AU'
	assert_line --regexp '^INCLUDE\{A\} +leave_source +S_is_all_of_A +0 +none +README'
	assert_equal "${#lines[@]}" "$(wc -l < "$contract")"
}

# The known ones of Linux 6.18: D1, D2, D3 (twice), D4 with what it follows from, and
# leave_source without a membership.
@test "table --kernel finds the known deviations of Linux, and no other" {
	run_msfctl table --kernel --json
	assert_equal "$status" 0
	assert_equal "$(deviations)" "none leave_source S: EINVAL none
none set_include not_empty: EINVAL none
none set_exclude any: EINVAL none
INCLUDE{A} set_include L_equals_A: 0 INCLUDE{A}
EXCLUDE{B} join_source any: 0 INCLUDE{S}
EXCLUDE{B} leave_source any: EADDRNOTAVAIL INCLUDE{}
EXCLUDE{B} set_exclude L_equals_B: 0 EXCLUDE{B}"
	assert_equal "$(jq -r 'select(.deviates) | .family' <<< "$output" | uniq)" both
	# Every row has been run, on both families; each start state is to be had.
	assert_equal "$(jq -r 'select(.cases < 2 or .unreached > 0)' <<< "$output")" ""
	assert_equal "$(jq -r 'select(.deviates | not) | select(.errno != .kernel_errno or
		.next_state != .kernel_state)' <<< "$output")" ""
}

@test "table --kernel against the linux table: only refused calls and hidden state" {
	run_msfctl table --kernel --semantics linux --json
	assert_equal "$(deviations)" "EXCLUDE{B} join_source B_empty: EINVAL EXCLUDE{B}
EXCLUDE{B} leave_source B_empty: EADDRNOTAVAIL INCLUDE{}"
}

@test "table --kernel marks what deviates, and counts it" {
	run_msfctl table --kernel
	assert_equal "$status" 0
	assert_line --regexp \
		'^! +EXCLUDE\{B\} +join_source +any +EINVAL +EXCLUDE\{B\} +0 +INCLUDE\{S'
	assert_line --regexp '^ +none +join_group +- +0 +EXCLUDE\{\}$'
	assert_equal "$(grep -c '^!' <<< "$output")" 7
	assert_line --regexp '^7 of 37 rows deviate .* IPv4 and IPv6\.$'
}

# IPv6 has traffic of its own; a join for IPv4 would be reported.
traces() {
	memberships
	in_rx grep '^Ip:' /proc/net/snmp
}

@test "table --kernel and probe leave no trace and send nothing" {
	local before

	before=$(traces)
	run_msfctl table --kernel --json
	assert_equal "$status" 0
	run_msfctl probe --json
	assert_equal "$status" 0
	assert_equal "$(traces)" "$before"
}

@test "nobody in particular sees the same deviations" {
	run_msfctl table --kernel --csv
	local wanted=$output

	run --separate-stderr as_nobody msfctl table --kernel --csv
	assert_equal "$status" 0
	assert_equal "$stderr" ""
	assert_equal "$output" "$wanted"
}

@test "table --kernel where no namespace is allowed: said, and nothing printed" {
	run --separate-stderr without_namespaces msfctl table --kernel --json
	assert_equal "$status" 1
	assert_equal "$output" ""
	assert_equal "$stderr" "msfctl: --kernel: needs a network namespace of its own, \
and none is allowed here: run it as root, or allow user namespaces"
	run --separate-stderr without_namespaces msfctl table --csv
	assert_equal "$status" 0
}

@test "table --kernel without source filters: rows that cannot be begun are marked" {
	run --separate-stderr without_filters ENOPROTOOPT msfctl table --kernel
	assert_equal "$status" 0
	assert_line --regexp '^! +none +join_source +S +0 +INCLUDE\{S\} +ENOPROTOOPT '
	assert_line --regexp '^\? +INCLUDE\{A\} +join_group .* its start state is not to'
	assert_line --regexp '^ +none +join_group '
	run --separate-stderr without_filters ENOPROTOOPT msfctl table --kernel --json
	assert_equal "$(jq -c 'select(.state == "INCLUDE{A}") |
		[.kernel_errno, .kernel_state]' <<< "$output" | uniq)" "[null,null]"
}

@test "table: wrong words are usage errors, and a full disk a failure" {
	run_msfctl table --json --csv
	assert_equal "$status" 2
	assert_equal "$stderr" "msfctl: --csv: not together with --json"
	run_msfctl table --semantics bsd
	assert_equal "$status" 2
	assert_equal "$stderr" "msfctl: bsd: no such table: table or linux"
	run_msfctl table kernel
	assert_equal "$status" 2
	assert_equal "$stderr" "msfctl: kernel: table takes options only"
	run_msfctl probe everything
	assert_equal "$status" 2
	assert_equal "$output" ""
	for verb in "table" "table --csv" "table --json" "probe" "probe --json"; do
		# shellcheck disable=SC2086
		run --separate-stderr bash -c "msfctl $verb > /dev/full"
		assert_equal "$verb: $status" "$verb: 1"
		assert_regex "$stderr" "No space left on device"
	done
}

@test "probe --json has a fact a line, all with the same keys" {
	run_msfctl probe --json
	assert_equal "$status" 0
	assert_equal "$stderr" ""
	assert_equal "$(keys)" "time,name,value,unit,source,note"
	assert_equal "$(fact backend .value)" kernel
	assert_equal "$(fact semantics .value)" table
	assert_equal "$(fact kernel .value)" "$(uname -r)"
	assert_equal "$(fact "mtu eth0" '"\(.value) \(.unit)"')" "1500 bytes"
	assert_equal "$(fact "igmp_record eth0" .value)" 365
	assert_equal "$(fact "mld_record eth0" .value)" 89
	assert_equal "$(jq 'select(.source == null or .name == null)' <<< "$output")" ""
}

@test "probe follows the namespace, and tells the cure" {
	run_msfctl probe --json
	assert_equal "$(fact igmp_max_msf .value)" 10
	assert_regex "$(fact igmp_max_msf .note)" "sysctl -w net.ipv4.igmp_max_msf=64"
	in_rx sysctl -qw net.ipv4.igmp_max_msf=64 net.ipv4.igmp_max_memberships=77
	in_rx sysctl -qw net.ipv4.conf.eth0.force_igmp_version=2
	run_msfctl probe --json
	assert_equal "$(fact igmp_max_msf '"\(.value) \(.note)"')" "64 null"
	assert_equal "$(fact igmp_max_memberships .value)" 77
	assert_equal "$(fact "igmp_version eth0" .value)" 2
	assert_regex "$(fact "force_igmp_version eth0" .note)" \
		"sysctl -w net/ipv4/conf/eth0/force_igmp_version=0"
	# and the cure is one
	in_rx sysctl -qw net/ipv4/conf/eth0/force_igmp_version=0
	run_msfctl probe --json
	assert_equal "$(fact "igmp_version eth0" .value)" 3
}

@test "probe tells what Linux lies about" {
	local lie

	run_msfctl probe --json
	for lie in refused_changes_state join_source_flips_mode identical_set_succeeds \
		set_needs_join duplicates_kept hidden_state multicast_source_taken \
		getsockopt_overruns getsockopt_errno; do
		assert_equal "$lie $(fact "$lie" .value)" "$lie yes"
		refute [ "$(fact "$lie" .note)" = null ]
	done
	assert_equal "$(fact ignored_with_success '"\(.value) \(.note)"')" "no null"
	assert_equal "$(fact deviating_rows '"\(.value) \(.unit)"')" "7 rows"
}

@test "probe: a stack that says 0 to what it ignores is found out" {
	run --separate-stderr without_filters 0 msfctl probe --json
	assert_equal "$(fact ignored_with_success .value)" yes
	assert_regex "$(fact backend '"\(.source): \(.note)"')" "0: a request that must"
	run --separate-stderr without_filters ENOPROTOOPT msfctl probe --json
	assert_equal "$(fact ignored_with_success .value)" no
	assert_equal "$(fact duplicates_kept .value)" null
	assert_regex "$(fact backend .source)" "ENOPROTOOPT"
	assert_regex "$(fact backend .note)" "^this system has no source filters"
}

@test "probe where no namespace is allowed: null, and why" {
	run --separate-stderr without_namespaces msfctl probe --json
	assert_equal "$status" 0
	assert_equal "$(fact deviating_rows .value)" null
	assert_regex "$(fact deviating_rows .note)" "none is allowed here"
	assert_equal "$(fact getsockopt_overruns .value)" null
	assert_equal "$(fact backend .value)" kernel
}

@test "probe as nobody in particular tells the same" {
	run_msfctl probe --json
	local wanted

	wanted=$(jq -c 'del(.time)' <<< "$output")
	run --separate-stderr as_nobody msfctl probe --json
	assert_equal "$status" 0
	assert_equal "$(jq -c 'del(.time)' <<< "$output")" "$wanted"
}

@test "probe: the name of an interface moves no cursor and breaks no JSON" {
	local name=$'a\e[31m"\\\xff'

	ip -n "$rx" link add name "$name" type veth peer name plain
	run_msfctl probe
	assert_equal "$status" 0
	assert_equal "$(tr -d '\n -~' <<< "$output" | grep -c $'\e')" 0
	run_msfctl probe --json
	assert_equal "$(fact "mtu plain" .value)" 1500
	assert_equal "$(jq -r '.name | select(startswith("mtu a"))' <<< "$output")" \
		$'mtu a\e[31m"\\\ufffd'
}

@test "probe prints two tables for people, with notes in lines of their own" {
	run_msfctl probe
	assert_equal "$status" 0
	assert_line --index 0 --regexp '^NAME +VALUE +UNIT +SOURCE +NOTE$'
	assert_line --regexp '^igmp_max_msf +10 +sources +net.ipv4.igmp_max_msf +RFC '
	assert_line --regexp '^ {40,}net.ipv4.igmp_max_msf=64$'
	assert_line "What this kernel lies about:"
	assert_equal "$(awk 'length > 160' <<< "$output")" ""
}
