#!/usr/bin/awk -f
# SPDX-License-Identifier: BSD-2-Clause
#
# batch-contract.awk -v family=FAMILY -v group=GROUP -v prefix=PREFIX TABLE.csv: every
# row of an error table as lines of msfctl batch: a socket (inet or inet6) in the state
# of the row, the request with the errno that it must end with, and the filter that must
# be in force afterwards. Sources are PREFIX1, PREFIX2 and PREFIX3; A and B are the first
# two of them.

BEGIN {
	FS = ","
	command["join_group"] = "join"
	command["leave_group"] = "leave"
	command["join_source"] = "join-source"
	command["leave_source"] = "leave-source"
	command["block_source"] = "block"
	command["unblock_source"] = "unblock"
	command["set_include"] = "include"
	command["set_exclude"] = "exclude"
	command["get"] = "get"
}

# The words "1 2" as sources.
function sources(words,    n, word, i, text) {
	n = split(words, word, " ")
	for (i = 1; i <= n; i++)
		text = text " " prefix word[i]
	return text
}

# A, B: the sources of the state before; empty for the rows about an empty B.
function held_of(state, argument) {
	if (state == "none" || argument == "B_empty")
		return ""
	return argument == "S_is_all_of_A" ? "1" : "1 2"
}

function argument_of(request, argument) {
	if (request ~ /_source$/)
		return argument ~ /^S_(in|is_all_of)_/ ? "1" : "3"
	if (request !~ /^set_/ || argument == "empty")
		return ""
	return argument ~ /_equals_/ ? "2 1" : "2 3"
}

# What stands between the braces of the state after.
function next_of(inside, held, argument) {
	if (inside ~ /^[AB]\+S$/)
		return held " " argument
	if (inside ~ /^[AB]-S$/)
		return held == argument ? "" : substr(held, length(argument) + 2)
	if (inside ~ /^[AB]$/)
		return held
	return inside ~ /^[SL]$/ ? argument : ""
}

function print_state(state, held,    n, word, i) {
	n = split(held, word, " ")
	if (state ~ /^EXCLUDE/)
		print "expect ok join", group, "eth0"
	for (i = 1; i <= n; i++)
		print "expect ok", (state ~ /^EXCLUDE/ ? "block" : "join-source"),
			group, "eth0", prefix word[i]
}

function print_filter(state, set) {
	if (state == "none")
		return print_wanted("none")
	return print_wanted(tolower(substr(state, 1, 7)) sources(set))
}

function print_wanted(text) {
	print "get", group, "eth0", text
}

NR > 1 {
	held = held_of($1, $3)
	argument = argument_of($2, $3)
	inside = $5
	gsub(/.*\{|\}.*/, "", inside)
	print "echo", $1, $2, $3
	print "open", family
	print_state($1, held)
	print "expect", ($4 == 0 ? "ok" : $4), command[$2], group,
		"eth0" sources(argument)
	print_filter($5, next_of(inside, held, argument))
	print "close"
}
