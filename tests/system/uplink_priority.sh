#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A link of 1 Mbit/s, full of bulk: a command's round trip stays within twice
# (one bulk message + 16 KiB + the idle round trip). Medians, on a network of
# its own.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/uplink.bash
. "${top_srcdir:?}/tests/lib/uplink.bash"

if [ -z "${EW_TEST_NETWORK:-}" ]; then
	EW_TEST_NETWORK=1 exec unshare --net --mount --map-root-user \
		--propagation private bash "$0"
fi

step 'two networks, and 1 Mbit/s from the gateway to the broker'
ip link set lo up
# the gateway's side is a network of a process that only waits
start gateway_net unshare --net sleep infinity
gateway=$(pid_of gateway_net)
has_own_net() {
	[ "$(readlink "/proc/$gateway/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}
wait_for 'the network of the gateway' has_own_net
in_gateway=(nsenter "--net=/proc/$gateway/ns/net")
ip link add broker type veth peer name gateway netns "$gateway"
ip addr add 10.77.0.2/24 dev broker
ip link set broker up
"${in_gateway[@]}" ip addr add 10.77.0.1/24 dev gateway
"${in_gateway[@]}" ip link set gateway up
"${in_gateway[@]}" ip link set lo up
"${in_gateway[@]}" tc qdisc add dev gateway root tbf rate 1mbit burst 4kb latency 50ms

make_ca ca
make_certificate ca server broker IP:10.77.0.2,IP:127.0.0.1
tls=$work/tls
port=$(free_port)
printf '%s\n' 'user root' 'persistence false' 'allow_anonymous true' "listener $port 10.77.0.2" \
	"cafile $tls/ca.pem" "certfile $tls/server.pem" "keyfile $tls/server.key" \
	"listener $port 127.0.0.1" 'max_queued_messages 0' >"$work/broker.conf"
start broker mosquitto -c "$work/broker.conf"
wait_for 'the broker' is_listening "$port"

step 'an uplink that answers commands'
: >"$work/up.log"
mkfifo "$work/up.fifo"
start up "${in_gateway[@]}" "$top_builddir/tests/lib/uplink_driver" "$work/up.fifo" \
	"server=mqtts://10.77.0.2:$port" "ca=$tls/ca.pem" keep_alive=60s connect_timeout=20s
expect up '^ready$'
say up 'attach guest'
say up 'attach bulk'
say up 'subscribe guest command 0'
say up 'echo guest answer'
say up start
expect up '^bulk online'

# ask COUNT: sets $median to the round trip of a command, in ms
ask() {
	local output
	output=$("$top_builddir/tests/lib/round_trip" 127.0.0.1 "$port" command answer "$1")
	median=${output%% *}
	echo "  $1 commands: median, least, most in ms: $output"
}
ask 21
idle=$median

step 'bulk without end'
say up 'flood bulk b 0 4000 16384 bulk'
expect_status up 'bulk=[1-9][0-9]*/'
ask 21
busy=$median
status_is up 'bulk=[1-9][0-9]*/' || fail 'the bulk ended before the commands'

# 16 KiB take 131 ms at 1 Mbit/s, headers left out
one=131
limit=$((2 * (one + one + idle)))
step "idle $idle ms, under load $busy ms, limit $limit ms"
[ "$busy" -le "$limit" ] || fail "a command took $busy ms, more than $limit ms"
status_is up 'ends.' && fail 'the session broke'
tell up KILL
ended up 2>/dev/null
