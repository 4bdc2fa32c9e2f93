#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every operation between our two ends, in both topic profiles: three gateways and a
# cloud end at a real Mosquitto over TLS with the access list of etc/, Sparkplug on
# the same sessions. gw1 speaks the profile of the binding, gw2 the split one, and
# each device of gw3 is an endpoint of its own. Then a gateway that speaks for
# another, older clients, an expiry, a leave.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules events lwm2m lwm2m_server simulator sparkplug sparkplug_host

make_tls
tls=$work/tls
for name in gw1 gw2 gw3 old cloud; do
	make_certificate ca "$name" "$name" "DNS:$name"
done
# as the access list tells for each_device
{
	cat "$top_srcdir/etc/mosquitto/acl"
	sed -nE '/^#   user gw1$/,/^#   topic read l/ {s/^#   //; s/gw1/gw3/g; p}' \
		"$top_srcdir/etc/mosquitto/acl"
} >"$work/acl"
chmod 0700 "$work/acl"
start_broker broker "cafile $tls/ca.pem" "certfile $tls/server.pem" \
	"keyfile $tls/server.key" 'require_certificate true' \
	'use_identity_as_username true' "acl_file $work/acl"

# uplink_of NAME: the uplink with this certificate
uplink_of() {
	cat <<-END
		version: 1
		gateway: {group: lyon, name: $1}
		uplink:
		  servers: ["mqtts://localhost:$broker_port"]
		  ca: $tls/ca.pem
		  certificate: $tls/$1.pem
		  key: $tls/$1.key
		  backoff: {min: 100ms, max: 1s}
	END
}
# gateway NAME OPTIONS: with a pump, a client with these options, and Sparkplug
gateway() {
	{
		uplink_of "$1"
		cat <<-END
			instances:
			  line1: {module: simulator, every: 100ms, devices: {north: {kind: pump}}}
			  cloud: {module: lwm2m, send: {every: 200ms}, $2}
			  scada: {module: sparkplug}
			access: {cloud: {write: ["north:Pump/Run"]}}
		END
	} >"$work/$1.yaml"
	run "$1"
}
# run NAME: the daemon of NAME.yaml
run() {
	start "$1" "$build/edgewayd" --module-dir "$modules" --state-dir "$work/$1.state" \
		--run-dir "$work/$1.run" "$work/$1.yaml"
}
token=$("$build/edgewayctl" token new curl admin "$work/tokens.yaml" | tail -n 1)
{
	uplink_of cloud
	cat <<-END
		instances:
		  gate: {module: lwm2m_server, timeout: 5s}
		  plant: {module: sparkplug_host}
		  stream: {module: events}
		http: {listen: "127.0.0.1:0", tokens: $work/tokens.yaml}
	END
} >"$work/cloud.yaml"
has_address() {
	address=$("$build/edgewayctl" --socket "$work/cloud.run/control.sock" --json status |
		sed -nE 's/.*"http_port":([0-9]+).*/\1/p')
	[ -n "$address" ]
}
# ask OPERATION BODY
ask() {
	curl -sS -f --max-time 10 -H "Authorization: Bearer $token" \
		"http://127.0.0.1:$address/api/lwm2m/$1" -d "$2" >"$work/answer"
}
# done_with OPERATION BODY PART...: it is done, and its answer has these parts
done_with() {
	local operation=$1 body=$2 part
	shift 2
	ask "$operation" "$body" || fail "$operation $body: no answer"
	for part in '"state":"done"' "$@"; do
		grep -qF "$part" "$work/answer" ||
			fail "$operation $body: no $part in $(cat "$work/answer")"
	done
}
# refused_with RESULT OPERATION BODY
refused_with() {
	ask "$2" "$3" || fail "$2 $3: no answer"
	grep -qF "\"result\":$1" "$work/answer" || fail "$2 $3: $(cat "$work/answer")"
}
devices() {
	curl -sS -f --max-time 10 -H "Authorization: Bearer $token" \
		"http://127.0.0.1:$address/api/lwm2m/devices" >"$work/devices"
}
has_device() {
	devices && grep -qF "\"endpoint\":\"$1\"" "$work/devices"
}
has_no_device() {
	devices && ! grep -qF "\"endpoint\":\"$1\"" "$work/devices"
}
# value TAG: of the cloud end
value() {
	"$build/edgewayctl" --socket "$work/cloud.run/control.sock" --json get "$1"
}
has_changed() {
	local now
	now=$(value "$1" | sed -nE 's/.*"value":([^,}]*).*/\1/p')
	[ -n "$now" ] && [ "$now" != "$2" ]
}

step 'three gateways register, each with its Sparkplug node on the same session'
run cloud
wait_for 'the cloud end' has_address
update="firmware: {command: [/bin/sh, $work/apply], ca: $tls/ca.pem}"
gateway gw1 "topics: binding, lifetime: 1h, $update"
gateway gw2 "topics: split, lifetime: 1h, deregister: yes, $update"
gateway gw3 'topics: split, lifetime: 20s, each_device: yes, muted: no'
for name in gw1 gw2 gw3 gw3.north; do
	wait_for "the registration of $name" has_device "$name"
done
for name in gw1 gw2 gw3; do
	wait_for "the node of $name" value "lyon/$name/north:Pump/Run"
done

# has_heard HOW ENDPOINT: an event of the cloud end with values
has_heard() {
	curl -sS -f --max-time 10 -H "Authorization: Bearer $token" \
		"http://127.0.0.1:$address/api/events" >"$work/events"
	grep -qE "\"endpoint\":\"$2\",\"how\":\"$1\"" "$work/events"
}
# runs NAME
runs() {
	ask read "{\"device\": \"$1\", \"path\": \"/d0/3306/0/5850\"}" &&
		grep -q '"value":true' "$work/answer"
}
# operations NAME: all of them
operations() {
	local d="\"device\": \"$1\""
	step "every operation: $1"
	done_with read "{$d, \"path\": \"/3/0/0\"}" '"value":"edgeway"'
	done_with read "{$d, \"path\": \"/1/0\"}" '"path":"/1/0/1"' '"path":"/1/0/23"'
	done_with read "{$d, \"paths\": [\"/3/0/0\", \"/1/0/1\", \"/d0/3306/0/5850\"]}" \
		'"value":"edgeway"' '"value":3600' '"path":"/d0/3306/0/5850"'
	done_with discover "{$d, \"path\": \"/d0/3306\"}" '/3306/0'
	done_with write "{$d, \"path\": \"/d0/3306/0/5850\", \"value\": true}" '"result":204'
	wait_for "the pump of $1 to run" runs "$1"
	done_with write "{$d, \"path\": \"/1/0/1\", \"value\": 7200, \"mode\": \"partial\"}" \
		'"result":204'
	done_with write "{$d, \"values\": {\"/1/0/1\": 3600, \"/1/0/23\": false}}" '"result":204'
	done_with read "{$d, \"path\": \"/1/0/1\"}" '"value":3600'
	done_with execute "{$d, \"path\": \"/1/0/8\"}" '"result":204'
	done_with attributes "{$d, \"path\": \"/d0/3346/0/5700\", \"pmin\": 1, \"pmax\": 60}" \
		'"result":204'
	done_with observe "{$d, \"path\": \"/d0/3346/0/5700\"}" '"result":205'
	local number
	number=$(sed -nE 's/.*"observation":([0-9]+).*/\1/p' "$work/answer")
	wait_for "a notification of $1" has_heard notify "$1"
	done_with cancel "{$d, \"observation\": $number}" '"result":205'
	done_with observe "{$d, \"paths\": [\"/d0/3346\", \"/1/0/1\"]}" '"result":205'
	wait_for "bulk data of $1" has_heard send "$1"
	refused_with 404 read "{$d, \"path\": \"/9/0\"}"
	refused_with 401 write "{$d, \"path\": \"/d0/3308/0/5900\", \"value\": 10}"
	refused_with 405 delete "{$d, \"path\": \"/d0/3306/0\"}"
	refused_with 405 create "{$d, \"values\": {\"/d0/3306/9/5850\": true}}"
}
operations gw1
operations gw2

step 'Sends are acknowledged: more of them arrive than may wait'
flows() {
	local last='' count=0 now
	while [ "$count" -lt 8 ]; do
		now=$(value "$1" | sed -nE 's/.*"value":([^,}]*).*/\1/p')
		[ "$now" = "$last" ] || count=$((count + 1))
		last=$now
		[ "$(date +%s)" -lt "$2" ] || return 1
	done
}
for device in gw1/north gw2/north gw3.north; do
	flows "$device:Rate/0/Sensor Value" $(($(date +%s) + 60)) ||
		fail "$device: bulk data stands still"
done

step 'a device that is an endpoint of its own'
done_with read '{"device": "gw3.north", "path": "/3/0/2"}' '"value":"gw3.north"'
done_with write '{"device": "gw3.north", "path": "/3306/0/5850", "value": true}' '"result":204'
done_with read '{"devices": ["gw3.north"], "path": "/3306/0"}' '"path":"/3306/0/5850"'
refused_with 404 read '{"device": "gw3", "path": "/3306/0"}'

step 'firmware is pulled over HTTPS, pushed, checked, applied, and remembered'
# each gateway's command keeps what it applied
cat >"$work/apply" <<-END
	cp "\$EDGEWAY_PACKAGE" "$work/applied.\$EDGEWAY_SHA256"
END
mkdir "$work/www"
head -c 300000 /dev/urandom >"$work/www/fw.bin"
port=$(free_port)
start files sh -c "cd '$work/www' && exec openssl s_server -accept 127.0.0.1:$port -quiet \
	-cert '$tls/server.pem' -key '$tls/server.key' -WWW"
wait_for 'the server of packages' curl -sk -o "$work/got.bin" "https://localhost:$port/fw.bin"
# is NAME RESOURCE VALUE: of /5/0
is() {
	ask read "{\"device\": \"$1\", \"path\": \"/5/0/$2\"}" &&
		grep -q "\"value\":$3[,}]" "$work/answer"
}
is_updated() {
	curl -sS -f --max-time 10 -H "Authorization: Bearer $token" \
		"http://127.0.0.1:$address/api/lwm2m/firmware/$1" | grep -q '"state":"done"'
}
wrong=$(sha256sum <<<'' | cut -d ' ' -f 1)
for name in gw1 gw2; do
	hash=$(sha256sum "$work/www/fw.bin" | cut -d ' ' -f 1)
	uri=https://localhost:$port/fw.bin
	done_with write "{\"device\": \"$name\", \"path\": \"/5/0/1\",
		\"value\": \"$uri#sha256=$wrong\"}" '"result":204'
	wait_for 'a package that is not what it should be' is "$name" 5 5
	done_with write "{\"device\": \"$name\", \"path\": \"/5/0/1\",
		\"value\": \"$uri#sha256=$hash\"}" '"result":204'
	wait_for 'the package' is "$name" 3 2
	done_with execute "{\"device\": \"$name\", \"path\": \"/5/0/2\"}" '"result":204'
	wait_for 'its end' is "$name" 5 1
	cmp "$work/www/fw.bin" "$work/applied.$hash" || fail 'another package was applied'
	rm "$work/applied.$hash"
	# pushed in one message
	hash=$(printf 'new %s' "$name" | sha256sum | cut -d ' ' -f 1)
	done_with write "{\"device\": \"$name\", \"path\": \"/5/0/0\",
		\"value\": \"$(printf 'new %s' "$name" | base64)\"}" '"result":204'
	refused_with 400 execute "{\"device\": \"$name\", \"path\": \"/5/0/2\",
		\"argument\": \"0='$name'\"}"
	done_with execute "{\"device\": \"$name\", \"path\": \"/5/0/2\",
		\"argument\": \"0='$hash'\"}" '"result":204'
	wait_for 'its end' is "$name" 5 1
	[ "$(cat "$work/applied.$hash")" = "new $name" ] || fail 'another package was applied'
	rm "$work/applied.$hash"
	# as one job of the cloud end
	hash=$(sha256sum "$work/www/fw.bin" | cut -d ' ' -f 1)
	ask firmware "{\"device\": \"$name\", \"uri\": \"$uri#sha256=$hash\"}" ||
		fail "$name: the cloud end takes no update"
	wait_for 'the job of the cloud end' is_updated "$name"
	cmp "$work/www/fw.bin" "$work/applied.$hash" || fail 'another package was applied'
	rm "$work/applied.$hash"
done
stop gw1 KILL
run gw1
wait_for 'the result after a restart' is gw1 5 1

step 'a gateway cannot speak for another, an older client can for itself'
# say NAME TOPIC TEXT: with the certificate of NAME
say() {
	timeout -k 1 10 mosquitto_pub -h localhost -p "$broker_port" --cafile "$tls/ca.pem" \
		--cert "$tls/$1.pem" --key "$tls/$1.key" -q 1 -t "lwm2m/$2" -m "$3"
}
old='{"endpoint": "old", "lifetime": 2, "version": "1.2", "bindingMode": "UQ",
	"objects": {"3": {"0": {"0": "Acme"}}, "4": {"0": {"2": 40}}}}'
say gw1 gw2/dereg '{"id": 1}'
say gw1 gw3.north/dereg '{"id": 1}'
say gw1 rd/gw2 '{}'
say old old/reg "$old"
wait_for 'the older client' has_device old
wait_for 'its value' value 'old:Connectivity Monitoring/0/Radio Signal Strength'
has_device gw2 || fail 'another gateway has deregistered it'
grep -qF '"endpoint":"gw3.north"' "$work/devices" || fail 'another gateway has deregistered it'

step 'a registration ends with its lifetime'
wait_for 'the expiry' has_no_device old

step 'the cloud end is killed, and knows each client by its profile'
stop cloud KILL
run cloud
wait_for 'the cloud end' has_address
for name in gw1 gw2 gw3.north; do
	answers() {
		ask read "{\"device\": \"$name\", \"path\": \"/3/0/0\"}" &&
			grep -q '"value":"edgeway"' "$work/answer"
	}
	wait_for "an answer of $name" answers
done

step 'the end: one says so'
for name in gw1 gw2 gw3; do
	stop "$name" TERM
	[ "$status" -eq 0 ] || fail "$name ended with $status"
done
wait_for 'the leave' has_no_device gw2
has_device gw1 || fail 'it left without a word, and is gone'
stop cloud TERM
[ "$status" -eq 0 ] || fail "the cloud end ended with $status"
