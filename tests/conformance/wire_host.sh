#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A host's daemon and a real broker over TLS, with MQTT 3.1.1 and 5, and between
# them a recorder that judges every packet; an edge node's daemon is on the same
# broker. Births, commands to node and device, a disputed STATE, a node that is
# killed, a broker that dies, the planned end. What only the host's bus shows is
# looked at there. Leaves tests/conformance/wire_host.checked.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules simulator sparkplug sparkplug_host

make_tls
tls=$work/tls
secure=("cafile $tls/ca.pem" "certfile $tls/server.pem" "keyfile $tls/server.key"
	'require_certificate true')
broker_port=
start_broker broker "${secure[@]}"
: >"$work/all"

host() {
	"$build/edgewayctl" --socket "$work/run-host/control.sock" "$@"
}
# seen IDS...: the scenario has seen what these ask for
seen() {
	printf '%s kept 1 wire_host\n' "$@" >>"$work/all"
}

# configure FILE PORT PROTOCOL: both ends of it
uplink() {
	cat <<-END
		uplink:
		  servers: ["mqtts://localhost:$1"]
		  ca: $tls/ca.pem
		  certificate: $tls/client.pem
		  key: $tls/client.key
		  protocol: $2
		  client_id: $3
		  backoff: {min: 100ms, max: 1s}
	END
}
configure() {
	{
		printf 'version: 1\ngateway: {group: plant, name: gw1}\n'
		uplink "$broker_port" "$1" edge
		cat <<-END
			instances:
			  line: {module: simulator, every: 100ms, devices: {pump-1: {type: pump, tags: {
			    Pump/Flow: {type: f64}, Pump/Speed: {type: f64, writable: yes, range: [0, 60]}}}}}
			  scada: {module: sparkplug, rebirth_pause: 0s, report_delay: 50ms, templates: $2}
			access:
			  scada: {write: ["pump-1:Pump/Speed"]}
		END
	} >"$file"
	{
		printf 'version: 1\ngateway: {group: centre, name: cloud}\n'
		uplink "$port" "$1" host
		cat <<-END
			instances:
			  scada: {module: sparkplug_host, host_id: scada1, groups: [plant]}
		END
	} >"$work/host.yaml"
}
host_daemon() {
	start host "$build/edgewayd" --module-dir "$modules" --state-dir "$work/state-host" \
		--run-dir "$work/run-host" "$work/host.yaml"
}

# is_device STATE DEVICE
is_device() {
	host --json devices "$2" | grep -qE "\"device\":\"$2\".*\"state\":\"$1\""
}
# all_are QUALITY GLOB: of the tags that have a value
all_are() {
	host --json tags "$2" | grep '"tag"' | grep -v '"quality":"none"' >"$work/.tags"
	[ -s "$work/.tags" ] && ! grep -vE "\"(quality|reason)\":\"$1\"" "$work/.tags"
}

for version in 5 3.1.1; do
	step "MQTT $version: births"
	port=$(free_port)
	if [ "$version" = 5 ]; then # with templates the tags of the pump are members
		configure "$version" yes
		pump=plant/gw1/pump-1:pump/Pump
	else
		configure "$version" no
		pump=plant/gw1/pump-1:Pump
	fi
	rm -rf "$work/state" "$work/state-host"
	start recorder "$build/tests/conformance/recorder" "$tls" plant gw1 - scada1 \
		"$work/$version.checked" "$port" "$broker_port"
	wait_for 'the recorder' is_listening "$port"
	host_daemon
	daemon
	wait_for 'the device' is_device up plant/gw1/pump-1
	wait_for 'its values' all_are good "$pump/*"

	step "MQTT $version: commands"
	host write "$pump/Speed" 7 || fail 'the command is not done'
	host execute 'plant/gw1:Node Control/Rebirth' || fail 'the rebirth is not done'

	step "MQTT $version: somebody says that the host is offline"
	timeout -k 1 10 mosquitto_pub -h localhost -p "$broker_port" --cafile "$tls/ca.pem" \
		--cert "$tls/client.pem" --key "$tls/client.key" -q 1 -r \
		-t spBv1.0/STATE/scada1 -m '{"online":false,"timestamp":9000000000000}'
	disputed() {
		timeout -k 1 5 mosquitto_sub -h localhost -p "$broker_port" --cafile "$tls/ca.pem" \
			--cert "$tls/client.pem" --key "$tls/client.key" -C 1 \
			-t spBv1.0/STATE/scada1 | grep -q '"online": *true'
	}
	wait_for 'the host to say that it is there' disputed

	step "MQTT $version: the node is killed"
	stop daemon KILL
	wait_for 'the node to be down' is_device down plant/gw1
	wait_for 'its device to be down' is_device down plant/gw1/pump-1
	wait_for 'stale values' all_are 'stale' 'plant/gw1:**'
	wait_for 'stale values of the device' all_are 'stale' 'plant/gw1/pump-1:**'
	action=operational-behavior-edge-node-termination-host-action-ndeath
	seen "$action-node-offline" "$action-node-tags-stale" "$action-devices-offline" \
		"$action-devices-tags-stale"
	daemon
	wait_for 'the device again' is_device up plant/gw1/pump-1

	step "MQTT $version: the broker dies"
	stop broker KILL
	wait_for 'stale values' all_are 'stale' 'plant/gw1/pump-1:**'
	seen own-host-lost-broker-stale
	start_broker broker "${secure[@]}"
	wait_for 'the device again' is_device up plant/gw1/pump-1

	step "MQTT $version: the planned end"
	stop host
	[ "$status" -eq 0 ] || fail "the host ended with $status"
	stop daemon
	stop recorder
	[ "$status" -eq 0 ] || fail "the judge has found something: $(cat "$work/recorder.log")"
	cat "$work/$version.checked" >>"$work/all"
done
cp "$work/all" "$top_builddir/tests/conformance/wire_host.checked"
