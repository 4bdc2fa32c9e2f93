#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a broker may say and Mosquitto does not: refusals by code, SUBACK with a
# failure or none, DISCONNECT with a reason, things that are not MQTT.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/uplink.bash
. "${top_srcdir:?}/tests/lib/uplink.bash"

# meet WHAT [UPLINK-OPTION] -- SCRIPT...: an uplink and a broker
meet() {
	local what=$1 port options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	step "$what"
	port=$(free_port)
	start scripted "$top_builddir/tests/lib/scripted_broker" "$port" "$@"
	wait_for 'the scripted broker' is_listening "$port"
	start_uplink up "server=mqtt://127.0.0.1:$port" plaintext=yes "${options[@]}"
	say up 'attach guest'
	say up 'subscribe guest a/b 1'
	say up start
}

# part: after meet
part() {
	stop_uplink up
	tell scripted KILL
	ended scripted 2>/dev/null
}

# says WHAT STATUS-PATTERN [UPLINK-OPTION] -- SCRIPT...
says() {
	local what=$1 pattern=$2
	shift 2
	meet "$what" "$@"
	expect_status up "$pattern"
	part
}

# takes_leave WHAT PACKET -- SCRIPT...: stopped after this packet, the uplink
# says DISCONNECT, for who only drops the connection lets the will out
takes_leave() {
	local what=$1 packet=$2
	shift 2
	: >"$work/scripted.log"
	meet "$what" "$@"
	wait_for "packet $packet" has_logged scripted "^packet $packet\$"
	say up 'stop 5'
	expect up '^stopped$'
	wait_for 'DISCONNECT' has_logged scripted '^packet e0$'
	part
}

ok5=2003000000
ok4=20020000
says 'protocol version refused, 5' 'connects=0 .* ends.protocol=[2-9]' -- connack=2003008400
says 'protocol version refused, 3.1.1' 'connects=0 .* ends.protocol=[2-9]' protocol=3.1.1 -- \
	connack=20020001
says 'client id refused, 5' 'ends.client-id=[2-9]' -- connack=2003008500
says 'client id refused, 3.1.1' 'ends.client-id=[2-9]' protocol=3.1.1 -- connack=20020002
says 'bad user name or password, 5' 'ends.credentials=[2-9]' -- connack=2003008600
says 'bad user name or password, 3.1.1' 'ends.credentials=[2-9]' protocol=3.1.1 -- \
	connack=20020004
says 'server busy' 'ends.unavailable=[2-9]' -- connack=2003008900
says 'no CONNACK' 'ends.timeout=[2-9]' connect_timeout=200ms -- connack=
says 'no SUBACK' 'connects=0 .* ends.no-suback=[2-9]' connect_timeout=200ms -- connack=$ok5
says 'taken over' 'connects=[2-9].* ends.taken-over=[2-9]' -- connack=$ok5 suback=00 \
	then=e0028e00
says 'server shuts down' 'ends.unavailable=[2-9]' -- connack=$ok5 suback=00 then=e0028b00
says 'disconnected for keep-alive' 'ends.keep-alive=[2-9]' -- connack=$ok5 suback=00 \
	then=e0028d00
says 'disconnected for another reason' 'ends.disconnected=[2-9]' -- connack=$ok5 suback=00 \
	then=e0029800
says 'a packet that is none, 5' 'ends.bad-packet=[2-9]' -- connack=$ok5 suback=00 then=8000
says 'a packet that is none, 3.1.1' 'ends.bad-packet=[2-9]' protocol=3.1.1 -- connack=$ok4 \
	suback=00 version=4 then=8000
says 'a subscription refused, 5' 'state=online' -- connack=$ok5 suback=87
has_logged up '^guest subscribed [0-9]+ status=13' || fail 'the refusal was not told'
says 'a subscription refused, 3.1.1' 'state=online' protocol=3.1.1 -- connack=$ok4 suback=80 \
	version=4
has_logged up '^guest subscribed [0-9]+ status=13' || fail 'the refusal was not told'
comes_before up '^guest subscribed' '^guest online'

takes_leave 'stopped before CONNACK' 10 -- connack=
takes_leave 'stopped before SUBACK' 82 -- connack=$ok5
