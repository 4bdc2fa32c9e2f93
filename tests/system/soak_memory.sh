#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# All peers are dead, and numbered samples go on: the server of an HTTP uplink takes
# no connection, the broker of Sparkplug and LwM2M is not there, the store is full and
# lets the oldest go. The daemon's memory must not grow.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"

seconds=${SOAK_SECONDS:?}
take_modules numbers http_uplink sparkplug lwm2m
broker_port=$(free_port)
server_port=$(free_port)
# threads come and go: one arena, so that only what is not freed shows
export MALLOC_ARENA_MAX=1
cat >"$file" <<-END
	version: 1
	gateway: {group: plant, name: gw1}
	uplink:
	  servers: ["mqtt://localhost:$broker_port"]
	  plaintext: yes
	  backoff: {min: 100ms, max: 1s}
	store: {size: 4MiB, sync: 50ms}
	instances:
	  n: {module: numbers, tags: 32, every: 1ms}
	  cloud: {module: http_uplink, url: "http://127.0.0.1:$server_port/in", plaintext: yes, retry: {min: 20ms, max: 200ms}}
	  scada: {module: sparkplug}
	  bulk: {module: lwm2m}
	# a slow source, as the gateway's own tags are one, fills a window for hours
	routes: [{from: [n], to: [cloud, scada, bulk]}]
END

# lets_go: the store has been full for a while
lets_go() {
	[ "$(ctl --json store | head -n 1 |
		sed -nE 's/.*"lost_samples":([0-9]+).*/\1/p')" -gt 500000 ]
}
has_passed() {
	[ "$SECONDS" -ge "$1" ]
}

step 'the store is full, and so is everything else'
"$build/edgewayd" --module-dir "$modules" --check "$file" >"$work/check.log" 2>&1 ||
	fail "$(cat "$work/check.log")"
daemon
patience=120
wait_for 'the store to let go' lets_go

step "$seconds s of that"
end=$((SECONDS + seconds))
while [ "$SECONDS" -lt "$end" ]; do
	echo "$SECONDS $(uses)" >>"$work/uses"
	wait_for 'the next second' has_passed $((SECONDS + 1))
done
ctl store
ctl ledger

step 'nothing grew'
# KiB: a page here and there. The first half may still fill pools and caches
awk -v limit=32 -v half="$((seconds / 2))" '
	NR == 1 { begin = $1 }
	$1 - begin < half { next }
	{
		n++; x += $1; y += $2; xx += $1 * $1; xy += $1 * $2
		if (n == 1) { first = $1; rss_first = $2 }
		last = $1; rss = $2
	}
	END {
		slope = (n * xy - x * y) / (n * xx - x * x)
		grown = slope * (last - first)
		printf "memory|%d s|RSS %d KiB, then %d KiB|grew by %.0f KiB\n",
			last - first, rss_first, rss, grown
		exit grown > limit
	}' "$work/uses" | tee -a "${RELIABILITY_RESULTS:-/dev/null}" || fail "$(cat "$work/uses")"
stop daemon
[ "$status" -eq 0 ] || fail "it ended with $status"
