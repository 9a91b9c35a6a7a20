#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# bench/report, with budgets so small that only its form can be looked at: that every
# benchmark runs, and that what it prints is what the report reads.

setup() {
	root=$BATS_TEST_DIRNAME/../..
	json=$BATS_TEST_TMPDIR/report.json
}

# holds FILTER: of the report, as jq -e has it.
holds() {
	jq -e "$1" "$json" >"$BATS_TEST_TMPDIR/jq" || {
		echo "not so: $1" >&2
		return 1
	}
}

@test "every benchmark runs, and its figures are ratios with their quartiles" {
	timeout 120 "$root/bench/report" --tiny --output "$json" \
		>"$BATS_TEST_TMPDIR/table" 2>"$BATS_TEST_TMPDIR/progress" || {
		cat "$BATS_TEST_TMPDIR/progress" >&2
		return 1
	}
	holds '[.runs[] | select(.status != 0)] == []'
	holds '[.figures[].program] | unique == ["asm", "bench-mwatch", "bench-tools",
		"engine", "filters", "flip", "growth", "latency", "msfd", "state"]'
	holds '[.figures[] | select((.ratio | type) != "number" or .ratio < 0)] == []'
	holds '[.figures[] | select(.q1 > .ratio or .ratio > .q3)] == []'
	holds '[.figures[] | select(.rounds < 1 or .name == "" or .peer == "")] == []'
	holds '[.figures[] | select((.target == null) != (.met == null))] == []'
	holds '.machine.cores >= 1 and (.machine.kernel | length) > 0'
	holds '.build.compiler | length > 0'
	! grep -q "$(uname -n)" "$json"

	# The table has the same lines.
	n=$(jq '[.figures[] | select(.detail | not)] | length' "$json")
	[ "$(grep -c '^  ' "$BATS_TEST_TMPDIR/table")" -eq "$n" ]
	grep -q "targets met; $(jq '.figures | length' "$json") figures" \
		"$BATS_TEST_TMPDIR/table"
}

@test "no namespace is left when the report is interrupted" {
	"$root/bench/report" --tiny --only mwatch --output "$json" \
		>/dev/null 2>"$BATS_TEST_TMPDIR/progress" 3>&- &
	pid=$!
	for ((i = 0; i < 200; i++)); do
		child=$(pgrep -P "$pid" -f bench-mwatch) || child=
		[ -n "$child" ] && ip netns list | grep -q "^mb$child-rx" && break
		read -r -t 0.05 <> <(:) || :
	done
	[ -n "$child" ]
	kill -TERM "$pid"
	wait "$pid" && status=0 || status=$?
	[ "$status" -ne 0 ]
	! ip netns list | grep -q "^mb$child-"
	! kill -0 "$child" 2>/dev/null
	[ ! -e "$json" ]
}

@test "what is no benchmark is refused" {
	run "$root/bench/report" --only nothing
	[ "$status" -eq 2 ]
	[[ $output == *"nothing: none of "* ]]
}
