#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A controller of etc/rules in a real daemon: it reaches its set point, says why,
# is killed without a word, and begins with the fail-safe value when it is back.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"

# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules simulator rules
cp "$top_srcdir/etc/rules/flow.yaml" "$file"

# settled: the flow is within 1 m3/h of its set point
settled() {
	ctl --json get flow-1:Flow/Rate |
		grep -qE '"value":"?2(4\.[0-9]+|5(\.[0-9]+)?)\b'
}

# writes: what was handed over for the pump's speed, as the audit log has it,
# also while no daemon runs
writes() {
	{ grep -E '"target":"pump-1:Pump/Speed".*"result":"handed"' "$work/state/audit.log" ||
		true; }
}

step 'the loop settles'
daemon
wait_for 'the rules run' is running control
wait_for 'the flow at its set point' settled

step 'each term is shown'
ctl rules >"$work/rules"
grep -qE '^flow_control +pid +[0-9.]+ +good' "$work/rules" || fail "$(cat "$work/rules")"
ctl rules flow_control >"$work/terms"
grep -qE '^setpoint +25\[m3/h\] +25 +good' "$work/terms" || fail "$(cat "$work/terms")"
grep -qE '^pid +automatic +yes' "$work/terms" || fail "$(cat "$work/terms")"
! ctl rules no_such_rule 2>"$work/refused" || fail 'a rule that is not there was shown'
grep -q "'control' does not know 'no_such_rule': 'ask control help' says" "$work/refused" ||
	fail "$(cat "$work/refused")"
ctl rules help >"$work/questions"
grep -qE '^outputs +what was written last' "$work/questions" || fail "$(cat "$work/questions")"

step 'after a kill the first write is the fail-safe value'
stop daemon KILL
before=$(writes | wc -l)
[ "$before" -gt 0 ] || fail 'the audit log knows of no write'
daemon
wait_for 'the rules run again' is running control
more() {
	[ "$(writes | wc -l)" -gt "$before" ]
}
wait_for 'a write' more
first=$(writes | sed -n "$((before + 1))p")
grep -qE '"value":"?20\b' <<<"$first" || fail "the first write: $first"
wait_for 'the flow at its set point again' settled
