#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The daemon and real brokers over TLS, with MQTT 3.1.1 and 5, and between them a
# recorder that judges every packet: births and data, a rebirth, kill -9, a
# broker that dies, a primary host that goes so that the node walks to the next
# server, the planned end. Leaves tests/conformance/wire.checked.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules simulator sparkplug

make_tls
tls=$work/tls
secure=("cafile $tls/ca.pem" "certfile $tls/server.pem" "keyfile $tls/server.key"
	'require_certificate true')
broker_port=
start_broker first "${secure[@]}"
first=$broker_port
broker_port=
start_broker second "${secure[@]}"
second=$broker_port
topics=spBv1.0/plant
: >"$work/all"

# at PORT COMMAND...: one of Mosquitto's clients
at() {
	local port=$1 command=$2
	shift 2
	timeout -k 1 20 "mosquitto_$command" -h localhost -p "$port" --cafile "$tls/ca.pem" \
		--cert "$tls/client.pem" --key "$tls/client.key" "$@"
}

# sees PORT FILTER [COUNT]: so many messages come
sees() {
	at "$1" sub -t "$2" -C "${3:-1}" -W 15 >"$work/.seen"
}

# host PORT true|false TIME
host() {
	at "$1" pub -q 1 -r -t spBv1.0/STATE/scada1 -m "{\"online\":$2,\"timestamp\":$3}"
}

configure() {
	cat >"$file" <<-END
		version: 1
		gateway: {group: plant, name: gw1}
		uplink:
		  servers: ["mqtts://localhost:$port_one", "mqtts://localhost:$port_two"]
		  ca: $tls/ca.pem
		  certificate: $tls/client.pem
		  key: $tls/client.key
		  protocol: $1
		  backoff: {min: 100ms, max: 1s}
		instances:
		  line: {module: simulator, every: 100ms, devices: {pump-1: {kind: pump, type: pump}}}
		  scada: {module: sparkplug, rebirth_pause: 0s, report_delay: 50ms, templates: yes,
		    primary_host: scada1}
	END
}

for version in 5 3.1.1; do
	step "MQTT $version: nothing before the primary host"
	port_one=$(free_port)
	port_two=$(free_port)
	configure "$version"
	rm -rf "$work/state"
	host "$first" false 1000
	host "$second" false 1000
	start recorder "$build/tests/conformance/recorder" "$tls" plant gw1 pump-1 scada1 \
		"$work/$version.checked" "$port_one" "$first" "$port_two" "$second"
	wait_for 'the recorder' is_listening "$port_one"
	daemon
	host "$first" true 1000

	step "MQTT $version: data, and a rebirth"
	sees "$first" "$topics/DDATA/gw1/pump-1" 3
	sees "$first" "$topics/NDATA/gw1"
	"$build/tests/lib/sparkplug_text" 'Node Control/Rebirth' bool 1 >"$work/rebirth"
	at "$first" sub -t "$topics/+/gw1/#" -C 5 -W 15 >"$work/.seen" &
	at "$first" pub -q 1 -t "$topics/NCMD/gw1" -f "$work/rebirth"
	wait $!
	sees "$first" "$topics/DDATA/gw1/pump-1" 2

	step "MQTT $version: killed, and back"
	stop daemon KILL
	daemon
	sees "$first" "$topics/DDATA/gw1/pump-1" 2

	step "MQTT $version: the primary host goes to the other server"
	host "$second" true 1000
	host "$first" false 1000
	sees "$second" "$topics/DDATA/gw1/pump-1" 3

	step "MQTT $version: this server dies, the host is at the first again"
	host "$first" true 2000
	stop second KILL
	sees "$first" "$topics/DDATA/gw1/pump-1" 2
	broker_port=$second
	start_broker second "${secure[@]}"

	step "MQTT $version: the planned end"
	stop daemon
	[ "$status" -eq 0 ] || fail "the daemon ended with $status"
	stop recorder
	[ "$status" -eq 0 ] || fail "the judge has found something: $(cat "$work/recorder.log")"
	cat "$work/$version.checked" >>"$work/all"
done

cp "$work/all" "$top_builddir/tests/conformance/wire.checked"
grep -q 'disconnect-mqtt50 kept' "$work/all" || fail 'no DISCONNECT of MQTT 5 was seen'
grep -q 'disconnect-mqtt311 kept' "$work/all" || fail 'no DISCONNECT of MQTT 3.1.1 was seen'
grep -q 'host-offline-reconnect kept' "$work/all" || fail 'the node did not walk'
