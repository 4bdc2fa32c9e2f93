#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The edge node against a real Mosquitto over TLS, with MQTT 5 and 3.1.1: births,
# data in sequence, rebirth, a command and its way back, the will after kill -9,
# the next bdSeq, the death before the end.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules simulator sparkplug

make_tls
tls=$work/tls
start_broker broker "cafile $tls/ca.pem" "certfile $tls/server.pem" \
	"keyfile $tls/server.key" 'require_certificate true'
mqtt=(-h localhost -p "$broker_port" --cafile "$tls/ca.pem" --cert "$tls/client.pem"
	--key "$tls/client.key" -V mqttv5)
topics=spBv1.0/plant

# command TOPIC METRIC TYPE VALUE
command_to() {
	"$build/tests/lib/sparkplug_text" "$2" "$3" "$4" >"$work/command"
	timeout -k 1 10 mosquitto_pub "${mqtt[@]}" -q 1 -t "$1" -f "$work/command"
}

# has_seen PATTERN: of all that was published, in the text of sparkplug_text
has_seen() {
	"$build/tests/lib/sparkplug_text" <"$work/raw.log" >"$work/seen.txt"
	grep -qE -- "$1" "$work/seen.txt"
}
is_watching() {
	command_to spBv1.0/watch/NCMD/x Hello bool 1 && has_seen '^spBv1.0/watch'
}
watch() {
	: >"$work/raw.log"
	start raw mosquitto_sub "${mqtt[@]}" -F '%t %x' -t 'spBv1.0/#' -q 1
	wait_for 'the watcher' is_watching
}
has_births() {
	has_seen . && [ "$(grep -cE "^$topics/NBIRTH/" "$work/seen.txt")" -ge "$1" ]
}

# configure PROTOCOL
configure() {
	cat >"$file" <<-END
		version: 1
		gateway: {group: plant, name: gw1}
		uplink:
		  servers: ["mqtts://localhost:$broker_port"]
		  ca: $tls/ca.pem
		  certificate: $tls/client.pem
		  key: $tls/client.key
		  protocol: $1
		  backoff: {min: 100ms, max: 1s}
		instances:
		  line: {module: simulator, every: 100ms, devices: {pump-1: {type: pump, tags: {
		    Pump/Flow: {type: f64}, Pump/Speed: {type: f64, writable: yes, range: [0, 60]}}}}}
		  scada: {module: sparkplug, rebirth_pause: 0s, report_delay: 50ms}
		access:
		  scada: {write: ["pump-1:Pump/Speed"]}
	END
}

# seq_is_whole: of all messages since the last NBIRTH on
seq_is_whole() {
	awk -v topics="$topics" '
		index($1, topics) != 1 || !match($0, / seq=[0-9]+/) { next }
		{ seq = substr($0, RSTART + 5, RLENGTH - 5) + 0 }
		$1 ~ /NBIRTH/ { expected = 0; begun = 1 }
		begun && seq != expected { print "seq " seq ", not " expected ": " $0; bad = 1 }
		begun { expected = (seq + 1) % 256 }
		END { exit bad }' "$work/seen.txt" || fail 'seq has a hole'
}

# was_done: the write has its line in the audit log
was_done() {
	grep -rhE '"scada"' "$work/state/" | grep -qE 'Pump/Speed.*done'
}

bdseq=0
for version in 5 3.1.1; do
	step "MQTT $version: births, then data"
	configure "$version"
	watch
	daemon
	wait_for 'data' has_seen "^$topics/DDATA/gw1/pump-1 "
	has_seen "^$topics/NBIRTH/gw1 seq=0 .*bdSeq=$bdseq .*Node Control/Rebirth=0" ||
		fail 'the birth of the node'
	has_seen "^$topics/DBIRTH/gw1/pump-1 seq=1 .*Pump/Speed=" ||
		fail 'the birth of the device'
	ctl --json tags --map 'pump-1:Pump/S*' >"$work/map"
	grep -q "\"tag\":\"pump-1:Pump/Speed\",.*\"instance\":\"scada\",\"topic\":\"$topics/DDATA/gw1/pump-1\",\"metric\":\"Pump/Speed\",\"alias\"" \
		"$work/map" || fail "no map of the tag: $(cat "$work/map")"
	[ "$(grep -c '"tag"' "$work/map")" -eq 1 ] || fail 'the pattern does not hold'
	ctl tags --map pump-1 | grep -q 'pump-1:Pump/Flow' || fail 'no map of a device'
	ctl ask scada | grep -qE '^[^ ]+ +gw1 +online +none' || fail 'no session is shown'
	wait_for 'data of the node' has_seen "^$topics/NDATA/gw1 "

	step "MQTT $version: a rebirth on request"
	command_to "$topics/NCMD/gw1" 'Node Control/Rebirth' bool 1
	wait_for 'the rebirth' has_births 2
	! has_seen "^$topics/NDEATH" || fail 'a death without need'

	step "MQTT $version: a command comes back as data"
	command_to "$topics/DCMD/gw1/pump-1" Pump/Speed double 7
	wait_for 'the answer' was_done
	has_seen .
	seq_is_whole

	step "MQTT $version: killed, the broker tells of the death"
	stop daemon KILL
	wait_for 'the will' has_seen "^$topics/NDEATH/gw1 bdSeq=$bdseq\$"

	step "MQTT $version: the next birth has the next number"
	bdseq=$((bdseq + 1))
	daemon
	wait_for 'the birth' has_seen "^$topics/NBIRTH/gw1 .*bdSeq=$bdseq "

	step "MQTT $version: the broker goes and comes"
	stop broker KILL
	start_broker broker "cafile $tls/ca.pem" "certfile $tls/server.pem" \
		"keyfile $tls/server.key" 'require_certificate true'
	ended raw
	watch
	wait_for 'data again' has_seen "^$topics/DDATA/gw1/pump-1 "

	step "MQTT $version: the last word is the death"
	stop daemon
	[ "$status" -eq 0 ] || fail "the daemon ended with $status"
	wait_for 'the death' has_seen "^$topics/NDEATH/gw1 bdSeq="
	stop raw KILL
	bdseq=$(($(cat "$work/state/instances/scada/bdseq") + 1))
done
