#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The rehearsal: four storms, a keeper of births, a sender with a window and
# three controllers in a daemon, with queues so short that they overflow. All of
# them are opened anew, taken away and brought back in mid-flight, hang, and are
# stopped as a process. In the end no module may have found a fault.
# Arguments: the source tree, the build tree.
top_srcdir=${top_srcdir:-$1}
top_builddir=${top_builddir:-$2}
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules storm keeper sender controller metrics
port=$(free_port)
turn=0

# take_away NAME: from the configuration; one who may write stays there, but off
take_away() {
	case $1 in
	control-*) sed -E "/^  $1: \\{module/s/module/enabled: no, module/" ;;
	*) grep -vE "^  $1: |to: $1," ;;
	esac
}

# write_config [GONE]: the whole cast but one; `turn` makes whom it names anew
declare -A turns=()
rest=no
write_config() {
	local storm loop
	{
		echo 'version: 1'
		echo 'gateway: {name: rehearsal}'
		echo "http: {listen: \"127.0.0.1:$port\"}"
		echo 'log: {level: error}'
		echo 'instances:'
		echo '  metrics: {module: metrics}'
		for storm in 1 2 3 4; do
			loop=$((storm % 2))
			echo "  storm-$storm: {module: storm, loop: loop-$loop, seed: $storm," \
				"rest: $rest, turn: ${turns[storm-$storm]:-0}}"
		done
		echo "  keeper: {module: keeper, turn: ${turns[keeper]:-0}}"
		echo "  sender: {module: sender, turn: ${turns[sender]:-0}}"
		echo "  control-1: {module: controller, loop: control, target: storm-1," \
			"priority: 8, rest: $rest, turn: ${turns[control-1]:-0}}"
		echo "  control-2: {module: controller, loop: control, target: storm-1," \
			"rest: $rest}"
		echo "  control-3: {module: controller, target: storm-2, alone: yes," \
			"rest: $rest, turn: ${turns[control-3]:-0}}"
		# on the loop of those that it writes to: all of them hang with it
		echo "  control-4: {module: controller, target: storm-3, alone: yes," \
			"loop: loop-1, hang: 1500ms, rest: $rest}"
		echo 'routes:'
		echo '  - {to: keeper, tags: ["*/*:*"], events: yes, queue: {batches: 64}}'
		echo '  - {to: sender, queue: {batches: 32}}'
		echo '  - {to: metrics, tags: []}'
		echo 'access:'
		for storm in 1 2 3 4; do
			echo "  control-$storm: {write: [\"**:*\"], max_priority: operator}"
		done
	} | take_away "${1:-nobody}" >"$file"
}

reload() {
	write_config "$@"
	ctl reload >"$work/reload.log" 2>&1 || fail "reload: $(cat "$work/reload.log")"
}

# anew NAME...: opened anew, all at once
anew() {
	local name
	turn=$((turn + 1))
	for name in "$@"; do
		turns[$name]=$turn
	done
	reload
}

# count METRIC: over all instances
count() {
	curl -sS --max-time 10 "http://127.0.0.1:$port/metrics" |
		awk -v name="edgeway_$1" 'index($1, name "{") == 1 { n += $2 } END { print n + 0 }'
}

# has METRIC LEAST
has() {
	awk -v n="$(count "$1")" -v least="$2" 'BEGIN { exit !(n >= least) }'
}

# is_past SECOND
is_past() {
	[ "$SECONDS" -gt "$1" ]
}

# more METRIC: since now
more() {
	wait_for "more of $1" has "$1" $(($(count "$1") + 1))
}

step 'storms, and those who listen to them'
write_config
daemon
wait_for 'the keeper to compare' has keeper_checks_total 1
wait_for 'the sender to have some again' has sender_again_total 1
wait_for 'a lease that ends while its holder pauses' has controller_safe_total 1

step 'each is opened anew'
for name in keeper storm-3 sender storm-4 control-1 storm-1 control-3; do
	anew "$name"
done
more controller_done_total
anew keeper sender storm-2 control-3

step 'each is taken away and brought back'
for name in sender storm-4 keeper control-3 storm-2; do
	reload "$name"
	reload
done
more keeper_checks_total

step 'a holder hangs, with those it writes to'
more controller_safe_total
anew storm-1 storm-3
more controller_safe_total

step 'all are stopped for a while'
for _ in 1 2; do
	tell daemon STOP
	wait_for 'leases to run out' is_past $((SECONDS + 1))
	tell daemon CONT
	more controller_safe_total
done

step 'storms rest, and all is as they said'
rest=yes
reload
wait_for 'the storms to rest' has storm_rests 4
wait_for 'the keeper to compare at rest' has keeper_rests_total 4
for name in keeper_lost_total sender_acked_total sender_dead_total controller_busy_total \
	controller_unknown_total; do
	wait_for "$name" has "$name" 1
done
curl -sS "http://127.0.0.1:$port/metrics" |
	grep -E '^edgeway_(storm|keeper|sender|controller)' || fail 'no metrics'

step 'it ends in order'
stop daemon
[ "$status" -eq 0 ] || fail "it ended with $status"
! has_logged daemon FAULT || fail "$(grep -c FAULT "$work/daemon.log") faults"
