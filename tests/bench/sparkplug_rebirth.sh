#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A rebirth of 1,000 devices with 100 metrics each, as a host asks for it: how
# long until the host has all births, and the most memory that it took.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules simulator checker sparkplug sparkplug_host metrics
# shellcheck source=tests/bench/link.bash
. "$top_srcdir/tests/bench/link.bash"
# shellcheck source=tests/bench/sparkplug_link.bash
. "$top_srcdir/tests/bench/sparkplug_link.bash"
devices=1000 metrics=100 patience=120

{
	cat <<-END
		version: 1
		gateway: {group: plant, name: edge}
		uplink: {$uplink}
		instances:
		  scada: {module: sparkplug, rebirth_pause: 0s}
		  line: {module: simulator, every: 1h, devices: {
	END
	for ((i = 0; i < devices; i++)); do
		echo "    d$i: {profile: many},"
	done
	printf '  }}\nprofiles:\n  many:\n'
	for ((i = 0; i < metrics; i++)); do
		echo "    Group/Measured Value $i: {type: f64, unit: Cel, range: [0, 100]}"
	done
} >"$work/edge.yaml"
port=$(free_port)
host '  page: {module: metrics}' "http: {listen: \"127.0.0.1:$port\"}"

# births: that the host has seen
# shellcheck disable=SC2317 # wait_for calls it
births() {
	curl -sS -m 20 "http://127.0.0.1:$port/metrics" |
		sed -nE 's/^edgeway_sparkplug_host_dbirths_total(\{.*\})? ([0-9.e+]+)/\2/p'
}
# shellcheck disable=SC2317 # wait_for calls it
has_births() {
	awk "BEGIN { exit !($(births) >= $1) }"
}

run edge
wait_for 'all births' has_births "$devices"
for round in 2 3 4; do
	forget_peak edge
	forget_peak host
	begun=${EPOCHREALTIME/./}
	at host execute 'plant/edge:Node Control/Rebirth' >"$work/ctl.out"
	wait_for 'all births again' has_births $((round * devices))
	row "rebirth of $devices devices x $metrics metrics" \
		"$(((${EPOCHREALTIME/./} - begun) / 1000))" ms
	row '   most memory of the edge node' "$(peak edge)" MiB
	row '   most memory of the host' "$(peak host)" MiB
done
both_end
exit "$missed"
