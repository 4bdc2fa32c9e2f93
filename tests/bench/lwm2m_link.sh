#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# LwM2M bulk data from end to end: a source of numbers, Sends over a Mosquitto
# with TLS, the server, its bus; then also the event stream, synced at 50 ms, and a
# consumer over HTTP that reads and checks the number of every record. Beside
# it, turn by turn, a raw relay of as many messages of that length.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules numbers checker lwm2m lwm2m_server events
# shellcheck source=tests/bench/link.bash
. "$top_srcdir/tests/bench/link.bash"
# shellcheck source=tests/bench/lwm2m_link.bash
. "$top_srcdir/tests/bench/lwm2m_link.bash"
numbers=${BENCH_NUMBERS:-40000}

# compare ASKED PROCESS...
compare() {
	local asked=$1
	shift
	"$build/tests/bench/link" "$work/gate" "$tags" "$numbers" "$broker_port" "$ca" \
		lwm2m/rd/edge 1 "$asked" "broker=$(pid_of broker)" "edge=$(pid_of edge)" \
		"host=$(pid_of host)" "$@" || missed=1
	both_end
}

echo 'at the bus of the server'
host "check: {module: checker, gate: $work/gate}" 'to: [check], durable: no,
  tags: ["edge/n*:*/*/Sensor Value"], queue: {size: 64MiB, batches: 65536}'
edge
compare 50

echo 'at a consumer of the event stream'
host 'ev: {module: events, size: 4GiB, page_bytes: 4MiB}' 'to: [ev], tags: ["none:none"]'
start consumer "$build/tests/bench/records" "$port" "$work/gate"
edge
# what is under way has to fit into the buffers of two logs until they are synced
export AHEAD=200
compare 25 "consumer=$(pid_of consumer)"
exit "$missed"
