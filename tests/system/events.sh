#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The event stream with a real daemon and a consumer that reads ahead with a short
# timeout, over a link that breaks off answers anywhere, while either side is
# killed: every id arrives, nothing is missing, and what arrived last of each
# number is in order.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"

limit=6000
take_modules events numbers metrics
port=$(free_port)
link_port=$(free_port)
pages=$work/pages
mkdir "$pages"
{
	echo 'version: 1'
	echo 'gateway: {name: gw, group: plant}'
	echo "http: {listen: \"127.0.0.1:$port\", anonymous: operator}"
	echo 'routes: [{to: ev, from: [n]}]'
	echo 'instances:'
	echo "  n: {module: numbers, tags: 2, every: 2ms, limit: $limit, repeat: yes}"
	echo '  metrics: {module: metrics}'
	echo '  ev: {module: events, samples: yes, sync: 10ms, redeliver_after: 2s}'
} >"$file"

# ask PATH: past the link
ask() {
	curl -sS --max-time 10 "http://127.0.0.1:$port$1"
}

poller() {
	start poller bash "$top_srcdir/tests/lib/poller.bash" \
		"http://127.0.0.1:$link_port/api/events" "$pages"
}

begin() {
	daemon
	wait_for 'the stream' ask /api/events/consumers
}

# arrived COUNT: pages
arrived() {
	[ "$(find "$pages" -name '*.page' | wc -l)" -ge "$1" ]
}

# more PAGES: so many more have arrived
more() {
	wait_for 'pages' arrived $(($(find "$pages" -name '*.page' | wc -l) + $1))
}

has_all() {
	ask '/api/events?limit=3' | grep -q "\"value\":$limit,"
}

has_acknowledged_all() {
	ask /api/events/consumers | grep -q '"lag":0'
}

step 'either side is killed while events flow over a bad link'
begin
start link "$build/tests/lib/relay" -c 60000 "$link_port" "$port"
poller
for round in 1 2 3 4; do
	more 6
	stop poller KILL
	poller
	more 3
	[ "$round" -gt 3 ] || {
		stop daemon KILL
		begin
	}
done
patience=$((patience * 3))
wait_for 'all numbers' has_all
wait_for 'the last acknowledgement' has_acknowledged_all
touch "$pages/finish"
ended poller

step 'every id arrived, and the last arrivals are in order'
find "$pages" -name '*.page' | sort | xargs cat >"$work/arrived"
next=0
: >"$work/kept"
while :; do
	curl -sS -D "$work/head" "http://127.0.0.1:$port/api/events?since=$next&format=ndjson" \
		>"$work/body"
	[ -s "$work/body" ] || break
	cat "$work/body" >>"$work/kept"
	next=$(sed -n 's/^Edgeway-Next: \([0-9]*\).*/\1/p' "$work/head")
done
ids() {
	grep -oE '^\{"id":[0-9]+' "$1" | sort -u
}
ids "$work/arrived" >"$work/ids.arrived"
ids "$work/kept" >"$work/ids.kept"
cmp "$work/ids.arrived" "$work/ids.kept" || fail 'ids are missing, or were made up'
! grep -q events.gap "$work/arrived" || fail 'a gap was told'
awk -v limit="$limit" '
	match($0, /"value":[0-9]+/) {
		n = substr($0, RSTART + 8, RLENGTH - 8) + 0
		last[n] = NR
		if (gsub(/"value":/, "") != 2)
			bad = "a record is missing in " $0
	}
	END {
		for (n = 1; n <= limit; n++) {
			if (!(n in last))
				bad = "number " n " is missing"
			else if (last[n] < before)
				bad = "number " n " arrived last before its forerunner"
			before = last[n]
		}
		if (bad != "") {
			print bad
			exit 1
		}
	}' "$work/arrived" || fail 'what arrived is not right'
repeated=$(($(wc -l <"$work/arrived") - $(wc -l <"$work/ids.arrived")))
step "$(wc -l <"$work/ids.arrived") events, $repeated arrivals more than once"

step 'the old form and the metrics answer'
[ "$(ask /api/events | grep -c '"event_type"')" -eq 1000 ] || fail 'not the last 1,000 events'
ask /metrics >"$work/metrics"
grep -q '^edgeway_events_lag{[^}]*} 0$' "$work/metrics" || fail 'no lag of 0 in the metrics'
