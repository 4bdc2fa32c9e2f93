#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Two daemons and a real Mosquitto over TLS: the devices of the edge appear at
# the host, a write at the host moves an actuator of the edge and comes back, and
# killing edge, host or broker heals by itself. The host runs a rule on what it
# hears, and so does a third daemon that only listens: when the edge dies their
# outputs are brought to the safe value. What the host says over HTTP is held
# against docs/openapi/sparkplug.yaml.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules simulator sparkplug sparkplug_host rules

make_tls
tls=$work/tls
options=("cafile $tls/ca.pem" "certfile $tls/server.pem" "keyfile $tls/server.key"
	'require_certificate true')
start_broker broker "${options[@]}"
uplink="servers: [\"mqtts://localhost:$broker_port\"], ca: $tls/ca.pem,
  certificate: $tls/client.pem, key: $tls/client.key, backoff: {min: 100ms, max: 1s}"

cat >"$work/a.yaml" <<-END
	version: 1
	gateway: {group: plant, name: a}
	uplink: {$uplink}
	instances:
	  line: {module: simulator, every: 100ms, devices: {pump-1: {type: pump, tags: {
	    Pump/Flow: {type: f64}, Pump/Speed: {type: f64, writable: yes, range: [0, 60]}}}}}
	  bath: {module: simulator, every: 100ms, heartbeat: 3s, devices: {temp-1: {type: temperature}}}
	  scada: {module: sparkplug, rebirth_pause: 0s, report_delay: 50ms}
	access:
	  scada: {write: ["pump-1:Pump/Speed", "temp-1:Temperature/Heater", "temp-1:heartbeat"]}
END
# listener NAME OPTIONS [RULE]: a daemon with a host and a rule on what it hears
listener() {
	cat >"$work/$1.yaml" <<-END
		version: 1
		gateway: {group: plant, name: $1}
		uplink: {$uplink}
		http: {listen: "127.0.0.1:0", anonymous: viewer}
		instances:
		  host: {module: sparkplug_host, $2}
		  local: {module: simulator, every: 100ms, devices: {fan-1: {type: fan, tags: {
		    Fan/Speed: {type: f64, writable: yes, range: [0, 100]}}}}}
		  control:
		    module: rules
		    inputs: {temp: {tag: "plant/a/temp-1:Temperature/Temperature", unit: Cel, stale: 3s}}
		    rules:
		      fan: {value: "if temp > -1e9 then 80 else 70", write: {to: "fan-1:Fan/Speed",
		        fail_safe: 20, lease: 1s}}
		      ${3:-}
		access:
		  control: {write: ["fan-1:**", "plant/a/temp-1:**"]}
	END
}
listener b 'host_id: scada1, rebirth_pause: 200ms' 'heat: {value: "if temp > -1e9 then 30 else 0",
		        write: {to: "plant/a/temp-1:Temperature/Heater", fail_safe: 5,
		          heartbeat: "plant/a/temp-1:heartbeat"}}'
listener c 'passive: yes'

# run NAME: the daemon of $work/NAME.yaml
run() {
	start "$1" "$build/edgewayd" --module-dir "$modules" --state-dir "$work/state-$1" \
		--run-dir "$work/run-$1" "$work/$1.yaml"
}

# at NAME COMMAND...: ask a daemon
at() {
	local name=$1
	shift
	"$build/edgewayctl" --socket "$work/run-$name/control.sock" --json "$@" \
		2>>"$work/ctl.log"
}

# is_online NAME
is_online() {
	at "$1" uplinks | grep -q '"state":"online"'
}

# device_is STATE: of the edge's pump, at the host
device_is() {
	at b devices 'plant/a/pump-1' | grep -qE "\"state\":\"$1\""
}

# fan_is VALUE NAME
fan_is() {
	at "$2" get fan-1:Fan/Speed | grep -qE "\"value\":\"?$1(\\.0*)?\"?[,}]"
}

# speed_moves VALUE: written at the host, and told by the edge
speed_moves() {
	at b write plant/a/pump-1:Pump/Speed "$1" >>"$work/ctl.log" || fail "writing $1"
	at b get plant/a/pump-1:Pump/Speed | grep -qE "\"value\":\"?$1(\\.0*)?\"?[,}]" ||
		fail "the speed is not $1"
}

step 'the devices of the edge appear at the host'
run b
run c
wait_for 'the host online' is_online b
wait_for 'the listener online' is_online c
run a
wait_for 'the pump' device_is up
at b tags 'plant/a/pump-1' | grep -q 'Pump/Flow' || fail 'no flow'

step 'a write at the host moves the actuator and comes back as data'
speed_moves 30
speed_moves 42

step 'what is shown over HTTP is as it is described, and all of it'
api=http://127.0.0.1:$(at b status | sed -nE 's/.*"http_port":([0-9]+).*/\1/p')/api/sparkplug
# as it never ends, its first line is looked at; curl says that it was too short
{ curl -sSN --max-time 10 "$api/monitor/live" 2>>"$work/curl.log" || true; } | head -n 1 >"$work/live"
watch_curl "$work/exchanges"
show() {
	curl -sS --max-time 10 "$api/$1" >"$work/shown"
	grep -q "$2" "$work/shown" || fail "$1: $(cat "$work/shown")"
}
show nodes '"node":"a","state":"online"'
show nodes/plant/a '"name":"Pump/Speed","type":"Double"'
show nodes/plant/nobody '"error"'
show 'monitor?topic=spBv1.0/plant/DDATA/%23' '"topic":"spBv1.0/plant/DDATA/a/pump-1"'
jq -cn --arg target "$api/monitor/live" --rawfile got "$work/live" '{method: "GET", $target,
	status: 200, type: "application/x-ndjson", sent: "", $got}' >>"$work/exchanges"
{ grep -aoE '/api/sparkplug/[a-z/{}]+' "$modules/sparkplug_host.so" || true; } | sort -u >"$work/routes"
python3 "$top_srcdir/tests/lib/openapi.py" "$top_srcdir/docs/openapi/sparkplug.yaml" "$work/routes" \
	"$work/exchanges" >"$work/openapi.log" || fail 'the API is not as it is described'

step 'a rule of the host acts on what the edge measures'
wait_for 'the fan' fan_is 80 b
wait_for 'the fan of the listener' fan_is 80 c

step 'the edge is killed: down, and the fan goes to its safe value'
stop a KILL
wait_for 'the death' device_is down
wait_for 'the safe value' fan_is 20 b
wait_for 'the safe value at the listener' fan_is 20 c
run a
wait_for 'the pump again' device_is up
wait_for 'the fan again' fan_is 80 b
wait_for 'the fan of the listener again' fan_is 80 c
speed_moves 31

# heater_is VALUE: at the edge
heater_is() {
	at a get temp-1:Temperature/Heater | grep -qE "\"value\":$1(\\.0+)?[,}]"
}

# bath_is STATE: as its watchdog says; 3 is safe
bath_is() {
	at a get temp-1:state | grep -qE "\"value\":$1[,}]"
}

# the first value that this run of b handed to the heater
first_heat() {
	sed -nE 's/.*"target":"plant\/a\/temp-1:Temperature\/Heater".*"value":"?([0-9.]+).*"result":"handed".*/\1/p' \
		"$work/state-b/audit.log" | sed -n "$((heats + 1))p"
}
has_heated() {
	[ -n "$(first_heat)" ]
}

step 'the host is killed: the watchdog of the edge makes it safe, and fail-safe comes first then'
wait_for 'the rule of the host' heater_is 30
stop b KILL
wait_for 'the watchdog' bath_is 3
heats=$(grep -c '"target":"plant/a/temp-1:Temperature/Heater".*"result":"handed"' "$work/state-b/audit.log")
run b
wait_for 'a write' has_heated
[ "$(first_heat)" = 5 ] || fail "the first write: $(first_heat)"
wait_for 'the rule again' heater_is 30
wait_for 'the pump at the new host' device_is up
speed_moves 33

step 'the broker is killed'
stop broker KILL
wait_for 'stale' device_is stale
wait_for 'the safe value' fan_is 20 b
wait_for 'the safe value at the listener' fan_is 20 c
start_broker broker "${options[@]}"
wait_for 'the pump after the broker' device_is up
wait_for 'the fan after the broker' fan_is 80 b
speed_moves 35

step 'both end in order'
stop b
[ "$status" -eq 0 ] || fail "the host ended with $status"
state=$(timeout -k 1 10 mosquitto_sub -h localhost -p "$broker_port" --cafile "$tls/ca.pem" \
	--cert "$tls/client.pem" --key "$tls/client.key" -t spBv1.0/STATE/scada1 -C 1)
[[ $state == '{"online":false,'* ]] || fail "STATE is $state"
stop a
[ "$status" -eq 0 ] || fail "the edge ended with $status"
