# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# edit: what the tests of the verbs that change a filter share.

load msfctl

# start GROUP COMMAND...: in the background, until the host is a member of the group.
# Its process is $pid, its words are in the files $out and $err.
start() {
	local group=$1
	shift
	start_in "$rx" "$@"
	wait_for is_group "$group"
}

# is_group GROUP: on an interface of the receiving host.
is_group() {
	ip -n "$rx" maddress show | grep -qwF "$1"
}

is_no_group() {
	! is_group "$1"
}

# flows: the sources of the one summary, with their packets.
flows() {
	summary '[.flows[] | "\(.source)=\(.packets)"] | join(" ")' | tr -d '"'
}

# peek PID FD GROUP: what the kernel says of the socket, without libmsf.
peek() {
	in_rx python3 "$BATS_TEST_DIRNAME/peek.py" "$@"
}

# fd_of PID: the descriptor of its one socket with memberships.
fd_of() {
	in_rx msfctl get --json --pid "$1" | jq -s '.[0].holders[0].fd'
}
