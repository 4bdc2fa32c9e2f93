#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A session in trouble: the broker restarts, hangs, another client takes its id,
# its owner changes or wants another server, queues fill. It comes back each
# time, each end is counted with its cause, and what was in flight is told.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/uplink.bash
. "${top_srcdir:?}/tests/lib/uplink.bash"

make_tls
tls=$work/tls
lines=("cafile $tls/ca.pem" "certfile $tls/server.pem" "keyfile $tls/server.key")
start_broker broker "${lines[@]}"
port=$broker_port
mqtt=(-h localhost -p "$port" --cafile "$tls/ca.pem")

# publish TOPIC PAYLOAD [OPTION...]
publish() {
	local topic=$1 payload=$2
	shift 2
	timeout -k 1 10 mosquitto_pub "${mqtt[@]}" -t "$topic" -m "$payload" "$@"
}

# online COUNT [OWNER]: that many sessions have come up; the gate is opened
online() {
	expect_count up '^(owner|again) online' "$1"
	say up "release ${2:-owner}"
	expect_count up '^guest online' "$1"
}

start_uplink up "server=mqtts://localhost:$port" "ca=$tls/ca.pem" outbox.messages=20 \
	outbox.age=1s
say up 'attach owner owner'
say up 'attach guest'
say up 'subscribe guest in/# 1 4'
say up start
online 1

step 'the broker restarts'
tell broker STOP
say up 'publish guest c 1 1 now out/1 x'
expect_status up 'in_flight=1'
tell broker KILL
ended broker
expect up '^guest offline 1 cause=lost'
expect up '^guest acked 1 status=104 epoch=1'
comes_before up '^guest acked 1 ' '^guest offline 1'
expect_status up 'ends.refused='
say up 'publish guest c 1 2 1 out/2 x'
expect up '^guest refused 2 status=107'
say up 'publish guest c 1 3 0 out/3 kept'
start_broker broker "${lines[@]}"
online 2
expect up '^guest acked 3 status=0'
expect_status up 'connects=2'

step 'what waits too long while there is no session is dropped, and told'
stop broker
expect_count up '^guest offline' 2
has_logged up 'cause=unavailable' || has_logged up 'offline [0-9]+ cause=lost' ||
	fail 'the end of the broker has no cause'
say up 'publish guest t 0 4 0 out/4 x'
expect up '^guest acked 4 status=110 epoch=0'

step 'a full outbox refuses, and says when there is room'
say up 'flood guest b 0 50 100 out/bulk'
expect_status up 'bulk=20/'
start_broker broker "${lines[@]}"
online 3
expect up '^guest room'
expect up '^guest flooded'
expect_status up 'state=online .* bulk=0/0'

step 'the broker hangs: keep-alive'
tell broker STOP
patience=40 expect up '^guest offline [0-9]+ cause=keep-alive'
tell broker CONT
online 4

step 'another client takes the id'
publish other x -i gateway || true # we take it back
expect_count up '^guest offline' 4
online 5

step 'the owner asks for another session'
say up 'cycle guest why'
expect up '^guest cycled status=1$'
say up 'cycle owner primary-host-offline'
expect up '^guest offline [0-9]+ cause=cycled text=primary-host-offline'
online 6

step 'the owner is reloaded: a session without its will is not kept'
say up 'detach owner'
expect_count up 'offline [0-9]+ cause=cycled' 3
say up 'attach again owner'
say up 'will again last/will x'
online 7 again

step 'a reader that is slow holds QoS 1 back, and loses nothing'
say up 'hold guest'
for i in 1 2 3 4 5 6; do
	publish "in/$i" "$i" -q 1
done
expect_status up 'received=[4-8] dropped=0'
say up 'read guest'
expect up '^guest got in/6 6 '
[ "$(grep -c '^guest got in/' "$work/up.log")" -eq 6 ] || fail 'lost or doubled'

step 'one that never reads loses, counted, and the session lives'
say up 'hold guest'
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	publish "in/$i" "$i" -q 1
done
expect_status up 'state=online .* dropped=[1-9]'
expect_status up 'ends.keep-alive=1 '
stop_uplink up

step 'a session that the broker keeps'
start_uplink up "server=mqtts://localhost:$port" "ca=$tls/ca.pem" clean=no client_id=kept
say up 'attach guest'
say up 'subscribe guest kept/# 1'
say up start
expect up '^guest online 1 present=no'
say up 'stop 5'
expect up '^stopped$'
publish kept/1 while-away -q 1
say up start
expect up '^guest online 2 present=yes'
expect up '^guest got kept/1 while-away'
stop_uplink up
