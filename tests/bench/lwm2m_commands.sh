#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A read of /3/0/0 over HTTP, from the request to its answer, by way of the
# server, a Mosquitto over TLS and the client: at rest, and while the same client
# sends 200,000 records a second in bulk.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules numbers checker lwm2m lwm2m_server
# shellcheck source=tests/bench/link.bash
. "$top_srcdir/tests/bench/link.bash"
# shellcheck source=tests/bench/lwm2m_link.bash
. "$top_srcdir/tests/bench/lwm2m_link.bash"

# reads NAME: one after the other over one connection
reads() {
	local i count=500
	for ((i = 0; i < count; i++)); do
		[ "$i" -eq 0 ] || echo next
		printf '%s\n' "url = http://127.0.0.1:${port:?}/api/lwm2m/read" \
			'data = "{\"device\":\"edge\",\"path\":\"/3/0/0\"}"' \
			"output = $work/answer" 'write-out = "%{time_total}\n"'
	done >"$work/reads"
	curl -sSf -K "$work/reads" | sort -n >"$work/times"
	[ "$(wc -l <"$work/times")" -eq "$count" ] || fail 'an answer is missing'
	row "a read and its answer, $1: p50" "$(awk 'NR == 250 { print $1 * 1000 }' "$work/times")" ms 2
	row '   p99' "$(awk 'NR == 495 { print $1 * 1000 }' "$work/times")" ms
}

burst=4
host "check: {module: checker, gate: $work/gate}" 'to: [check], durable: no,
  tags: ["edge/n*:*/*/Sensor Value"]'
edge
reads 'at rest'
allow 1000000000
wait_for 'bulk data' has_seen 100000
before=$(seen samples) begun=${EPOCHREALTIME/./}
reads 'under bulk load'
row '   records/s meanwhile' \
	"$((($(seen samples) - before) * 1000000 / (${EPOCHREALTIME/./} - begun)))" ''
exit "$missed"
