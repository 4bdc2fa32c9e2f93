#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Sparkplug from end to end: a source of numbers, an edge node, a Mosquitto over
# TLS, a host, its bus; two daemons. Every number is checked at the host's bus.
# Beside it, turn by turn, a raw relay of as many messages of that length at the
# same broker. Then seven devices at 1,000 messages/s each for BENCH_SECONDS.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules numbers checker sparkplug sparkplug_host
# shellcheck source=tests/bench/link.bash
. "$top_srcdir/tests/bench/link.bash"
# shellcheck source=tests/bench/sparkplug_link.bash
. "$top_srcdir/tests/bench/sparkplug_link.bash"

# throughput TAGS NUMBERS ROUTE
throughput() {
	host
	edge 1 "tags: $1, every: 1ms, burst: 1000" "$3"
	echo "$1 metrics a message, $3"
	"$build/tests/bench/link" "$work/gate" "$1" "$2" "$broker_port" "$ca" \
		'spBv1.0/+/DDATA/#' 0 60 "broker=$(pid_of broker)" "edge=$(pid_of edge)" \
		"host=$(pid_of host)" || missed=1
	both_end
}

# seven SECONDS
seven() {
	local numbers=$(($1 * 1000)) begun before
	host
	edge 7 'tags: 10, every: 1ms' 'durable: yes'
	echo 'seven devices, 10 metrics a message'
	before=$(at host uplinks | sed -nE 's/.*"received":([0-9]+).*/\1/p')
	begun=${EPOCHREALTIME/./}
	allow $((numbers + 1))
	patience=$(($1 + 60))
	wait_for 'all numbers' has_seen $((70 * (numbers + 1)))
	row '   seconds that it took' "$(((${EPOCHREALTIME/./} - begun) / 10000))e-2" s \
		"$(awk "BEGIN { print 1.05 * $1 }")"
	row '   messages' "$(($(at host uplinks |
		sed -nE 's/.*"received":([0-9]+).*/\1/p') - before))" ''
	row '   numbers that were lost' "$(seen lost)" '' 0
	both_end
}

throughput 100 20000 'durable: yes'
throughput 10 100000 'durable: yes'
throughput 100 20000 'durable: no, full: block'
throughput 10 100000 'durable: no, full: block'
seven "${BENCH_SECONDS:-60}"
exit "$missed"
