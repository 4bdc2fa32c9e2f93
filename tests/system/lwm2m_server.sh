#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A gateway and a cloud end, both edgewayd, at a real Mosquitto over TLS with
# client certificates and the access list of etc/: the examples of
# docs/lwm2m-server.md as they stand, bulk data, a gateway that speaks for
# another, both ends killed and started again. Sparkplug shares the session. What
# curl was told is held against docs/openapi/lwm2m.yaml.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules lwm2m lwm2m_server simulator sparkplug

make_tls
tls=$work/tls
for name in gw1 gw2 cloud; do
	make_certificate ca "$name" "$name" "DNS:$name"
done
cp "$top_srcdir/etc/mosquitto/acl" "$work/acl"
chmod 0700 "$work/acl"
start_broker broker "cafile $tls/ca.pem" "certfile $tls/server.pem" \
	"keyfile $tls/server.key" 'require_certificate true' \
	'use_identity_as_username true' "acl_file $work/acl"

# uplink_of NAME: the uplink with this certificate
uplink_of() {
	cat <<-END
		version: 1
		uplink:
		  servers: ["mqtts://localhost:$broker_port"]
		  ca: $tls/ca.pem
		  certificate: $tls/$1.pem
		  key: $tls/$1.key
		  backoff: {min: 100ms, max: 1s}
	END
}
{
	uplink_of gw1
	cat <<-END
		gateway: {group: lyon, name: gw1}
		instances:
		  line1: {module: simulator, every: 100ms, devices: {north: {kind: pump}}}
		  cloud:
		    module: lwm2m
		    send: {every: 200ms}
		    firmware: {command: [/bin/sh, $work/apply]}
		  scada: {module: sparkplug}
		access: {cloud: {write: ["north:Pump/Run"]}}
	END
} >"$work/edge.yaml"
token=$("$build/edgewayctl" token new curl operator "$work/tokens.yaml" | tail -n 1)
ADMIN=$("$build/edgewayctl" token new chief admin "$work/tokens.yaml" | tail -n 1)
export ADMIN
{
	uplink_of cloud
	cat <<-END
		gateway: {group: lyon, name: cloud}
		instances:
		  gate: {module: lwm2m_server, timeout: 5s, objects: objects}
		http: {listen: "127.0.0.1:0", tokens: $work/tokens.yaml}
	END
} >"$work/cloud.yaml"

watch_curl "$work/exchanges"

# run NAME: the daemon of NAME.yaml
run() {
	start "$1" "$build/edgewayd" --module-dir "$modules" --state-dir "$work/$1" \
		--run-dir "$work/$1.run" "$work/$1.yaml"
}
has_address() {
	address=$("$build/edgewayctl" --socket "$work/cloud.run/control.sock" --json status |
		sed -nE 's/.*"http_port":([0-9]+).*/\1/p')
	[ -n "$address" ]
}
serve() {
	run cloud
	wait_for 'the cloud end' has_address
	export EDGEWAY=http://127.0.0.1:$address TOKEN=$token
}
get() {
	curl -sS -f --max-time 10 -H "Authorization: Bearer $token" "$EDGEWAY/api/lwm2m/$1"
}
# ask OPERATION BODY
ask() {
	curl -sS -f --max-time 10 -H "Authorization: Bearer $token" \
		"$EDGEWAY/api/lwm2m/$1" -d "$2"
}
has_device() {
	get "devices/$1"
}
knows_pump() {
	get devices/gw1 | grep -q '"name":"lyon/gw1/north"'
}
# value TAG: of the cloud end
value() {
	"$build/edgewayctl" --socket "$work/cloud.run/control.sock" --json get "$1"
}
reads() {
	ask read '{"device": "gw1", "path": "/3/0/0"}' | grep -q '"value":"edgeway"'
}

step 'definitions of objects, and one that is wrong'
mkdir "$work/objects"
cat >"$work/objects/42769.xml" <<-'END'
	<?xml version="1.0" encoding="UTF-8"?>
	<LWM2M><Object ObjectType="MODefinition"><Name>Pump Station</Name><ObjectID>42769</ObjectID>
	<MultipleInstances>Single</MultipleInstances><Mandatory>Optional</Mandatory>
	<Resources></Resources></Object></LWM2M>
END
echo '<LWM2M><Thing/></LWM2M>' >"$work/objects/wrong.xml"
if "$build/edgewayd" --module-dir "$modules" --check "$work/cloud.yaml" >"$work/check.log" 2>&1; then
	fail 'wrong XML passed'
fi
grep -q "objects/wrong.xml:1:8: 'Thing'" "$work/check.log" || fail "$(cat "$work/check.log")"
rm "$work/objects/wrong.xml"

step 'a client registers, and the pump behind it has its name'
serve
run edge
wait_for 'the registration' has_device gw1
wait_for 'the name of the pump' knows_pump

step 'the examples of the guide, as they stand'
grep -E '^    (curl|printf|NUMBER=|ID=)' "$top_srcdir/docs/lwm2m-server.md" >"$work/examples"
[ "$(wc -l <"$work/examples")" -ge 10 ] || fail 'the guide has no examples'
while read -r line; do
	bash -c "$line" >"$work/example.log" 2>&1 || fail "$line: $(cat "$work/example.log")"
	case $line in
	*/cancel*gw7*) grep -q '"error":"cancelled"' "$work/example.log" ;;
	*/firmware*) grep -q '"state":"waiting"' "$work/example.log" ;;
	*/desired) grep -q '"name":"lifetime"' "$work/example.log" ;;
	*/desired/*) grep -q '"lifetime"' "$work/example.log" ;;
	*/objects/Temperature) grep -q '"name":"Sensor Value"' "$work/example.log" ;;
	*/lwm2m/objects) grep -q '"name":"Pump Station"' "$work/example.log" ;;
	*/devices*) grep -q '"endpoint":"gw1"' "$work/example.log" ;;
	*Accept*) grep -q '{"n":"1","v":3600}' "$work/example.log" ;;
	*'"queue"'*) grep -q '"state":"queued"' "$work/example.log" ;;
	*) grep -q '"state":"done"' "$work/example.log" ;;
	esac || fail "$line: $(cat "$work/example.log")"
done <"$work/examples"

step 'an instance that the gateway does not have, and will not make'
token=$ADMIN ask create '{"device": "gw1", "values": {"/2/65535/0": 5}}' | grep -q '"failed"'
token=$ADMIN ask delete '{"device": "gw1", "path": "/2/0"}' | grep -q '"failed"'

step 'what was written has moved the plant; bulk data and notifications arrive'
runs() {
	ask read '{"device": "gw1", "path": "/d0/3306/0/5850"}' | grep -q '"value":true'
}
wait_for 'the pump to run' runs
wait_for 'bulk data' value 'gw1/north:Rate/0/Sensor Value'

step 'a package is pushed, checked, installed, and followed to its end'
# shellcheck disable=SC2016 # for the shell that applies it
echo 'cp "$EDGEWAY_PACKAGE" "$(dirname "$0")/applied"' >"$work/apply"
printf 'a new gateway' >"$work/package"
hash=$(sha256sum "$work/package" | cut -d ' ' -f 1)
is_at() {
	get firmware/gw1 | grep -q "\"state\":\"$1\""
}
ends_as() {
	curl -sS -f -H "Authorization: Bearer $ADMIN" -H 'Content-Type: application/octet-stream' \
		--data-binary "@$work/package" \
		"$EDGEWAY/api/lwm2m/firmware?device=gw1&argument=0%3D%27$2%27" >"$work/update.log"
	wait_for "the update to be $1" is_at "$1"
}
ends_as failed "$(sha256sum <<<'' | cut -d ' ' -f 1)"
ends_as 'done' "$hash"
cmp "$work/package" "$work/applied" || fail 'another package was applied'

step 'a desired state is applied, and kept'
is_applied() {
	get desired/quick | grep -q '"device":"gw1","state":"applied"'
}
curl -sS -f -H "Authorization: Bearer $token" -X PUT "$EDGEWAY/api/lwm2m/desired/quick" \
	-d '{"device": "gw*", "values": {"/1/0/1": 1200}}' >"$work/desired.log"
wait_for 'the client to have it' is_applied
ask read '{"device": "gw1", "path": "/1/0/1"}' | grep -q '"value":1200' ||
	fail 'the client does not have what it is to have'

step 'a write of the bus reaches the pump, and what may not be written does not'
"$build/edgewayctl" --socket "$work/cloud.run/control.sock" write 'gw1/north:Actuation/0/On/Off' no
stands() {
	value 'gw1/north:Actuation/0/On/Off' | grep -q '"value":false'
}
wait_for 'the pump to stand' stands
if "$build/edgewayctl" --socket "$work/cloud.run/control.sock" \
	write 'gw1/north:Rate/0/Sensor Value' 1 >"$work/write.log" 2>&1; then
	fail 'a sensor was written'
fi

step 'a token of a lower role, and none'
curl -sS "$EDGEWAY/api/lwm2m/devices" | grep -q error || fail 'it answered without a token'
status=$(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" \
	"$EDGEWAY/api/lwm2m/delete" -d '{"device": "gw1", "path": "/2/0"}')
[ "$status" = 403 ] || fail "an operator may delete: $status"

step 'a gateway cannot speak for another'
# say NAME ENDPOINT HEX: with the certificate of NAME
say() {
	# shellcheck disable=SC2001,SC2059 # every two digits are a byte
	printf "$(sed 's/../\\x&/g' <<<"$3")" >"$work/message"
	timeout -k 1 10 mosquitto_pub -h localhost -p "$broker_port" --cafile "$tls/ca.pem" \
		--cert "$tls/$1.pem" --key "$tls/$1.key" -q 1 -t "lwm2m/rd/$2" -f "$work/message"
}
say gw2 gw1 a201080205
say gw2 gw2 a601060201074d3c2f312f303e2c3c2f332f303e0819012c0963312e320a614d
wait_for 'the other gateway' has_device gw2
has_device gw1 >"$work/device.log" || fail 'another gateway has deregistered it'
say gw1 gw1 a201080205
gone() {
	! has_device gw1
}
wait_for 'its own word to count' gone

step 'killed and started again: both ends'
tell edge KILL
ended edge
run edge
wait_for 'the registration' has_device gw1
wait_for 'an answer' reads
ask observe '{"device": "gw1", "path": "/1/0/1"}' >"$work/device.log"
is_observed() {
	get devices/gw1 | grep -q '"path":"/1/0/1"}'
}
is_pending() {
	get devices/gw1 | grep -q '"path":"/1/0/1","pending":true}'
}
wait_for 'the observation' is_observed
# it registers, and is gone before it is asked to observe again
tell edge KILL
ended edge
say gw1 gw1 a601060201074d3c2f312f303e2c3c2f332f303e0819012c0963312e320a614d
wait_for 'an observation that the client has forgotten' is_pending
stop cloud KILL
serve
wait_for 'it to be kept' is_pending
run edge
wait_for 'the observation to be there again' is_observed
wait_for 'an answer' reads
stop cloud KILL
serve
has_device gw1 >"$work/device.log" || has_device gw2 >"$work/device.log" ||
	fail 'registrations are gone'
wait_for 'an answer after the restart' reads
ask write '{"device": "gw1", "path": "/1/0/23", "value": false}' >"$work/device.log"
wait_for 'bulk data' value 'gw1/north:Rate/0/Sensor Value'

is_applied || fail 'a desired state is gone'

step 'what was said and answered is as it is described, and all of it'
{ grep -aoE '/api/lwm2m/[a-z/{}]+' "$modules/lwm2m_server.so" || true; } | sort -u >"$work/routes"
python3 "$top_srcdir/tests/lib/openapi.py" "$top_srcdir/docs/openapi/lwm2m.yaml" "$work/routes" \
	"$work/exchanges" >"$work/openapi.log" || fail 'the API is not as it is described'

step 'the end'
stop edge TERM
[ "$status" -eq 0 ] || fail "the gateway ended with $status"
stop cloud TERM
[ "$status" -eq 0 ] || fail "the cloud end ended with $status"
