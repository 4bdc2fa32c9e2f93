#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The edge node and implementations that are not ours, over TLS and a real
# broker: a host in Python whose codec protoc makes of our .proto, and the npm
# packages sparkplug-payload (host) and sparkplug-client (edge node). Each host
# writes a value of every datatype that it knows to a gateway that publishes what
# is written, and reads the same values back; sparkplug-payload reads a template
# too. The foreign edge node is heard by our host: its metrics and the members of
# its template are tags, and writing one is a command that it does.
# sparkplug-payload 1.0.3 knows no arrays, no whole numbers in a DataSet, and
# UInt32 in long_value alone.
# A second daemon is host of the first and edge node on another session: what went
# from bus to host to bus to that node is born there as it was born here.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules types simulator sparkplug sparkplug_host
topics=spBv1.0/plant

step 'the peers'
command -v npm >/dev/null || fail 'npm is not there; Debian has it in the package npm'
(cd "$work" && timeout -k 5 300 npm install --no-audit --no-fund --ignore-scripts \
	sparkplug-payload@1.0.3 sparkplug-client@3.2.4) >"$work/npm.log" 2>&1 ||
	fail 'npm cannot install sparkplug-payload and sparkplug-client'
protoc --python_out="$work" -I "$top_srcdir/proto" sparkplug_b.proto
cp "$top_srcdir/tests/interop/sparkplug_peer.py" "$top_srcdir/tests/interop/sparkplug_peer.js" \
	"$work"
python() {
	/usr/bin/python3 "$work/sparkplug_peer.py" "$@"
}
javascript() {
	(cd "$work" && timeout -k 1 20 node sparkplug_peer.js "$@")
}

make_tls
tls=$work/tls
start_broker broker "cafile $tls/ca.pem" "certfile $tls/server.pem" \
	"keyfile $tls/server.key" 'require_certificate true'
mqtt=(-h localhost -p "$broker_port" --cafile "$tls/ca.pem" --cert "$tls/client.pem"
	--key "$tls/client.key")
start raw mosquitto_sub "${mqtt[@]}" -F '%t %x' -t 'spBv1.0/#' -q 1
cat >"$file" <<-END
	version: 1
	gateway: {group: plant, name: gw1}
	uplink:
	  servers: ["mqtts://localhost:$broker_port"]
	  ca: $tls/ca.pem
	  certificate: $tls/client.pem
	  key: $tls/client.key
	instances:
	  types: {module: types}
	  plain: {module: types, arrays: no}
	  line: {module: simulator, every: 1s, devices: {pump-1: {type: pump, tags: {
	    Pump/Flow: {type: f64}, Pump/Speed: {type: f64}}}}}
	  scada: {module: sparkplug, rebirth_pause: 0s, report_delay: 10ms, long_uint32: yes,
	    templates: yes}
	access:
	  scada: {write: ["types:**", "plain:**"]}
END
cat >"$work/far.yaml" <<-END
	version: 1
	gateway: {group: plant, name: gw2}
	uplink: &broker
	  servers: ["mqtts://localhost:$broker_port"]
	  ca: $tls/ca.pem
	  certificate: $tls/client.pem
	  key: $tls/client.key
	uplinks: {second: *broker}
	instances:
	  host: {module: sparkplug_host, host_id: far, rebirth_pause: 100ms}
	  scada: {module: sparkplug, uplink: second, rebirth_pause: 0s, long_uint32: yes}
	routes: [{from: [host], to: [scada], tags: ["plant/gw1/types:**"]}]
END
has_seen() {
	"$build/tests/lib/sparkplug_text" <"$work/raw.log" >"$work/seen.txt"
	grep -qE -- "$1" "$work/seen.txt"
}
births() {
	grep -c "^$topics/DBIRTH/gw1/plain " "$work/raw.log" || true
}
has_births() {
	[ "$(births)" -ge "$1" ]
}
publish() {
	timeout -k 1 10 mosquitto_pub "${mqtt[@]}" -q 1 -t "$1" -f "$2"
}
rebirth() {
	local count
	count=$(($(births) + 1))
	publish "$topics/NCMD/gw1" "$work/rebirth"
	wait_for 'births' has_births "$count"
}
is_watching() {
	publish spBv1.0/watch/NCMD/x "$work/rebirth" && [ -s "$work/raw.log" ]
}
"$build/tests/lib/sparkplug_text" 'Node Control/Rebirth' bool 1 >"$work/rebirth"
rebirth_has_it() {
	rebirth && javascript check expect.json raw.log
}
wait_for 'the watcher' is_watching
daemon
wait_for 'births' has_births 1

step 'a second edge node, behind a host of the first'
start far "$build/edgewayd" --module-dir "$modules" --state-dir "$work/far" \
	--run-dir "$work/far.run" "$work/far.yaml"
# is_same: births on both sides, and what they say
is_same() {
	rebirth
	publish "$topics/NCMD/gw2" "$work/rebirth"
	python same "$work/raw.log" plant:gw1:types
}
wait_for 'the same births without values' is_same

for set in 1 2; do
	step "Python: set $set"
	python command "$set" "$work/command"
	publish "$topics/DCMD/gw1/types" "$work/command"
	wait_for 'the same values as data' python check "$set" "$work/raw.log"
	rebirth
	python check "$set" "$work/raw.log" || fail 'other values in the birth'
	wait_for 'the same births at the second edge node' is_same

	step "sparkplug-payload: set $set"
	python expect "$set" >"$work/expect.json"
	javascript command expect.json command
	publish "$topics/DCMD/gw1/plain" "$work/command"
	wait_for 'the same values in births' rebirth_has_it
done

step 'sparkplug-payload: a template'
javascript template raw.log || fail 'the template is not understood'

step 'sparkplug-client is an edge node'
cat >"$work/host.yaml" <<-END
	version: 1
	gateway: {group: centre, name: cloud}
	uplink:
	  servers: ["mqtts://localhost:$broker_port"]
	  ca: $tls/ca.pem
	  certificate: $tls/client.pem
	  key: $tls/client.key
	instances:
	  host: {module: sparkplug_host, host_id: scada1}
END
host() {
	"$build/edgewayctl" --socket "$work/run-host/control.sock" --json "$@"
}
# host_has TAG VALUE: as our host has it
host_has() {
	host get "plant/peer/valve:$1" | grep -qE "\"value\":\"?$2\"?[,}]"
}
start host "$build/edgewayd" --module-dir "$modules" --state-dir "$work/state-host" \
	--run-dir "$work/run-host" "$work/host.yaml"
is_host() {
	host uplinks | grep -q '"state":"online"'
}
wait_for 'our host' is_host
start edge node "$work/sparkplug_peer.js" edge "mqtts://localhost:$broker_port" \
	"$tls/ca.pem" "$tls/client.pem" "$tls/client.key"
wait_for 'its NBIRTH' has_seen "^$topics/NBIRTH/peer seq=0 .*Node Control/Rebirth=0"
wait_for 'its DBIRTH' has_seen "^$topics/DBIRTH/peer/valve seq=1 .*Open=1 Stroke=0.5"
wait_for 'its DDATA' has_seen "^$topics/DDATA/peer/valve seq=2 .*Stroke=0.75"
wait_for 'its data on the bus' host_has Stroke 0.75
wait_for 'a member of its template' host_has Drive/Rpm 1450
host write plant/peer/valve:Stroke 0.25 >"$work/ctl.log" || fail 'it does not do what it is told'
host_has Stroke 0.25 || fail 'the value is not the one that was written'
host write plant/peer/valve:Drive/Rpm 900 >>"$work/ctl.log" || fail 'a member is not written'
host_has Drive/Rpm 900 || fail 'the member is not the one that was written'
publish "$topics/NCMD/peer" "$work/rebirth"
is_down() {
	host devices plant/peer/valve | grep -q '"state":"down"'
}
wait_for 'its death on the bus' is_down
wait_for 'its NDEATH' has_seen "^$topics/NDEATH/peer "

stop host
[ "$status" -eq 0 ] || fail "the host ended with $status"
stop daemon
[ "$status" -eq 0 ] || fail "the daemon ended with $status"
