#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The daemon as an operator meets it: wrong files, two daemons, reload by
# difference and back, instances that fail, hang, crash and will not stop.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"

# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules example faulty numbers checker

# config LINE...: instances below a fixed head
config() {
	{
		echo 'version: 1'
		echo 'gateway: {name: test}'
		echo "limits: {hang_after: 500ms, stop_timeout: 2s, crash_limit: 2}"
		echo 'instances:'
		printf '  %s\n' "$@"
	} >"$file"
}

step 'a wrong file is told with its places, and nothing starts'
config 'a: {module: example, everry: 1s}' 'b: {module: faulty, refused: yes}' \
	'c: {module: nothing}'
status=0
"$build/edgewayd" --module-dir "$modules" --check "$file" >"$work/check.log" 2>&1 ||
	status=$?
[ "$status" -eq 78 ] || fail "--check ended with $status"
has_logged check ":5:[0-9]+: a: unknown option 'everry'.*did you mean 'every'" ||
	fail 'no suggestion'
has_logged check ':6:.*refused as asked' || fail 'no word of the cross check'
has_logged check ":7:.*no module 'nothing'" || fail 'no word of the module'
daemon
ended daemon
[ "$status" -eq 78 ] || fail "the daemon ended with $status"

step 'publishers that wait for each other in a circle are refused'
cat >"$file" <<-'END'
	version: 1
	instances:
	  n: {module: numbers}
	  m: {module: numbers}
	  c: {module: checker}
	routes:
	  - {from: [n], to: [c, m], full: block}
	  - {from: [m], to: [n], full: block}
END
"$build/edgewayd" --module-dir "$modules" --check "$file" >"$work/check.log" 2>&1 &&
	fail 'a circle was taken'
has_logged check ":7:.*'full: block' goes round in a circle by way of 'n' and 'm'" ||
	fail "$(cat "$work/check.log")"
sed -i '$d' "$file"
"$build/edgewayd" --module-dir "$modules" --check "$file" >"$work/check.log" 2>&1 ||
	fail "no circle is left: $(cat "$work/check.log")"

step 'it starts, answers, and a second one is refused'
config 'a: {module: example}' 'b: {module: example, device: b}' \
	'c: {module: faulty, fault: start}'
daemon
wait_for 'a to run' is running a
wait_for 'c to fail' is failed c
has_logged daemon 'faulty/c: start: Connection refused' || fail 'c is not reported'
status=0
"$build/edgewayd" --module-dir "$modules" --state-dir "$work/state" \
	--run-dir "$work/run2" "$file" >"$work/second.log" 2>&1 || status=$?
[ "$status" -eq 1 ] || fail "the second daemon ended with $status"
has_logged second "in use by another edgewayd, process $(pid_of daemon)" ||
	fail 'the second daemon does not say who has the directory'
ctl get room:Temperature >"$work/get.log" || fail 'get'
[ "$(ctl get room:None 2>&1 || true)" = "edgewayctl: no tag 'room:None'" ] ||
	fail 'an unknown tag'

step 'reload touches what changed, and nothing else'
config 'a: {module: example}' 'b: {module: example, device: c}'
ctl reload >"$work/reload.log" || fail "$(cat "$work/reload.log")"
is running b || fail 'b does not run after the reload'
ctl devices | grep -q '^c ' || fail 'the new device is not there'
[ "$(grep -c 'example/a: started' "$work/daemon.log")" -eq 1 ] ||
	fail 'a was started again'
ctl --json instances | grep -q '"instance":"c"' && fail 'c is still there'

step 'routes are those that may bring something'
ctl routes >"$work/routes.log"
has_logged routes '^gateway +a ' || fail "$(cat "$work/routes.log")"
! has_logged routes '^control ' || fail 'the control socket publishes nothing'

step 'what only a restart can change is named'
for change in 'state_dir: /nowhere' 'gateway: {name: other}' 'store: {path: elsewhere}' \
	'uplink: {servers: ["mqtt://127.0.0.1:1"], plaintext: yes}'; do
	config 'a: {module: example}' 'b: {module: example, device: c}'
	sed -i "/^${change%%:*}:/d" "$file"
	sed -i "1a $change" "$file"
	ctl reload >"$work/reload.log" 2>&1 && fail "$change was taken"
	has_logged reload "'${change%%:*}[^']*' .*restart" ||
		fail "$change: $(cat "$work/reload.log")"
	! has_logged reload 'warning.*warning:' || fail 'a warning is named twice'
done
! has_logged daemon 'warning: .*warning:' || fail 'a warning is named twice'

step 'a reload with an error changes nothing'
config 'a: {module: example, every: never}' 'd: {module: example, device: d}'
ctl reload >"$work/reload.log" 2>&1 && fail 'it was taken'
grep -q "'never'" "$work/reload.log" || fail 'the error is not shown'
is running b || fail 'b is gone'

step 'a reload that does not work goes back'
config 'a: {module: example, every: 3s}' 'b: {module: faulty, fault: open}'
ctl reload >"$work/reload.log" 2>&1 && fail 'it was taken'
grep -q 'the old configuration goes on' "$work/reload.log" ||
	fail "$(cat "$work/reload.log")"
wait_for 'b as it was' is running b
ctl devices | grep -q '^c ' || fail 'the device of before is gone'
config 'a: {module: example}' 'b: {module: example, device: c}'
tell daemon HUP
wait_for 'the reload by signal' has_logged daemon 'reload done: 0 instances'

step 'an instance that hangs is named, the rest goes on'
config 'a: {module: example}' 'h: {module: faulty, fault: hang}'
ctl reload >"$work/reload.log" 2>&1 || fail "$(cat "$work/reload.log")"
wait_for 'the name' has_logged daemon "faulty/h: timer fuse running for [0-9]"
ctl write room:Setpoint 21 >"$work/write.log" || fail 'a write to another instance'

step 'it stops with an instance that hangs, which alone is lost'
stop daemon
[ "$status" -eq 0 ] || fail "it ended with $status"
has_logged daemon "faulty/h: callback 'timer fuse' has not returned .* -> lost" || fail 'no word of h'
has_logged daemon 'example/a: .* -> closed' || fail 'a was not closed'
! has_logged daemon 'example/a: .* -> lost' || fail 'a is blamed for h'

step 'an instance that must not fail ends the daemon'
config 'a: {module: example}' 'f: {module: faulty, fault: open, on_failure: stop}'
daemon
ended daemon
[ "$status" -eq 1 ] || fail "it ended with $status"

step 'who crashes the daemon twice is kept off'
config 'a: {module: example}' 'k: {module: faulty, fault: crash}'
for _ in 1 2; do
	daemon
	ended daemon
	[ "$status" -eq 139 ] || fail "it ended with $status, not by SIGSEGV"
done
daemon
wait_for 'a to run' is running a
is off k || fail 'k is not kept off'
has_logged daemon "faulty/k: crashed the last run: signal 11 .* in timer fuse" ||
	fail 'the crash has no name'

step 'a changed configuration lets it run again'
config 'a: {module: example}' 'k: {module: faulty, fault: stop}'
ctl reload >"$work/reload.log" 2>&1 || fail "$(cat "$work/reload.log")"
is running k || fail 'k does not run'

step 'an instance that ignores stop is left behind at its deadline'
stop daemon
[ "$status" -eq 0 ] || fail "it ended with $status"

step 'the safe mode starts metrics only'
daemon --safe
wait_for 'an answer' ctl status
is off a || fail 'a runs'
stop daemon
