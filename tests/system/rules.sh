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

step 'samples are recorded while a valve shuts and opens'
stop daemon TERM
cat >"$file" <<-END
	version: 1
	instances:
	  line1: {module: simulator, every: 100ms, heartbeat: 5s}
	  control:
	    module: rules
	    inputs: {flow: {tag: "flow-1:Flow/Rate", unit: m3/h, stale: 2s}}
	    rules:
	      half: {value: flow / 2}
	      low: {value: "flow < 10[m3/h] for 300ms"}
	      heat:
	        when: low
	        write: {to: "temp-1:Temperature/Heater", value: 40, fail_safe: 5, heartbeat: "temp-1:heartbeat"}
	access:
	  control: {write: ["temp-1:**"]}
END
daemon
wait_for 'the rules run' is running control
is_true() {
	ctl --json get control:low | grep -q "\"value\":$1"
}
handed() {
	grep '"remote":"heat".*"result":"handed"' "$work/state/audit.log" |
		sed -nE 's/.*"target":"temp-1:Temperature\/Heater".*"value":"?([0-9.]+).*/\1/p' | uniq
}
ctl write pump-1:Pump/Run yes >/dev/null
ctl write flow-1:Flow/Valve 100 >/dev/null
flows() {
	ctl --json get flow-1:Flow/Rate | grep -qE '"value":[1-9][0-9]'
}
wait_for 'the flow to be there' flows
wait_for 'the rule to see it' is_true false
: >"$work/state/audit.log"
start recorder "$build/edgewayctl" --socket "$work/run/control.sock" record \
	--tags 'flow-1:**,temp-1:**,control:**' --output "$work/data.csv"
has_begun() {
	grep -q '^[^,]*,flow-1:Flow/Rate,[0-9]' "$work/data.csv"
}
wait_for 'the record to begin' has_begun
ctl write flow-1:Flow/Valve 0 >/dev/null
wait_for 'the flow to be gone' is_true true
ctl write flow-1:Flow/Valve 100 >/dev/null
wait_for 'the flow to be back' is_true false
stop recorder INT
[ "$status" = 0 ] || fail "the record: $status"
has_logged recorder 's, [0-9]+ samples of [0-9]+ tags' || fail 'no word of what was recorded'
live=$(handed)
stop daemon TERM

step 'the rules do over the record what they did live, without a daemon'
ctl rules test "$file" --data "$work/data.csv" --module-dir "$modules" --json --all >"$work/told"
# recorded TAG, told TAG KIND: its values, one a line
recorded() {
	awk -F, -v tag="$1" '$2 == tag && $3 != "" { print $3 }' "$work/data.csv"
}
told() {
	sed -nE "s,.*\"what\":\"$2\".*\"tag\":\"$1\"\\,\"value\":([^,]*)\\,.*,\1,p" "$work/told" | grep -v null
}
[ "$(recorded control:low | uniq)" = "$(told control:low value | uniq)" ] ||
	fail "low: $(recorded control:low | uniq) and $(told control:low value | uniq)"
[ "$(recorded control:low | uniq | wc -l)" -ge 3 ] || fail 'the valve made no difference'
recorded control:half | sed '$d' >"$work/half.live" # the last one may come behind the end
told control:half value | head -n "$(wc -l <"$work/half.live")" >"$work/half.told"
diff "$work/half.live" "$work/half.told" >"$work/diff" || fail "half: $(head "$work/diff")"
[ "$(wc -l <"$work/half.live")" -gt 10 ] || fail 'few values were compared'
told temp-1:Temperature/Heater write | uniq >"$work/heat"
grep -qx 40 "$work/heat" || fail "written: $(cat "$work/heat")"
[ "$(sed 1d "$work/heat")" = "$live" ] || fail "written: $(cat "$work/heat"), live: $live"
grep -q '"subject":"heat","why":\[{"part":"when","term":"low","value":"yes"' "$work/told" ||
	fail 'nothing says why'

step 'a wrong file and wrong data are told with their place'
sed 's/flow \/ 2/floww \/ 2/' "$file" >"$work/wrong.yaml"
# refuses_to_test FILE DATA PLACE
refuses_to_test() {
	local status=0
	ctl rules test "$1" --data "$2" --module-dir "$modules" 2>"$work/refused" || status=$?
	[ "$status" = 78 ] || fail "status $status: $(cat "$work/refused")"
	grep -q "$3: " "$work/refused" || fail "$(cat "$work/refused")"
}
refuses_to_test "$work/wrong.yaml" "$work/data.csv" wrong.yaml:8:21
printf 'time,tag,value\n0,flow-1:Flow/Rate,fast\n1,flow-1:Flow/Rate\n2,x\n' >"$work/wrong.csv"
refuses_to_test "$file" "$work/wrong.csv" wrong.csv:4:1
