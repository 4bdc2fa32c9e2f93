#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One session shared by the will's owner and a guest, with MQTT 5 and 3.1.1:
# the will before every CONNECT, subscriptions acknowledged before online, the
# gate, fences, MQTT 5 properties, and the order of the end. What leaves is
# judged by a client of its own.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/uplink.bash
. "${top_srcdir:?}/tests/lib/uplink.bash"

make_tls
tls=$work/tls
start_broker broker "cafile $tls/ca.pem" "certfile $tls/server.pem" \
	"keyfile $tls/server.key" 'require_certificate true'
port=$broker_port
mqtt=(-h localhost -p "$port" --cafile "$tls/ca.pem" --cert "$tls/client.pem"
	--key "$tls/client.key" -V mqttv5)

# publish TOPIC PAYLOAD: by the other client
publish() {
	timeout -k 1 10 mosquitto_pub "${mqtt[@]}" -q 1 -t "$1" -m "$2"
}

# watch: every message the broker hands on is a line of seen.log
watch() {
	start seen mosquitto_sub "${mqtt[@]}" -v -t '#' -q 1
	wait_for 'the watcher' is_watching
}
is_watching() {
	publish hello x && has_logged seen '^hello x$'
}

# up [OPTION...]: an uplink with an owner and a guest, started
up() {
	start_uplink up "server=mqtts://localhost:$port" "ca=$tls/ca.pem" \
		"certificate=$tls/client.pem" "key=$tls/client.key" "$@"
	say up 'attach owner owner'
	say up 'attach guest'
	say up 'will owner last/will gone'
	say up 'subscribe owner cmd/owner 1'
	say up 'subscribe guest cmd/guest 1'
	expect up '^guest subscribing'
}

watch
for version in 5 3.1.1; do
	step "MQTT $version: the way up"
	up "protocol=$version"
	say up 'attach second owner'
	expect up '^second attached status=16 owner=owner$'
	say up start
	expect up '^owner online 1 present=no'
	comes_before up '^owner prepare 1$' 'sending CONNECT'
	comes_before up '^owner subscribed [0-9]+ status=0 epoch=1' '^owner online 1'
	comes_before up '^guest subscribed [0-9]+ status=0 epoch=1' '^owner online 1'
	! has_logged up '^guest online' || fail 'the guest did not wait for the gate'

	step "MQTT $version: the gate"
	say up 'publish guest c 1 7 0 guest/early x'
	say up 'publish guest c 1 8 1 guest/none x'
	expect up '^guest refused 8 status=107$'
	say up 'publish owner c 0 1 now birth/1 x'
	say up 'publish owner c 1 2 now birth/2 x'
	expect up '^owner acked 2 status=0 epoch=1 number=2$'
	comes_before up '^owner acked 1 status=0 epoch=1 number=1$' '^owner acked 2'
	wait_for 'the second birth' has_logged seen '^birth/2 x$'
	! has_logged seen '^guest/early' || fail 'the guest spoke before the births'
	say up 'release guest'
	expect up '^guest released status=1$'
	say up 'release owner'
	expect up '^guest online 1'
	expect up '^guest acked 7 status=0 epoch=1 number=3$'
	comes_before seen '^birth/2 x$' '^guest/early x$'

	step "MQTT $version: both ways"
	publish cmd/owner one
	publish cmd/guest two
	expect up '^owner got cmd/owner one qos=1 retain=0$'
	expect up '^guest got cmd/guest two qos=1 retain=0$'
	say up 'subscribe guest late/+ 0'
	expect_count up '^guest subscribed [0-9]+ status=0' 2
	publish late/x three
	expect up '^guest got late/x three'
	say up 'rich guest cmd/owner rich'
	if [ "$version" = 5 ]; then
		expect up '^owner got cmd/owner rich .* type=text/plain response=answer/here correlation=c-7 expiry=60 site=lyon$'
	else
		expect up '^owner got cmd/owner rich qos=1 retain=0$'
	fi
	expect_status up 'state=online .* connects=1 .* in=1 out=1 own=1 peer=1 owner=owner'

	step "MQTT $version: the end"
	say up 'publish guest c 1 20 now bye/guest x'
	expect up '^guest acked 20 status=0'
	say up 'detach guest'
	say up 'publish owner c 1 21 now bye/owner x'
	say up 'detach owner'
	expect up '^owner detached'
	say up 'stop 5'
	expect up '^stopped$'
	wait_for 'the last word' has_logged seen '^bye/owner x$'
	comes_before seen '^bye/guest x$' '^bye/owner x$'
	publish mark "$version"
	wait_for 'a mark' has_logged seen "^mark $version\$"
	! has_logged seen '^last/will' || fail 'the will came out after an end in order'
	stop_uplink up
	: >"$work/seen.log"
done
has_logged broker 'Client gateway disconnected' || fail 'no DISCONNECT'
! has_logged broker 'Client gateway closed' || fail 'an end without DISCONNECT'

step 'a will that is to come out at the end too'
up
say up 'will owner last/will planned on_stop'
say up start
expect up '^owner online 1'
say up 'stop 5'
expect up '^stopped$'
wait_for 'the will' has_logged seen '^last/will planned$'
stop_uplink up

step 'the will comes out when the uplink vanishes, and is new for each CONNECT'
up
say up start
expect up '^owner online 1'
say up 'will owner last/will second'
stop up KILL
wait_for 'the will' has_logged seen '^last/will gone$'

step 'no will, no CONNECT'
up
say up 'refuse owner'
say up start
expect_status up 'connects=0 .* ends.no-will=[2-9]'
! has_logged up 'sending CONNECT' || fail 'connected without the will'
say up 'will owner last/will gone'
expect up '^owner online'

step 'a gate that the owner forgets is opened by guest_wait'
stop_uplink up
up guest_wait=300ms
say up start
expect up '^guest online 1'
has_logged up 'guest_wait is over' || fail 'no warning'

step 'a subscription that the broker refuses is told, and the session goes on'
stop_uplink up
stop broker
printf '%s\n' 'user gateway' 'topic read cmd/#' 'topic write #' >"$work/acl"
start_broker broker "cafile $tls/ca.pem" "certfile $tls/server.pem" \
	"keyfile $tls/server.key" 'require_certificate true' \
	'use_identity_as_username true' "acl_file $work/acl"
up
say up 'subscribe owner other/# 1'
say up start
expect up '^owner online 1'
stop_uplink up
