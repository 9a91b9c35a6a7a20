#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154
#
# mwatch on a terminal: what a person sees and does there. Most of it is played with
# made-up samples (tests/unit/live-player.c), so that every cell is known.

load mwatch

setup() {
	net_setup
	export TERM=xterm-256color LC_ALL=C.UTF-8
	unset NO_COLOR LINES COLUMNS
	# libtinfo keeps what it took for a terminal that it does not know.
	echo 'leak:libtinfo' > "$BATS_TEST_TMPDIR/leaks"
	export LSAN_OPTIONS="suppressions=$BATS_TEST_TMPDIR/leaks:print_suppressions=0"
}

teardown() {
	net_teardown
}

# look STEP... -- COMMAND...
look() {
	run "$BATS_TEST_DIRNAME/screen.py" "$@"
}

# play FLOWS STEP...: the steps with so many flows that were made up, five times a second.
play() {
	local flows=$1
	shift
	look "$@" -- "$LIVE_PLAYER" "$flows" 200
}

# watch STEP...: the steps with what mwatch sees in $rx.
watch() {
	look "$@" -- ip netns exec "$rx" mwatch -i 0.2 eth0
}

# is_restored: the terminal is as it was, and the command has done its work.
is_restored() {
	assert_success
	assert_line restored
	assert_line "status 0"
}

# is_left BY: the player's screen was left, and it ended with this.
is_left() {
	is_restored
	assert_line --regexp "^end[|]ended with $1([^0-9]|\$)"
}

@test "80x24 shows head, titles, flows with their numbers, and the keys" {
	play 100 await:10.0.0.0 show:A keys:q
	is_left 1
	assert_line --regexp '^A[|]mwatch  made up +[0-9]{2}:[0-9]{2}:[0-9]{2}$'
	assert_line --regexp '^A[|]100 flows  50.0M packets/s  526 Gbit/s  drops [0-9]+$'
	assert_line --regexp '^A[|] +source +group +pps bit/s  lost .* verdict'
	assert_line --regexp \
		'^A[|]  10.0.0.1 +232.1.0.1:5000 +500k 5.26G +0 +0 24.7us 1.50ms +150k bl'
	assert_line --regexp '^A[|]  10.0.0.2 .* unjoined'
	assert_line --regexp '^A[|]  10.0.0.3 .* - +- 49.4us'
	assert_line --regexp '^A[|]q quit  [?] help'
	assert_equal "$(grep -c '^A|' <<< "$output")" 24
	refute_line --regexp '^A[|].{81}'
}

@test "wider screens show more, narrower ones less, and none breaks" {
	play 100 await:verdict size:200x50 await:seq show:W size:60x8 gone:jitter \
		await:verdict show:N size:59x8 await:needs show:T size:40x10 await:40x10 \
		size:80x7 await:80x7 size:10x2 await:mwatch size:80x24 await:jitter \
		size:300x3 await:300x3 size:120x30 await:ttl show:B keys:q
	is_left 1
	assert_line --regexp \
		'^W[|]  10.0.0.44 +232.1.0.44:5000 .* 16 +0s +[0-9]+ +[0-9]+ rtp'
	assert_line --regexp '^N[|]  10.0.0.1 +232.1.0.1:5000 +500k .* block'
	refute_line --regexp '^N[|].{61}'
	assert_line 'T|mwatch needs 60x8, this is 59x8'
	assert_line --regexp '^B[|]  10.0.0.24 '
}

@test "the size changes again and again, and the last one is drawn" {
	local steps=() i

	for i in {1..40}; do
		steps+=("size:$((61 + i * 7 % 90))x$((8 + i % 30))")
	done
	play 100 await:10.0.0.0 "${steps[@]}" size:80x24 await:verdict \
		'await:^  10.0.0.18 ' 'await:^q quit' show:A keys:q
	is_left 1
}

@test "s chooses the sort key, S the next one, r turns it round" {
	play 50 await:10.0.0.0 keys:s 'await:> rate' show:M keys:'\x1b[B\x1b[B' \
		'await:> packets' keys:'\r' 'await:SORT packets' keys:S \
		'await:SORT lost' 'await:^  10.0.0.0 ' keys:r \
		'await:SORT lost, reversed' 'await:^  10.0.0.49' show:R \
		keys:s 'await:> lost' keys:'\x1b' 'gone:> lost' keys:q
	is_left 1
	assert_line --regexp '^M[|].*  verdict'
	# The only one that lost packets is first, and last when turned round.
	refute_line --regexp '^R[|]  10.0.0.2 '
}

@test "/ filters while typing, Enter keeps it, Esc clears it" {
	play 100 await:10.0.0.0 keys:/ 'await:^filter:$' keys:BLOCK \
		'await:FILTER BLOCK: 33 of 100' keys:' 0.4' 'await:BLOCK 0.4: 5 of 100' \
		show:F keys:'\x7f4\r' 'await:^q quit' 'await:FILTER BLOCK 0.4: 5 of' \
		keys:/ keys:zz 'await:no flow matches' keys:'\x1b' gone:FILTER \
		'await:^  10.0.0.0' keys:'/verdi\x15' gone:FILTER keys:'\r' keys:q
	is_left 1
	assert_line --regexp '^F[|]filter: BLOCK 0.4$'
	assert_line --regexp '^F[|]  10.0.0.40 '
	refute_line --regexp '^F[|]  10.0.0.41 '
	refute_line --regexp '^F[|]  10.0.0.18 '
}

@test "p holds the screen and says how long; then it goes on" {
	play 3 'await:drops [1-9]' keys:p 'await:PAUSED 0s' show:A \
		'await:PAUSED 1s' show:B keys:' ' gone:PAUSED show:C keys:q
	is_left 1
	drops_of() {
		sed -nE "s/^$1[|]3 flows.* drops ([0-9]+)\$/\1/p" <<< "$output"
	}
	assert_equal "$(drops_of A)" "$(drops_of B)"
	# Five samples a second with 7 drops each, and all of them were counted.
	[ "$(drops_of C)" -ge "$(($(drops_of B) + 28))" ]
}

@test "p holds the chart of a page too" {
	play 3 await:10.0.0.0 keys:'\r' 'await:^██+$' keys:p await:PAUSED show:A \
		'await:PAUSED 1s' show:B keys:p gone:PAUSED 'await:^██████+$' keys:qq
	is_left 1
	assert_equal "$(sed -n 's/^A|█/█/p' <<< "$output")" \
		"$(sed -n 's/^B|█/█/p' <<< "$output")"
	assert_line --regexp '^A[|]█'
}

@test "f freezes a flow on top, whatever sort and filter say" {
	play 100 await:10.0.0.0 keys:'\x1b[B\x1b[B\x1b[B\x1b[B\x1b[B' keys:f \
		'await:FROZEN 1' 'await:^[*] 10.0.0.5 ' keys:r 'await:reversed' show:A \
		keys:/0.9 'await:FILTER 0.9' 'await:^[*] 10.0.0.5' keys:'\x1b' \
		gone:FILTER keys:'\x1b[F' 'await:^  10.0.0.0 ' 'await:^[*] 10.0.0.5' \
		keys:'\x1b[H' keys:f gone:FROZEN keys:q
	is_left 1
	assert_equal "$(grep '^A|. 10' <<< "$output" | head -n 2 | cut -c -12)" \
		$'A|* 10.0.0.5\nA|  10.0.0.9'
}

@test "no more than eight flows can be frozen, and it says so" {
	local steps=() i

	for i in {1..8}; do
		steps+=('keys:\x1b[F' keys:f "await:FROZEN $i")
	done
	play 100 await:10.0.0.0 "${steps[@]}" 'keys:\x1b[F' keys:f \
		'await:no more flows can be frozen' 'keys:\x1b[A' 'await:^q quit' keys:q
	is_left 1
}

@test "Enter opens the page of a flow with its numbers, its rate and its gaps" {
	play 100 await:10.0.0.0 keys:'\x1b[B\x1b[B\r' \
		'await:10.0.0.2 -> 232.1.0.2:5000 on eth0' \
		'await:packets/s, the last [1-9]' show:P colours:C keys:'\x1b[C' \
		'await:10.0.0.3 ->' 'await:none found: loss cannot be known' keys:'\x1b' \
		'await:^q quit' keys:q
	is_left 1
	assert_line 'P|unjoined: nobody has joined the group'
	assert_line --regexp '^P[|]packets +99998 +[0-9]+ '
	assert_line --regexp '^P[|]lost +1 +[1-9]'
	assert_line --regexp '^P[|]peak 1 ms, pps +150000 +150000$'
	assert_line --regexp '^P[|]packets/s .*   4us - 8us +1000 █+$'
	assert_line --regexp '^P[|]lost .*   64us - 128us +5000 █+$'
	assert_line --regexp '^P[|]█+$'
	assert_line --regexp '^P[|]jitter +37.0us .against the RTP timestamps.$'
	assert_line --regexp '^P[|]sequence +RTP sequence numbers$'
	assert_line --regexp '^P[|]ttl +16 .16 to 16.$'
	assert_line --regexp '^C[|]red[|]lost +1 '
}

@test "a page that is higher than the screen scrolls to its last line" {
	play 10 await:10.0.0.0 keys:'\r' await:restarts size:60x8 gone:restarts \
		keys:'\x1b[F' 'await:64us - 128us' keys:'\x1b[H\x1b[6~' 'await:^packets' \
		gone:accept keys:'\x1b[5~' 'await:^10.0.0.0 ->' \
		size:200x50 'await:sequence' show:W keys:q keys:q
	is_left 1
}

@test "? helps, from the table and from a page" {
	play 10 await:10.0.0.0 keys:'?' 'await:Ctrl-L' show:H keys:q 'await:^q quit' \
		keys:'\r' 'await:restarts' keys:h 'await:Ctrl-L' keys:'\x1b' \
		'await:restarts' keys:qq
	is_left 1
	assert_line --regexp '^H[|]unjoined: nobody'
}

@test "loss is red and block yellow; NO_COLOR and vt100 have no colours" {
	play 10 await:10.0.0.3 colours:C keys:q
	is_left 1
	assert_line --regexp '^C[|]red[+]bold[|]  drops [0-9]+$'
	assert_line 'C|red+bold|1'
	assert_line 'C|brown|block'
	NO_COLOR=1 play 10 await:10.0.0.3 colours:C show:S keys:q
	is_left 1
	refute_line --regexp '^C[|](red|brown)'
	assert_line --regexp '^S[|]  10.0.0.1 .* block'
	TERM=vt100 play 10 await:10.0.0.3 colours:C show:S keys:q
	assert_line "status 0"
	refute_line --regexp '^C[|](red|brown)'
	assert_line --regexp '^S[|]  10.0.0.1 .* block'
}

@test "a locale without UTF-8 gets ASCII bars" {
	LC_ALL=C play 10 await:10.0.0.0 keys:'\r' 'await:restarts' show:P keys:qq
	is_left 1
	assert_line --regexp '^P[|]lost .*   64us - 128us +5000 #+$'
	assert_line --regexp '^P[|][|]+$'
	[ "$(grep -c '[^[:print:][:space:]]' <<< "$output")" = 0 ]
}

@test "u shows bytes in place of bits" {
	play 2 'await:5.26G' keys:u 'await:658M' 'await:B/s' keys:u 'await:5.26G' keys:q
	is_left 1
}

@test "Ctrl-L repairs a screen that was written over" {
	play 5 await:10.0.0.0 keys:p await:PAUSED 'disturb:\x1b[10;1Hwritten over' \
		'await:written over' keys:'\x0c' 'gone:written over' \
		'await:^  10.0.0.0' keys:q
	is_left 1
}

@test "65,536 flows are sorted, filtered and moved through" {
	play 65536 await:65536 'await:^  10.0.0.0 ' keys:'\x1b[F' 'await:10.0.255.255' \
		keys:/255.25 'await:: [0-9]+ of 65536' keys:'\r\x1b' gone:FILTER \
		keys:rrSSSSSSS 'await:SORT source' keys:q
	is_left 1
}

@test "Ctrl-C, SIGTERM, SIGHUP and SIGQUIT give the terminal back" {
	play 5 await:10.0.0.0 keys:'\x03'
	is_left 2
	play 5 await:10.0.0.0 signal:TERM
	is_left 15
	play 5 await:10.0.0.0 signal:HUP
	is_left 1
	play 5 await:10.0.0.0 keys:'\x1c'
	is_left 1
}

@test "Ctrl-S does not keep it from ending" {
	play 5 await:10.0.0.0 keys:'\x13' quiet:1 signal:TERM
	is_left 15
}

@test "Ctrl-S holds the screen, Ctrl-Q shows what is there by then" {
	play 5 'await:drops [1-9]' keys:'\x13' quiet:1 show:A keys:'\x11' \
		'await:drops [0-9]{2}' keys:q
	is_left 1
}

@test "Ctrl-Z stops it, with the terminal as it was, and fg goes on" {
	local shell=(bash --norc --noprofile -i)

	PS1='$ ' look 'await:[$]' keys:"$LIVE_PLAYER 5 200\r" 'await:^  10.0.0.0 ' \
		size:100x20 'await:ttl' keys:'\x1a' await:Stopped show:Z \
		size:80x24 keys:'fg\r' 'await:^  10.0.0.4 ' gone:Stopped keys:q \
		'await:ended with 1' keys:'stty -a\r' 'await:[^-]icanon' \
		'await:[^-]echo ' keys:'exit\r' -- "${shell[@]}"
	assert_success
	assert_line "status 0"
	assert_line --regexp '^Z[|].*Stopped'
}

@test "a terminal that hangs up ends it" {
	play 5 await:10.0.0.0 hangup:
	assert_success
	assert_line "hung up"
	assert_line "status 0"
	look await:10.0.0.0 hangup: -- bash -c "trap '' HUP; exec '$LIVE_PLAYER' 5 200"
	assert_success
	assert_line "status 0"
}

@test "a terminal without a moving cursor gets plain text" {
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	TERM=dumb look 'await:10.9.0.1' signal:INT -- ip netns exec "$rx" mwatch eth0
	is_restored
	TERM=no-such-terminal look 'await:10.9.0.1' signal:INT -- \
		ip netns exec "$rx" mwatch eth0
	is_restored
}

@test "on the wire: who is let in, who is kept out, and what nobody wants" {
	start_mjoin -s 10.9.0.1 232.1.1.1:5000 eth0
	keep_sending --source 10.9.0.1,10.9.0.2 232.1.1.1:5000 eth0
	keep_sending --source fd09::3 '[ff3e::5]:6000' eth0
	watch 'await:10.9.0.1 +232.1.1.1:5000 .* accept' \
		'await:10.9.0.2 +232.1.1.1:5000 .* block' \
		'await:fd09::3 +.ff3e::5.:6000 .* unjoined' \
		keys:/10.9.0.2 'await:FILTER 10.9.0.2: 1 of' keys:'\r' 'await:^q quit' \
		keys:'\r' 'await:10.9.0.2 -> 232.1.1.1:5000 on eth0' \
		'await:^block: the group is joined' 'await:numbers of msend' \
		size:200x50 size:80x24 'await:restarts' keys:q keys:'\x1b' gone:FILTER \
		keys:sj 'await:> bits' keys:'\r' 'await:SORT bits' keys:f \
		'await:FROZEN 1' keys:p await:PAUSED keys:p gone:PAUSED size:40x10 \
		await:needs size:80x24 await:FROZEN keys:q
	is_restored
}

@test "on the wire: two interfaces, tagged packets, and what came as far as a socket" {
	make_link eth1
	ip -n "$tx" address add 10.9.1.1/24 dev eth1
	ip -n "$rx" address add 10.9.1.100/24 dev eth1
	up eth1
	start_mjoin 239.1.1.1:5000 eth0
	keep_sending --source 10.9.0.1 239.1.1.1:5000 eth0
	keep_sending --source 10.9.1.1 --packet --vlan 7 239.1.1.2:5000 eth1
	look size:200x50 'await:^ +source .* interface +vlan ' \
		'await:10.9.0.1 +239.1.1.1:5000 +eth0 .* accept' \
		'await:10.9.1.1 +239.1.1.2:5000 +eth1 +7 .* unjoined' \
		keys:/10.9.0.1 'await:FILTER 10.9.0.1: 1 of' keys:'\r\r' \
		'await:10.9.0.1 -> 239.1.1.1:5000 on eth0' \
		'await:^delivered  wire [1-9][0-9]*, sockets [1-9][0-9]*; .* queues 0' \
		'await:in the whole host: checksum 0, memory 0, reverse path 0' \
		keys:q keys:q -- ip netns exec "$rx" mwatch -i 0.2 --delivered eth0 eth1
	is_restored
}

@test "on the wire: SIGTERM ends it with the terminal restored" {
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	watch await:10.9.0.1 signal:TERM
	is_restored
}

# has_farewell: the summary of the run is what the terminal shows now.
has_farewell() {
	is_restored
	assert_line --regexp '^end[|]in all, [0-9.]+ s$'
	assert_line --regexp '^end[|]eth0: [1-9][0-9]* packets, .* 25 flows, 0 dropped'
	assert_line --regexp '^end[|]10[.]9[.]0[.]1 +232[.]1[.]1[.]1:5000 +[1-9].* un'
}

@test "behind the live view a summary of the first flows stays on the terminal" {
	keep_sending --source 10.9.0.1 --rate 400 232.1.1.1:5000 eth0
	keep_sending --source 10.9.0.2 232.1.2.1+24:5000 eth0
	watch size:80x40 'await:^25 flows' 'await:10.9.0.1 ' keys:q
	has_farewell
	refute_line --partial LAST
	assert_line 'end|and 5 more flows (--top 20)'
	watch size:80x40 'await:^25 flows' 'await:10.9.0.1 ' signal:TERM
	has_farewell
	look 'await:^25 flows' -- ip netns exec "$rx" mwatch -d 2 -i 0.2 --top 3 eth0
	has_farewell
	assert_line 'end|and 22 more flows (--top 3)'
}

@test "a terminal that stands still, or hangs up, gets no summary and holds no end" {
	keep_sending --source 10.9.0.1 232.1.1.1:5000 eth0
	watch await:10.9.0.1 keys:'\x13' quiet:1 signal:TERM
	is_restored
	watch await:10.9.0.1 hangup:
	assert_success
	assert_line "hung up"
	assert_line "status 0"
}
