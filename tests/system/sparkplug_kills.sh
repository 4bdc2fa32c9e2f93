#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Broker, edge and host are killed with SIGKILL at random instants, KILLS times, a
# Mosquitto over TLS between the two daemons. All comes back without a person,
# and every number that the source ever said is marked at the host's bus: what
# the broker had not confirmed comes again, and so does what it had confirmed
# shortly before the host was gone.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules numbers checker sparkplug sparkplug_host
kills=${KILLS:-6}

make_tls
tls=$work/tls
options=("cafile $tls/ca.pem" "certfile $tls/server.pem" "keyfile $tls/server.key")
broker_starts() {
	start_broker broker "${options[@]}"
}
broker_starts
uplink="servers: [\"mqtts://localhost:$broker_port\"], ca: $tls/ca.pem, backoff: {min: 50ms, max: 200ms}"
cat >"$work/edge.yaml" <<-END
	version: 1
	gateway: {group: plant, name: edge}
	uplink: {$uplink}
	routes: [{to: [scada], tags: ["n:N*"]}]
	instances:
	  n: {module: numbers, tags: 1, every: 20ms, repeat: yes}
	  scada: {module: sparkplug, primary_host: scada1, walk_after: 1s, hold: 5s,
	    fence_every: 100ms, report_delay: 20ms}
END
cat >"$work/host.yaml" <<-END
	version: 1
	gateway: {group: plant, name: host}
	uplink: {$uplink}
	routes: [{from: [scada], to: [check], tags: ["plant/edge/n:N*"], durable: no}]
	instances:
	  scada: {module: sparkplug_host, host_id: scada1, rebirth_pause: 100ms}
	  check: {module: checker, marks: $work/marks}
END

# run NAME: the daemon of $work/NAME.yaml
run() {
	start "$1" "$build/edgewayd" --module-dir "$modules" --state-dir "$work/$1" \
		--run-dir "$work/$1.run" "$work/$1.yaml"
}

# published: the last number that was said; it outlives the edge
published() {
	od -A n -t u8 -N 8 "$work/edge/instances/n/place" | tr -d ' '
}

# unmarked UPTO: how many of the first numbers have not arrived
unmarked() {
	head -c "$1" "$work/marks" | tr -d '\001' | wc -c
}

has_arrived() {
	[ "$(stat -c %s "$work/marks")" -ge "$1" ] && [ "$(unmarked "$1")" -eq 0 ]
}

# is_said NUMBER
is_said() {
	[ "$(published)" -ge "$1" ]
}

# some_more: a random while, which the source counts, 20 ms a number
some_more() {
	wait_for 'the source' is_said $(($(published) + 1 + RANDOM % 50))
}

step 'the first numbers arrive'
run host
run edge
wait_for 'numbers' is_said 50
wait_for 'their arrival' has_arrived 50

for ((i = 0; i < kills; i++)); do
	names=(broker edge host)
	victim=${names[RANDOM % 3]}
	some_more
	last=$(published)
	step "kill $((i + 1)): the $victim, with number $last"
	stop "$victim" KILL
	[ "$victim" = edge ] || some_more
	case $victim in
	broker) broker_starts ;;
	*) run "$victim" ;;
	esac
	wait_for "all up to $last" has_arrived "$last"
done

step 'the end: nothing is missing'
some_more # an edge that has just been started says nothing yet, nor knows a signal
last=$(published)
wait_for "all up to $last" has_arrived "$last"
stop edge
[ "$status" -eq 0 ] || fail "the edge ended with $status"
stop host
[ "$status" -eq 0 ] || fail "the host ended with $status"
