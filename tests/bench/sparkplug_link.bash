# SPDX-License-Identifier: Apache-2.0
# An edge node with sources of numbers, and a host whose bus has a checker of
# them. Sourced behind link.bash.
# shellcheck shell=bash

# host [LINE...]: with a checker; further lines are instances and what they need
# shellcheck disable=SC2120 # one bench has some
host() {
	: >"${work:?}/gate"
	cat >"$work/host.yaml" <<-END
		version: 1
		gateway: {group: plant, name: host}
		uplink: {${uplink:?}}
		routes: [{from: [scada], to: [check], tags: ["plant/edge/n*:N*"], durable: no,
		  queue: {size: 64MiB, batches: 65536}}]
		instances:
		  scada: {module: sparkplug_host, max_waiting: 20000, rebirth_pause: 100ms}
		  check: {module: checker, gate: $work/gate}
	END
	printf '%s\n' "$@" >>"$work/host.yaml"
	run host
	wait_for 'the host online' is_online host
}

# edge SOURCES OPTIONS ROUTE: an edge node with so many sources of these options
edge() {
	local i
	{
		cat <<-END
			version: 1
			gateway: {group: plant, name: edge}
			uplink: {$uplink}
			routes: [{to: [scada], tags: ["n*:N*"], $3}]
			instances:
			  scada: {module: sparkplug, report_delay: 0s}
		END
		for ((i = 0; i < $1; i++)); do
			echo "  n$i: {module: numbers, gate: $work/gate, $2}"
		done
	} >"$work/edge.yaml"
	allow 1 # a device is born with its first value
	run edge
	for ((i = 0; i < $1; i++)); do
		wait_for 'the birth' has_device host "plant/edge/n$i" up
	done
}
