#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The daemon at rest: a TLS session to a real Mosquitto, the HTTP listener, host
# and metrics. How long it takes to be ready, what memory it holds, how often
# its threads wake up. BENCH_SECONDS is how long to watch it.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
# shellcheck source=tests/bench/table.bash
. "$top_srcdir/tests/bench/table.bash"
seconds=${BENCH_SECONDS:-20}
every=5

make_tls >"$work/tls.log"
start_broker broker "cafile $work/tls/ca.pem" "certfile $work/tls/server.pem" \
	"keyfile $work/tls/server.key"
take_modules host metrics
port=$(free_port)
cat >"$file" <<END
version: 1
gateway: {name: bench}
uplink: {servers: ["mqtts://localhost:$broker_port"], ca: $work/tls/ca.pem}
http: {listen: "127.0.0.1:$port"}
instances:
  machine: {module: host, every: ${every}s}
  metrics: {module: metrics}
END

# the program itself, not libtool's script around it
LD_LIBRARY_PATH=$build/.libs "$build/tests/bench/ready" 20 50 "$build/.libs/edgewayd" --module-dir "$modules" \
	--state-dir "$work/state" --run-dir "$work/run" "$file" 2>"$work/ready.log" || missed=1

daemon
# shellcheck disable=SC2317 # wait_for calls it
is_online() {
	curl -sf -m 5 "http://127.0.0.1:$port/metrics" |
		grep -qE '^edgeway_uplink_online(\{.*\})? 1$'
}
wait_for 'the page to show a session' is_online

# shellcheck disable=SC2317 # wait_for calls it
has_scanned() {
	ctl --json instances | grep '"instance":"machine"' |
		grep -qE '"batches":([2-9]|[1-9][0-9]+)'
}

# of: KiB by name, of /proc/PID/status
of() {
	sed -n "s/^$1:[[:space:]]*\([0-9]*\).*/\1/p" "/proc/$(pid_of daemon)/status"
}

# wakes: of each thread, one a line: its name, how often it went to sleep
wakes() {
	local task
	for task in "/proc/$(pid_of daemon)"/task/*; do
		printf '%s %s\n' "$(tr ' ' _ <"$task/comm")" \
			"$(sed -n 's/^voluntary_ctxt_switches:[[:space:]]*//p' "$task/status")"
	done
}

# past the start: a scan of the machine follows the first by one interval
wait_for 'scans of the machine' has_scanned
wakes >"$work/before"
sleep "$seconds"
wakes >"$work/after"
row 'RssAnon' "$(awk "BEGIN { print $(of RssAnon) / 1024 }")" MiB 5
row '   RSS, with the pages of files' "$(awk "BEGIN { print $(of VmRSS) / 1024 }")" MiB
paste -d ' ' "$work/before" "$work/after" |
	awk -v s="$seconds" '{ printf "%s %.3f\n", $1, ($4 - $2) / s }' >"$work/rates"
while read -r name rate; do
	row "   wake-ups of $name" "$rate" /s
done <"$work/rates"
# one timer of the daemon's, the scans, and the session's own
most=$(awk "BEGIN { print 1 + 1 / $every + 0.2 }")
row 'wake-ups' "$(awk '{ sum += $2 } END { print sum }' "$work/rates")" /s "$most"
stop daemon
exit "$missed"
