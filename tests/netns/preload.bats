#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2030,SC2031,SC2154
#
# The preload shim and msfctl run: a program that asks libc for source filters, on
# systems that have none, and what msfctl run refuses to start.

load common

# Kinds of systems, as no-filters.py has them; on the last two socket filters do nothing.
systems=(ENOPROTOOPT EOPNOTSUPP 0 '--no-joins ENOPROTOOPT' '--blind ENOPROTOOPT'
	'--no-bpf 0' '--no-bpf=ENOPROTOOPT --no-joins EOPNOTSUPP')

setup() {
	program=$BATS_TEST_DIRNAME/preload.py
	case $BATS_TEST_DESCRIPTION in
	*system* | *exec*)
		net_setup
		for i in 1 2 3; do
			keep_sending --rate 500 --source "10.9.0.$i" 232.1.1.1:5000 eth0
			keep_sending --rate 500 --source "fd09::$i" '[ff3e::1]:5000' eth0
		done
		;;
	esac
}

teardown() {
	[ -z "${tx:-}" ] || net_teardown
}

# on SYSTEM COMMAND...: through the shim, on a system of this kind.
on() {
	local words
	read -ra words <<< "$1"
	shift
	run --separate-stderr timeout -k 1 "$DEADLINE" ip netns exec "$rx" \
		"$BATS_TEST_DIRNAME/no-filters.py" "${words[@]}" msfctl run -- "$@"
}

# through_shim ARGUMENT...: msfctl run, without a network.
through_shim() {
	run --separate-stderr timeout -k 1 "$DEADLINE" msfctl run "$@"
}

# assert_refused STATUS WORDS: one line says so.
assert_refused() {
	assert_equal "$status" "$1"
	assert_equal "$output" ""
	[[ $stderr == "msfctl: "*"$2"* ]] || fail "not \"$2\": $stderr"
	[ "$(wc -l <<< "$stderr")" = 1 ] || fail "not one line: $stderr"
}

@test "a program gets the source it asked for, on every system without filters" {
	for system in "${systems[@]}"; do
		on "$system" python3 "$program" 232.1.1.1 join=10.9.0.2 show receive=20
		assert_success
		assert_output $'INCLUDE 10.9.0.2\n10.9.0.2'
		on "$system" python3 "$program" ff3e::1 join=fd09::3 show receive=20
		assert_success
		assert_output $'INCLUDE fd09::3\nfd09::3'
	done
}

@test "a blocked source stays out, on every system without filters" {
	for system in "${systems[@]}"; do
		on "$system" python3 "$program" 232.1.1.1 join block=10.9.0.2 drain \
			show receive=40
		assert_success
		assert_output $'EXCLUDE 10.9.0.2\n10.9.0.1 10.9.0.3'
	done
}

@test "what is wrong is refused as on a system with source filters" {
	local words=(232.1.1.1 block=10.9.0.1 join=10.9.0.1 join=10.9.0.1
		block=10.9.0.2 join join=10.9.0.2 show)

	run in_rx python3 "$program" "${words[@]}"
	assert_success
	wanted=$output
	assert_line '43 EINVAL'
	assert_line '46 EADDRNOTAVAIL'
	assert_line '42 EADDRINUSE'
	for system in "${systems[@]}"; do
		on "$system" python3 "$program" "${words[@]}"
		assert_success
		assert_output "$wanted"
	done
}

@test "without the shim the system refuses, and every source comes" {
	run in_rx "$BATS_TEST_DIRNAME/no-filters.py" ENOPROTOOPT \
		python3 "$program" 232.1.1.1 join=10.9.0.2 join receive=60
	assert_output $'46 ENOPROTOOPT\n10.9.0.1 10.9.0.2 10.9.0.3'
}

@test "the filter survives exec, and the next program reads it back" {
	for system in ENOPROTOOPT '--no-joins 0'; do
		on "$system" python3 "$program" 232.1.1.1 join=10.9.0.2 \
			exec=show,receive=20,join=10.9.0.3,show
		assert_success
		assert_output "INCLUDE 10.9.0.2
10.9.0.2
INCLUDE 10.9.0.2 10.9.0.3"
	done
}

@test "the semantics, the backend and the limit of a system can be chosen" {
	on ENOPROTOOPT python3 "$program" 232.1.1.1 leave=10.9.0.1
	assert_output '47 EINVAL'
	on ENOPROTOOPT env MSF_SEMANTICS=table python3 "$program" 232.1.1.1 \
		leave=10.9.0.1
	assert_output '47 EADDRNOTAVAIL'
	run in_rx msfctl run --backend asm --semantics table -- \
		python3 "$program" 232.1.1.1 leave=10.9.0.1 join=10.9.0.2 receive=20
	assert_output $'47 EADDRNOTAVAIL\n10.9.0.2'
	run in_rx msfctl run --backend asm --max-sources 1 -- \
		python3 "$program" 232.1.1.1 join=10.9.0.1 join=10.9.0.2 show
	assert_output $'46 ENOBUFS\nINCLUDE 10.9.0.1'
}

@test "a program with libmsf of its own is filtered once, on every system" {
	for system in none "${systems[@]}"; do
		for backend in auto asm; do
			launcher=("$BATS_TEST_DIRNAME/no-filters.py")
			read -ra words <<< "$system"
			[ "$system" != none ] || launcher=(env) words=()
			run --separate-stderr timeout -k 1 "$DEADLINE" \
				ip netns exec "$rx" "${launcher[@]}" "${words[@]}" \
				msfctl run --backend "$backend" -- \
				mjoin --quiet --count 5 232.1.1.1:5000 eth0 -s 10.9.0.2
			[ "$status" = 0 ] || fail "$system, $backend: $stderr"
		done
	done
}

# Whatever it was told: by our environment, or by words of its own.
@test "a program on a backend of its own is filtered, on every system" {
	for system in none "${systems[@]}"; do
		launcher=("$BATS_TEST_DIRNAME/no-filters.py")
		read -ra words <<< "$system"
		[ "$system" != none ] || launcher=(env) words=()
		run --separate-stderr timeout -k 1 "$DEADLINE" \
			ip netns exec "$rx" "${launcher[@]}" "${words[@]}" \
			msfctl run -- mjoin --backend asm --quiet --count 5 \
			232.1.1.1:5000 eth0 -s 10.9.0.2
		[ "$status" = 0 ] || fail "$system: $stderr"
	done
}

@test "the words and the status are the program's" {
	# shellcheck disable=SC2016 # for the inner shell
	through_shim -- sh -c 'printf "%s\n" "$0" "$@"; exit 42' --json -- -x --help
	assert_equal "$status" 42
	assert_output $'--json\n--\n-x\n--help'
	through_shim sh -c 'kill -KILL $$'
	assert_equal "$status" 137
	through_shim printf '%s\n' --backend
	assert_output -- --backend
}

@test "the environment tells the shim, in front of what is preloaded" {
	through_shim --backend asm --semantics table --max-sources 7 env
	assert_success
	assert_line MSF_BACKEND=asm
	assert_line MSF_SEMANTICS=table
	assert_line MSF_MAX_SOURCES=7
	assert_line --regexp '^LD_PRELOAD=(.*:)?/.*/libmsf-preload\.so$'
	MSF_BACKEND=kernel through_shim env
	assert_line MSF_BACKEND=kernel
	refute_line --partial MSF_SEMANTICS
	# The shim twice does no more than once.
	through_shim msfctl run -- env
	assert_success
	assert_line --regexp '^LD_PRELOAD=(.*:)?/.*/libmsf-preload\.so:(.*:)?/.*/libmsf.*'
}

# Names with 64 in them are those of 32-bit systems.
@test "the shim exports what its map lists, and loads nothing but libc" {
	# shellcheck disable=SC2016 # for the inner shell
	through_shim sh -c 'echo "$LD_PRELOAD"'
	shim=$(tr : '\n' <<< "$output" | grep libmsf-preload)
	run nm -D --defined-only --format=posix "$shim"
	assert_equal "$(awk '{ print $1 }' <<< "$output" | grep -v 64 | sort)" \
		"$(sed -nE 's/^\t([a-z0-9_]+);/\1/p' \
			"$BATS_TEST_DIRNAME/../../compat/preload/libmsf-preload.sym" |
			grep -v 64 | sort)"
	! grep -qa __asan_init "$shim" || return 0
	run readelf -dW "$shim"
	assert_equal "$(grep -c NEEDED <<< "$output")" 1
	assert_line --regexp 'NEEDED.*libc\.so'
}

@test "wrong words are wrong usage" {
	through_shim
	assert_refused 2 'a program is missing'
	through_shim --
	assert_refused 2 'a program is missing'
	through_shim --backend bpf true
	assert_refused 2 '--backend: must be auto, kernel or asm'
	through_shim --semantics bsd true
	assert_refused 2 '--semantics: must be table or linux'
	for n in 0 x -1 1x '' 4294967296; do
		through_shim --max-sources="$n" true
		assert_refused 2 '--max-sources: '
	done
	through_shim --backend asm --backend asm true
	assert_refused 2 '--backend: given twice'
	through_shim --nonsense true
	assert_refused 2 '--nonsense: '
}

@test "what the environment says wrongly is said before a program runs" {
	for variable in MSF_BACKEND MSF_SEMANTICS MSF_MAX_SOURCES; do
		export "$variable=nonsense"
		through_shim echo no
		assert_refused 1 "$variable: must be"
		unset "$variable"
	done
}

@test "a library that is not there, or none, is refused" {
	through_shim --library /nowhere/lib.so true
	assert_refused 1 '/nowhere/lib.so: No such file'
	echo text > "$BATS_TEST_TMPDIR/text.so"
	through_shim --library "$BATS_TEST_TMPDIR/text.so" true
	assert_refused 1 'text.so: not a shared library'
	through_shim --library "$(ldd "$(type -P msfctl)" |
		awk '/libc\.so/ { print $3 }')" true
	assert_refused 1 'not libmsf-preload.so'
	through_shim --library "$(type -P true)" true
	assert_refused 1 'the loader cannot load it'
	through_shim sh -c 'echo "$LD_PRELOAD"'
	shim=$(tr : '\n' <<< "$output" | grep libmsf-preload)
	head -c 20000 "$shim" > "$BATS_TEST_TMPDIR/half.so"
	through_shim --library "$BATS_TEST_TMPDIR/half.so" true
	assert_refused 1 'the loader cannot load it'
	touch "$BATS_TEST_TMPDIR/a:b.so"
	through_shim --library "$BATS_TEST_TMPDIR/a:b.so" true
	assert_refused 1 'LD_PRELOAD cannot name'
}

@test "a program that is not there, or none, is refused" {
	echo exit > "$BATS_TEST_TMPDIR/plain"
	for name in nosuch "$BATS_TEST_TMPDIR/nosuch" ''; do
		through_shim "$name"
		assert_refused 1 'no such program'
	done
	for name in "$BATS_TEST_TMPDIR/plain" "$BATS_TEST_TMPDIR" .; do
		through_shim "$name"
		assert_refused 1 'not an executable file'
	done
	# As execvp(3): one that cannot be run hides none that can.
	mkdir "$BATS_TEST_TMPDIR/bin"
	echo > "$BATS_TEST_TMPDIR/bin/true"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH through_shim true
	assert_success
}

# make_elf NAME OFFSET BYTES: true, with other bytes there.
make_elf() {
	cp "$(type -P true)" "$BATS_TEST_TMPDIR/$1"
	# shellcheck disable=SC2059 # bytes are written so
	printf "$3" | dd of="$BATS_TEST_TMPDIR/$1" bs=1 seek="$2" conv=notrunc \
		status=none
}

@test "a program that no loader would preload into is refused" {
	make_elf machine 18 '\267' # EM_AARCH64, or no machine at all
	through_shim "$BATS_TEST_TMPDIR/machine"
	assert_refused 1 'for another machine'
	make_elf class 4 '\1'
	through_shim "$BATS_TEST_TMPDIR/class"
	assert_refused 1 'for another machine'
	through_shim "$(type -P ldconfig || echo /sbin/ldconfig)"
	assert_refused 1 'linked statically'
	# The interpreter of a script is what counts.
	printf '#! %s -p\n' /sbin/ldconfig > "$BATS_TEST_TMPDIR/script"
	printf '#!%s' "$BATS_TEST_TMPDIR/script" > "$BATS_TEST_TMPDIR/script2"
	printf '#!%s\n' "$BATS_TEST_TMPDIR/loop" > "$BATS_TEST_TMPDIR/loop"
	chmod +x "$BATS_TEST_TMPDIR"/{script,script2,loop}
	through_shim "$BATS_TEST_TMPDIR/script2"
	assert_refused 1 '/sbin/ldconfig: linked statically'
	through_shim "$BATS_TEST_TMPDIR/loop"
	assert_refused 1 'too many'
}

@test "scripts run, with an interpreter or for the shell" {
	printf '#!/usr/bin/env python3\nprint("python")\n' > "$BATS_TEST_TMPDIR/script"
	echo 'echo shell' > "$BATS_TEST_TMPDIR/script2"
	chmod +x "$BATS_TEST_TMPDIR"/{script,script2}
	through_shim "$BATS_TEST_TMPDIR/script"
	assert_success
	assert_output python
	through_shim "$BATS_TEST_TMPDIR/script2"
	assert_success
	assert_output shell
}

# as_other COMMAND...: as a user who is not root and may reach what is needed.
as_other() {
	run --separate-stderr timeout -k 1 "$DEADLINE" \
		setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

@test "a program with raised privileges is refused, as the loader leaves it alone" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	command -v setcap > /dev/null || skip "no setcap"
	dir=$(mktemp -d -p /var/tmp)
	if findmnt -no OPTIONS -T "$dir" | grep -qw nosuid; then
		rm -r "$dir"
		skip "privileges are not raised in /var/tmp"
	fi
	cp "$(type -P true)" "$dir/suid"
	cp "$(type -P true)" "$dir/sgid"
	cp "$(type -P true)" "$dir/caps"
	chown 65533:65533 "$dir"/{suid,sgid}
	chmod 4755 "$dir/suid"
	chmod 2755 "$dir/sgid"
	setcap cap_net_raw=ep "$dir/caps"
	through_shim "$dir/suid"
	suid="$status $stderr"
	through_shim "$dir/sgid"
	sgid="$status $stderr"
	through_shim "$dir/caps" # of root, who gains nothing by them
	caps=$status
	rm -r "$dir"
	assert_regex "$suid" '^1 msfctl: .*set-user-ID.*LD_PRELOAD'
	assert_regex "$sgid" '^1 msfctl: .*set-group-ID.*LD_PRELOAD'
	assert_equal "$caps" 0
}

@test "file capabilities raise the privileges of others" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	command -v setcap > /dev/null || skip "no setcap"
	as_other msfctl run --help
	[ "$status" = 0 ] || skip "others may not look at the build"
	dir=$(mktemp -d -p /var/tmp)
	cp "$(type -P true)" "$dir/caps"
	setcap cap_net_raw=ep "$dir/caps"
	chmod 755 "$dir"
	as_other msfctl run "$dir/caps"
	rm -r "$dir"
	assert_refused 1 'file capabilities'
}
