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
tags=50 numbers=${BENCH_NUMBERS:-40000}

# host INSTANCE ROUTE: the server, and who listens to it
host() {
	: >"$work/gate"
	port=$(free_port)
	cat >"$work/host.yaml" <<-END
		version: 1
		gateway: {group: plant, name: host}
		uplink: {$uplink}
		http: {listen: "127.0.0.1:$port", anonymous: operator}
		instances:
		  lwm2m: {module: lwm2m_server}
		  $1
		routes: [{from: [lwm2m], $2}]
	END
	run host
	wait_for 'the host online' is_online host
}

edge() {
	cat >"$work/edge.yaml" <<-END
		version: 1
		gateway: {group: plant, name: edge}
		uplink: {$uplink, bulk_limit: 64KiB}
		routes: [{to: [cloud], tags: ["n0:N*"]}]
		instances:
		  cloud: {module: lwm2m, muted: no, send: {every: 50ms, records: 2000, bytes: 48KiB,
		    window: 32}}
		  n0: {module: numbers, gate: $work/gate, tags: $tags, every: 1ms, burst: 1000}
	END
	allow 1
	run edge
	wait_for 'the name of the device' knows_device
	allow 2 # what came before the name is under its prefix
	wait_for 'the device' has_device host edge/n0 up
}
# shellcheck disable=SC2317 # wait_for calls it
knows_device() {
	curl -sSf "http://127.0.0.1:$port/api/lwm2m/devices/edge" | grep -q plant/edge/n0
}

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
