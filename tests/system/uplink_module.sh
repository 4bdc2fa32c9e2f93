#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The uplink as modules see it: instances of a fleet join, own the will, speak
# in turn, receive, and leave in order. What leaves is judged by a client.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/uplink.bash
. "${top_srcdir:?}/tests/lib/uplink.bash"

make_tls
tls=$work/tls
start_broker broker "cafile $tls/ca.pem" "certfile $tls/server.pem" "keyfile $tls/server.key"
mqtt=(-h localhost -p "$broker_port" --cafile "$tls/ca.pem")
publish() {
	timeout -k 1 10 mosquitto_pub "${mqtt[@]}" -q 1 -t "$1" -m "$2"
}
is_watching() {
	publish hello x && has_logged seen '^hello x$'
}
start seen mosquitto_sub "${mqtt[@]}" -v -t '#' -q 1
wait_for 'the watcher' is_watching

step 'the way up'
start up "$top_builddir/tests/lib/uplink_instances" "server=mqtts://localhost:$broker_port" \
	"ca=$tls/ca.pem"
expect up '^guest acked 1 status=0$'
has_logged up '^owner-2 join status=16$' || fail 'two owners of one will'
has_logged up "the will of uplink 'main' belongs to 'owner'" || fail 'the owner is not named'
has_logged up '^lonely join status=2$' || fail 'joined what is not there'
has_logged up '^guest release status=1 cycle status=1$' || fail 'a guest may do what it may not'
comes_before up '^owner prepare 1$' '^owner online 1$'
comes_before up '^owner subscribed same=1 status=0$' '^owner online 1$'
comes_before up '^guest subscribed same=1 status=0$' '^guest online 1$'
comes_before up '^owner release status=0$' '^guest online 1$'
comes_before seen '^birth owner$' '^register guest$'

step 'commands come in'
publish cmd/guest one
expect up '^guest received cmd/guest one$'
publish cmd/owner two
expect up '^owner received cmd/owner two$'

step 'another session'
publish cmd/owner cycle
expect up '^owner offline 1 cause=cycled text=told to$'
expect up '^guest offline 1 cause=cycled text=told to$'
expect_count up '^guest acked 1 status=0$' 2
comes_before up '^owner prepare 2$' '^owner online 2$'

step 'the end'
tell up TERM
ended up
[ "$status" -eq 0 ] || fail "it ended with $status"
comes_before up '^guest acked 9 status=0$' '^guest is closed$'
comes_before up '^guest is closed$' '^owner acked 9 status=0$'
comes_before up '^owner is closed$' '^stopped$'
wait_for 'the last word' has_logged seen '^death owner$'
comes_before seen '^deregister guest$' '^death owner$'
publish mark x
wait_for 'a mark' has_logged seen '^mark x$'
! has_logged seen '^will/owner' || fail 'the will came out after an end in order'
