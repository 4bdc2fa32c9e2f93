# SPDX-License-Identifier: Apache-2.0
# An LwM2M client with a source of numbers, and the server. Sourced behind
# link.bash.
# shellcheck shell=bash
burst=1000      # numbers in a millisecond, at most
tags=50

# host INSTANCE ROUTE: the server, and who listens to it
host() {
	: >"${work:?}/gate"
	port=$(free_port)
	cat >"$work/host.yaml" <<-END
		version: 1
		gateway: {group: plant, name: host}
		uplink: {${uplink:?}}
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
		  n0: {module: numbers, gate: $work/gate, tags: $tags, every: 1ms, burst: $burst}
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
