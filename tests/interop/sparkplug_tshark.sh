#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Wireshark's dissector of Sparkplug reads what an edge node and a host say: it
# knows every message by its topic and finds nothing malformed, and protobuf
# finds every field by its name. Without TLS, on the loopback; capturing there
# takes root. The dissector wants the package of Sparkplug 2, and takes STATE of
# Sparkplug 3.0 for a message of a group "STATE" and calls it malformed.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules simulator sparkplug sparkplug_host

host() {
	"$build/edgewayctl" --socket "$work/run-host/control.sock" --json "$@"
}
# dissect [OPTION...]: what was captured
dissect() {
	tshark -r "$work/wire.pcapng" -d "tcp.port==$broker_port,mqtt" \
		-o "uat:protobuf_search_paths:\"$work/proto\",\"TRUE\"" "$@" 2>"$work/tshark.log"
}
# configure GROUP NAME CLIENT: the head of a file
configure() {
	cat <<-END
		version: 1
		gateway: {group: $1, name: $2}
		uplink: {servers: ["mqtt://localhost:$broker_port"], plaintext: yes, client_id: $3}
	END
}
is_up() {
	host devices 'plant/gw1/pump-1' | grep -q '"state":"up"'
}

step 'an edge node and a host, and an ear between them'
command -v tshark >/dev/null || fail 'tshark is not there; Debian has it in the package tshark'
mkdir "$work/proto"
sed 's/^package .*/package com.cirruslink.sparkplug.protobuf;/' \
	"$top_srcdir/proto/sparkplug_b.proto" >"$work/proto/sparkplug_b.proto"
start_broker broker
start ear tshark -i lo -f "tcp port $broker_port" -w "$work/wire.pcapng"
wait_for 'the capture' has_logged ear 'Capture started'
{
	configure plant gw1 edge
	cat <<-END
		instances:
		  line: {module: simulator, every: 50ms, devices: {pump-1: {type: pump, tags: {
		    Pump/Flow: {type: f64, unit: m3/h}, Pump/Speed: {type: f64, writable: yes, range: [0, 60]}}},
		    panel: {tags: {Setpoint: {type: f64, writable: yes, range: [0, 60]}}}}}
		  scada: {module: sparkplug, templates: yes, rebirth_pause: 0s, node_device: panel}
		access:
		  scada: {write: ["**"]}
	END
} >"$file"
{
	configure centre cloud host
	printf 'instances:\n  scada: {module: sparkplug_host, host_id: scada1}\n'
} >"$work/host.yaml"
start host "$build/edgewayd" --module-dir "$modules" --state-dir "$work/state-host" \
	--run-dir "$work/run-host" "$work/host.yaml"
daemon

step 'births, data, commands, a rebirth, a death'
wait_for 'the device' is_up
host write plant/gw1/pump-1:pump/Pump/Speed 7 >"$work/ctl.log" || fail 'no command to the device'
host write plant/gw1:Setpoint 8 >>"$work/ctl.log" || fail 'no command to the node'
host execute 'plant/gw1:Node Control/Rebirth' >>"$work/ctl.log" || fail 'no rebirth'
sed -i 's/    panel: /    late: {tags: {Late: {type: f64}}}, panel: /' "$file"
ctl reload >>"$work/ctl.log"
wait_for 'a device that came' host get plant/gw1/late:Late
sed -i 's/late: {tags: {Late: {type: f64}}}, //' "$file"
ctl reload >>"$work/ctl.log"
is_down() {
	host devices 'plant/gw1/late' | grep -q '"state":"down"'
}
wait_for 'its death' is_down
stop daemon
stop host
mosquitto_pub -h localhost -p "$broker_port" -t the/end -m ''
wait_for 'the end in the capture' grep -qaF the/end "$work/wire.pcapng"
stop ear INT

step 'what the dissector says'
dissect -Y 'sparkplugb && !(mqtt.topic contains "/STATE/")' -T fields \
	-e sparkplugb.messagetype -e sparkplugb.groupid -e sparkplugb.edgenodeid \
	-e sparkplugb.deviceid | tr ',' '\n' >"$work/messages"
dissect -Y 'sparkplugb && !(mqtt.topic contains "/STATE/") && _ws.malformed' >"$work/malformed"
[ ! -s "$work/malformed" ] || fail "malformed: $(cat "$work/malformed")"
for message in NBIRTH NDATA NDEATH NCMD DBIRTH DDATA DDEATH DCMD; do
	grep -qE "(^|	)$message(	|\$)" "$work/messages" || fail "no $message was seen"
done
grep -qE 'DBIRTH	plant	gw1	pump-1' "$work/messages" || fail 'the parts of a topic are not found'

step 'what protobuf says'
dissect -Y sparkplugb -V >"$work/fields"
for text in 'name = _types_/pump' 'is_definition = true' 'template_ref = _types_/pump' \
	'is_definition = false' 'name = bdSeq' 'string_value = m3/h'; do
	grep -qF "$text" "$work/fields" || fail "no field says: $text"
done
grep -qiE 'Field\([0-9]+\): *\(unknown|unknown field' "$work/fields" &&
	fail "a field that the schema does not know: $(grep -iE 'unknown' "$work/fields" | head -3)"
step 'done'
