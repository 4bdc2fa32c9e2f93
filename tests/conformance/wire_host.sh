#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A host's daemon and a real broker over TLS, with MQTT 3.1.1 and 5, and between
# them a recorder that judges every packet; an edge node's daemon is on the same
# broker, and a second node that the script speaks for. Births, commands to node
# and device, a disputed STATE, another host of the same id, messages out of order
# and missing, devices and nodes that die, a broker that dies, another server, the
# planned end with a broker that does not answer. What only the host's bus shows
# is looked at there. Leaves tests/conformance/wire_host.checked.
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
first=$broker_port
second=$(free_port)
: >"$work/all"

host() {
	"$build/edgewayctl" --socket "$work/run-host/control.sock" "$@"
}
# seen IDS...: the scenario has seen what these ask for
seen() {
	printf '%s kept 1 wire_host\n' "$@" >>"$work/all"
}

# mosquitto PORT pub|sub ARGUMENTS...
mosquitto_at() {
	local port=$1 client=$2
	shift 2
	timeout -k 1 10 "mosquitto_$client" -h localhost -p "$port" --cafile "$tls/ca.pem" \
		--cert "$tls/client.pem" --key "$tls/client.key" "$@"
}
# say VERB[/...] SEQ MS [METRIC TYPE VALUE]...: what the second node says
say() {
	local verb=${1%%/*} device=
	[[ $1 == */* ]] && device=/${1#*/}
	"$build/tests/lib/sparkplug_text" message "${@:2}" >"$work/said"
	mosquitto_at "$first" pub -t "spBv1.0/plant/$verb/gw2$device" -f "$work/said"
}
now_ms() {
	date +%s%3N
}
other_births() {
	say NBIRTH 0 "$(now_ms)" bdSeq int64 5 'Node Control/Rebirth' bool 0
	say DBIRTH/pump-1 1 "$(now_ms)" Stroke double 0.5
	wait_for 'the other pump' is_device up plant/gw2/pump-1
}
stroke_is() {
	host --json get plant/gw2/pump-1:Stroke | grep -qE "\"value\":\"?$1\"?[,}]"
}

# uplink SERVERS PROTOCOL ID: both ends of it
uplink() {
	cat <<-END
		uplink:
		  servers: [$1]
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
		uplink "'mqtts://localhost:$first'" "$1" edge
		cat <<-END
			instances:
			  line: {module: simulator, every: 100ms, devices: {pump-1: {type: pump, tags: {
			    Pump/Flow: {type: f64}, Pump/Speed: {type: f64, writable: yes, range: [0, 60]}}},
			    panel: {tags: {Setpoint: {type: f64, writable: yes, range: [0, 60]}}}}}
			  scada: {module: sparkplug, rebirth_pause: 0s, report_delay: 50ms, templates: $2,
			    node_device: panel}
			access:
			  scada: {write: ["pump-1:Pump/Speed", "panel:Setpoint"]}
		END
	} >"$file"
	{
		printf 'version: 1\ngateway: {group: centre, name: cloud}\n'
		uplink "'mqtts://localhost:$port', 'mqtts://localhost:$port_two'" "$1" host
		cat <<-END
			instances:
			  scada: {module: sparkplug_host, host_id: scada1, groups: [plant],
			    reorder_timeout: 2s}
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
	port_two=$(free_port)
	if [ "$version" = 5 ]; then # with templates the tags of the pump are members
		configure "$version" yes
		pump=plant/gw1/pump-1:pump/Pump
	else
		configure "$version" no
		pump=plant/gw1/pump-1:Pump
	fi
	rm -rf "$work/state" "$work/state-host"
	start recorder "$build/tests/conformance/recorder" "$tls" plant gw1 - scada1 \
		"$work/$version.checked" "$port" "$first" "$port_two" "$second"
	wait_for 'the recorder' is_listening "$port"
	host_daemon
	daemon
	wait_for 'the device' is_device up plant/gw1/pump-1
	wait_for 'its values' all_are good "$pump/*"

	step "MQTT $version: commands"
	host write "$pump/Speed" 7 || fail 'the command is not done'
	host write plant/gw1:Setpoint 8 || fail 'the command to the node is not done'
	host execute 'plant/gw1:Node Control/Rebirth' || fail 'the rebirth is not done'

	step "MQTT $version: somebody says that the host is offline"
	mosquitto_at "$first" pub -q 1 -r -t spBv1.0/STATE/scada1 \
		-m '{"online":false,"timestamp":9000000000000}'
	disputed() {
		mosquitto_at "$first" sub -C 1 -t spBv1.0/STATE/scada1 | grep -q '"online": *true'
	}
	wait_for 'the host to say that it is there' disputed

	step "MQTT $version: another host has the same id"
	mosquitto_at "$first" pub -q 1 -t spBv1.0/STATE/scada1 -m '{"online":true,"timestamp":1}'
	has_rival() {
		host instances | grep -q 'another host has the same id'
	}
	wait_for 'the host to see that' has_rival
	seen operational-behavior-host-application-host-id

	step "MQTT $version: a message comes late, one does not come"
	other_births
	say DDATA/pump-1 3 "$(now_ms)" Stroke double 0.7
	say DDATA/pump-1 2 "$(now_ms)" Stroke double 0.6
	wait_for 'both values in order' stroke_is 0.7
	start ear stdbuf -oL mosquitto_sub -d -h localhost -p "$first" --cafile "$tls/ca.pem" \
		--cert "$tls/client.pem" --key "$tls/client.key" -t spBv1.0/plant/NCMD/gw2
	wait_for 'an ear at the broker' has_logged ear Subscribed
	say DDATA/pump-1 5 "$(now_ms)" Stroke double 0.9
	wait_for 'a rebirth to be asked for' has_logged ear 'received PUBLISH'
	stop ear
	rm "$work/ear.log"
	wait_for 'the value that waited' stroke_is 0.9

	step "MQTT $version: a device dies"
	other_births
	died=$(($(now_ms) - 3456))
	say DDEATH/pump-1 2 "$died"
	wait_for 'the other pump to be down' is_device down plant/gw2/pump-1
	is_device up plant/gw1/pump-1 || fail 'the device of the same id at another node died too'
	wait_for 'stale values of it' all_are stale 'plant/gw2/pump-1:**'
	died=$(date -u -d "@${died:0:-3}.${died: -3}" +%FT%T.%3N)
	host --json get plant/gw2/pump-1:Stroke | grep -qF "$died" ||
		fail "the other pump is not stale since $died: $(host --json get plant/gw2/pump-1:Stroke)"
	seen topic-structure-namespace-duplicate-device-id-across-edge-node \
		operational-behavior-edge-node-termination-host-action-ddeath-devices-offline \
		operational-behavior-edge-node-termination-host-action-ddeath-devices-tags-stale

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

	step "MQTT $version: another server, and the planned end in silence"
	broker_port=$second
	start_broker second "${secure[@]}"
	stop broker KILL
	elsewhere() {
		mosquitto_at "$second" sub -C 1 -t spBv1.0/STATE/scada1 | grep -q '"online": *true'
	}
	wait_for 'the host at the other server' elsewhere
	stop daemon
	tell second STOP
	stop host
	tell second CONT
	[ "$status" -eq 0 ] || fail "the host ended with $status"
	stop recorder
	[ "$status" -eq 0 ] || fail "the judge has found something: $(cat "$work/recorder.log")"
	stop second KILL
	broker_port=$first
	start_broker broker "${secure[@]}"
	cat "$work/$version.checked" >>"$work/all"
done
cp "$work/all" "$top_builddir/tests/conformance/wire_host.checked"
