#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A receiver that keeps every batch for ever, with each of the three ways to be
# full: the others lose nothing, and its own loss is told and counted.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"

take_modules numbers checker
cat >"$file" <<'END'
version: 1
gateway: {name: test}
instances:
  n1: {module: numbers, every: 1ms, tags: 16}
  n2: {module: numbers, every: 1ms, tags: 16}
  oldest: {module: checker, hold: yes}
  newest: {module: checker, hold: yes}
  good: {module: checker}
  waits: {module: checker}
routes:
  - {from: [n1], to: [oldest], full: drop_oldest, queue: {size: 64KiB}}
  - {from: [n1], to: [newest], full: drop_newest, queue: {size: 64KiB}}
  - {from: [n1], to: [good]}
  - {from: [n2], to: [waits], full: block, queue: {batches: 256}}
END
daemon

# is_past INSTANCE NUMBER
is_past() {
	[ "$(report_of "$1" | field highest)" -gt "$2" ]
}

# lost_nothing INSTANCE
lost_nothing() {
	local report name
	report=$(report_of "$1")
	for name in lost again told_lost; do
		[ "$(field "$name" <<<"$report")" -eq 0 ] || fail "$1: $report"
	done
}

step 'two receivers hold what they can and are refused more'
for name in oldest newest; do
	wait_for "$name to be full" bash -c \
		"grep -q 'refused=[1-9]' '$work/state/instances/$name/report'"
done

step 'the others get all'
from=$(report_of good | field highest)
wait_for 'two thousand more for the neighbour' is_past good $((from + 2000))
wait_for 'two thousand for another publisher' is_past waits 2000
lost_nothing good
lost_nothing waits

step 'what does not fit is lost to the holders alone, and told to them'
for name in oldest newest; do
	report=$(report_of "$name")
	lost=$(field lost <<<"$report")
	[ "$lost" -gt 0 ] || fail "$name lost nothing: $report"
	# what was lost last may not be told yet
	[ "$(field told_lost <<<"$report")" -ge "$lost" ] || fail "$name: $report"
done

step 'who waits is answered'
timeout 5 "$build/edgewayctl" --socket "$work/run/control.sock" \
	get n1:N0 >"$work/get.log" || fail 'no answer'
stop daemon
[ "$status" -eq 0 ] || fail "it ended with $status"
