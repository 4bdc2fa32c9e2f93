#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Device to device: two gateways and one broker over TLS, both edge nodes; one also
# listens, by a passive host on the session of its node. A value of the first
# reaches the bus of the second: how long that takes, beside a raw relay.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules numbers checker sparkplug sparkplug_host
# shellcheck source=tests/bench/link.bash
. "$top_srcdir/tests/bench/link.bash"

cat >"$work/host.yaml" <<-END
	version: 1
	gateway: {group: plant, name: b}
	uplink: {$uplink}
	routes: [{from: [near], to: [check], tags: ["plant/a/n:*"], durable: no}]
	instances:
	  scada: {module: sparkplug}
	  near: {module: sparkplug_host, passive: yes}
	  check: {module: checker, trips: $work/trips}
END
cat >"$work/edge.yaml" <<-END
	version: 1
	gateway: {group: plant, name: a}
	uplink: {$uplink}
	instances:
	  scada: {module: sparkplug, report_delay: 0s}
	  n: {module: numbers, tags: 1, mono: yes, every: 5ms}
	routes: [{to: [scada], tags: ["n:*"]}]
END
run host
wait_for 'the listener' is_online host
run edge
wait_for 'the device' has_device host plant/a/n up
"$build/tests/bench/latency" "$work/trips" "$broker_port" "$ca" 60 "${BENCH_TRIPS:-2000}"
