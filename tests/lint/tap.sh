# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the lint tests share: TAP, and the list of our files. A check is a command
# that prints what it finds; it passes when it prints nothing and returns 0.
set -u
export LC_ALL=C.UTF-8

tap_n=0
tap_failed=0

# check SENTENCE COMMAND...
check() {
	local sentence=$1 findings status
	shift
	findings=$("$@" 2>&1)
	status=$?
	tap_n=$((tap_n + 1))
	if [ $status = 0 ] && [ -z "$findings" ]; then
		echo "ok $tap_n - $sentence"
		return
	fi
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_n - $sentence"
	[ -z "$findings" ] && findings="status $status"
	head -n 40 <<< "$findings" | sed 's/^/# /'
}

done_checking() {
	echo "1..$tap_n"
	[ $tap_failed = 0 ]
}

# All files of the project below the current directory: neither ignored by git nor,
# without git, inside a build directory.
list_files() {
	if [ -e .git ] && git ls-files -z -co --exclude-standard > /dev/null 2>&1; then
		git ls-files -co --exclude-standard | while read -r file; do
			[ -f "$file" ] && echo "$file"
		done
	else
		find . -name .git -prune -o -name 'build*' -type d -prune -o \
			-type f -print |
			sed 's,^\./,,'
	fi | sort
}

list_c_files() {
	list_files | grep -E '\.(c|h)$'
}

# Programs in bash: by name or by first line.
list_shell_files() {
	list_files | while read -r file; do
		case $file in
		*.sh) echo "$file" ;;
		*) head -c 64 "$file" | head -n 1 | tr -d '\0' |
			grep -qE '^#!.*[/ ]bash$' && echo "$file" ;;
		esac
	done
}
