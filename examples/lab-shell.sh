#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A shell on a receiving host, eth0 with 10.9.0.100 and fd09::100, across a wire from a
# sending one with 10.9.0.1 to .3 and fd09::1 to ::3: "sender COMMAND" runs there. The
# tools of the build are found first. Both hosts are network namespaces, which end with
# the shell. The commands in docs/ were run in it.
#
#	examples/lab-shell.sh [BUILD [ARGUMENT...]]	(root, or make lab)
#
# Arguments are those of bash: a script to run, or -c and a command.
# shellcheck source-path=SCRIPTDIR
set -u

here=$(cd "$(dirname "$0")" && pwd)
name=lab
. "$here/lab.sh"
build=$(realpath "${1:-build}")
sender=msflab$$-s
receiver=msflab$$-r

need_files "$build"/tools/{mjoin,msend,msfctl,mwatch}
add_namespaces "$sender" "$receiver"
connect "$sender" "$receiver"
add_addresses "$sender" 1 2 3
add_addresses "$receiver" 100

mkdir "$work/bin"
printf '#!/bin/sh\nexec ip netns exec %s "$@"\n' "$sender" >"$work/bin/sender"
chmod +x "$work/bin/sender"
PATH=$work/bin:$PATH
for tool in "$build"/tools/{mjoin,msend,msfctl,mwatch} "$build"/compat/msfd \
	"$build"/examples; do
	PATH=$tool:$PATH
done
export PATH
echo 'PS1="\[\e[1m\]receiver\$\[\e[0m\] "' >"$work/rc"

# Somebody who types here, and no script.
if [ $# -lt 2 ] && [ -t 0 ] && [ -t 1 ]; then
	cat <<- END
		This is the receiver: eth0 has 10.9.0.100 and fd09::100. The sender,
		across the wire, has 10.9.0.1 to .3 and fd09::1 to ::3, and
		"sender COMMAND" runs there. docs/ten-minutes.md has what to try;
		exit ends both.
	END
fi

cd "$work" || exit 1
ip netns exec "$receiver" bash --rcfile "$work/rc" "${@:2}"
