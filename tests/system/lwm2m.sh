#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A gateway with the lwm2m module at a real Mosquitto over TLS, and a server that
# this script leads: registration, reads, a write, an observation, bulk data, a
# broker that goes away, a gateway that is started again.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules lwm2m simulator

# serve NAME: the server, once it has subscribed
serve() {
	server=$1
	mkfifo "$work/$server.fifo"
	start "$server" "$build/tests/lib/lwm2m_server" localhost "$broker_port" \
		"$tls/ca.pem" "$work/$server.fifo"
	wait_for 'the server' has_logged "$server" '^ready$'
}

# ask OPERATION TOKEN [URI [VALUE]]
ask() {
	echo "gw1 $*" >"$work/$server.fifo"
}

expect() {
	wait_for "$1" has_logged "$server" "$1"
}

make_tls
tls=$work/tls
start_broker broker "cafile $tls/ca.pem" "certfile $tls/server.pem" "keyfile $tls/server.key"
serve server
cat >"$file" <<-END
	version: 1
	gateway: {group: lyon, name: gw1}
	uplink: {servers: ["mqtts://localhost:$broker_port"], ca: "$tls/ca.pem"}
	instances:
	  line1: {module: simulator, every: 100ms, devices: {north: {kind: pump}}}
	  cloud: {module: lwm2m, lifetime: 1h, deregister: yes, send: {every: 200ms}}
	access: {cloud: {write: ["north:Pump/Run"]}}
END
"$build/edgewayd" --module-dir "$modules" --check "$file" >"$work/check.log" 2>&1 ||
	fail "$(cat "$work/check.log")"

step 'it registers, and says what it is'
daemon
expect '^(register|update) gw1'
expect '^register gw1 </>;ct="112 11544",</1/0>,</3/0>,</4/0>,</25>;ver=2.0'
ask 9 2 /3/0/0
expect '^result gw1 2 205 /3/0/0=edgeway$'
# the simulator is declared by now, or soon: a read tells
is_there() {
	ask 9 4 /25
	has_logged server '^result gw1 4 205 .*=lyon/gw1/north'
}
wait_for 'the pump behind the gateway' is_there
prefix=$(sed -nE 's,^result gw1 4 205 .*/25/([0-9]+)/0=lyon/gw1/north .*,d\1,p' \
	"$work/server.log" | head -n 1)

step 'a write moves the plant, another one is not allowed'
ask 11 6 "/$prefix/3306"
expect '^result gw1 6 205 '
is_running_pump() {
	ask 9 8 "/$prefix/3306/0/5850"
	has_logged server "^result gw1 8 205 /$prefix/3306/0/5850=1\$"
}
ask 12 10 "/$prefix/3306/0/5850" 1
expect '^result gw1 10 204$'
wait_for 'the pump to run' is_running_pump
ask 12 12 "/$prefix/3308/0/5900" 10
expect '^result gw1 12 401$'

step 'what changes is notified'
ask 20 14 "/$prefix/3346/0/5700"
expect '^result gw1 14 205 '
expect "^notify gw1 14 /$prefix/3346/0/5700="
ask 22 14
wait_for 'the end of the observation' has_logged server '^result gw1 14 205$'

step 'bulk data comes when the server wants it'
has_logged server '^send ' && fail 'it sent although it was muted'
ask 12 16 /1/0/23 0
expect '^result gw1 16 204$'
expect "^send gw1 [0-9]+ .*/$prefix/3346/0/5700="

step 'the broker goes away and comes back'
stop server TERM
stop broker
start_broker broker "cafile $tls/ca.pem" "certfile $tls/server.pem" "keyfile $tls/server.key"
serve server-2
expect '^(register|update) gw1'
expect '^send gw1 '

step 'it leaves'
stop daemon TERM
[ "$status" -eq 0 ] || fail "the daemon ended with $status"
expect '^deregister gw1$'
echo quit >"$work/$server.fifo"
ended "$server"
[ "$status" -eq 0 ] || fail "the server ended with $status"
