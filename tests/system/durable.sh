#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Numbered samples to a server that refuses for a while, through kills of the
# daemon at any moment: when the server takes them again none is missing, and
# what came twice is no more than was in flight.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"

take_modules numbers http_uplink faulty
port=$(free_port)
tags=4

# write_config LIMIT: the last number, 0 for none
write_config() {
	cat >"$file" <<-END
		version: 1
		gateway: {name: test}
		store: {sync: 10ms, size: 64MiB}
		instances:
		  source: {module: numbers, tags: $tags, every: 1ms, burst: 4, repeat: yes, limit: $1}
		  cloud: {module: http_uplink, url: "http://127.0.0.1:$port/in", plaintext: yes}
		routes:
		  - {from: [source], to: [cloud], durable: yes, queue: {batches: 64}}
	END
}

# plan QUERY: what the server does from now on
plan() {
	curl -sf "http://127.0.0.1:$port/control?$1" >"$work/plan"
}

# report FIELD: a number of the server's report
report() {
	curl -sf "http://127.0.0.1:$port/control" | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"
}

# has FIELD LEAST
has() {
	local value
	value=$(report "$1")
	[ "${value:-0}" -ge "$2" ]
}

# published: the last number that was said
published() {
	od -An -t u8 -N 8 "$work/state/instances/source/place" | tr -d ' '
}

# has_said NUMBER
has_said() {
	[ "$(published)" -ge "$1" ]
}

has_store() {
	ctl store >"$work/store.log" 2>&1 && grep -q cloud "$work/store.log"
}

is_ready() {
	is running cloud
}

step 'numbers flow'
start server "$top_builddir/tests/lib/http_sink" port="$port"
wait_for 'the server' is_listening "$port"
write_config 0
sed -i -e '/store:/d' -e 's/durable: yes/durable: no/' "$file"
daemon
wait_for 'the daemon' is_ready
wait_for 'the first numbers' has numbered 500
# what was said before the receiver was there, on a route that is not durable
early=$(report missing)

step 'the route is durable from a reload on, which opens the store'
write_config 0
sed -i -e '/store:/d' "$file"
ctl reload >"$work/reload.log" 2>&1 || fail "reload: $(cat "$work/reload.log")"
wait_for 'a store' has_store
wait_for 'more numbers' has numbered 2000
tell daemon TERM
ended daemon
write_config 0
daemon
wait_for 'the daemon' is_ready

step 'the server refuses, the daemon is killed and started anew, five times'
for ((n = 1; n <= 5; n++)); do
	plan 'mode=status&status=503'
	before=$(published)
	wait_for 'some more to be said' has_said $((before + RANDOM % 3000))
	tell daemon KILL
	ended daemon 2>/dev/null
	daemon
	wait_for 'the daemon' is_ready
	plan 'mode=ok'
done

step 'one command says how full, how long, what was lost'
plan 'mode=status&status=503'
before=$(published)
wait_for 'some more to be said' has_said $((before + 1000))
ctl store >"$work/page" || fail 'no page'
grep -Eq '^full: +[0-9]+ %, .* of 64.0 MiB; the oldest is [0-9]+ s old$' "$work/page" || fail "how full? $(cat "$work/page")"
grep -Eq '^lasts: +[0-9.]+ (s|min|h|days) more at ' "$work/page" ||
	fail "how long? $(cat "$work/page")"
grep -Eq '^cloud +behind .* not at this pace$' "$work/page" || fail "who? $(cat "$work/page")"
grep -q '^Nothing was lost since the start' "$work/page" || fail "lost? $(cat "$work/page")"
grep -Eq '^last end: +killed; [0-9]+ batches .* within 10 ms$' "$work/page" ||
	fail "the last end? $(cat "$work/page")"
step 'a reload that fails drops nothing, though it would have'
cp "$file" "$work/good.yaml"
sed -i -e 's/size: 64MiB/size: 32MiB/' -e '/cloud/d' -e '/^routes:/d' \
	-e 's/^instances:/&\n  bad: {module: faulty, fault: start}/' "$file"
! ctl reload >"$work/reload.log" 2>&1 || fail 'it was taken'
grep -q 'the old configuration goes on' "$work/reload.log" ||
	fail "reload: $(cat "$work/reload.log")"
cp "$work/good.yaml" "$file"
ctl --json store | grep -q '"bytes_max":67108864,' || fail 'the limits were changed'
! has_logged daemon 'is not durable any more' || fail 'the cursor was dropped'
wait_for 'the daemon' is_ready
step 'a reload changes the limits of the store, and nobody is restarted'
sed -i 's/size: 64MiB/size: 32MiB, age: 2d/' "$file"
ctl reload >"$work/reload.log" 2>&1 || fail "reload: $(cat "$work/reload.log")"
grep -q '0 instances changed' "$work/reload.log" || fail "reload: $(cat "$work/reload.log")"
ctl --json store | grep -q '"bytes_max":33554432,' || fail 'not the new size'
plan 'mode=ok'

step 'the last number is said, and all arrive'
last=$(($(published) + 20000))
write_config "$last"
ctl reload >"$work/reload.log" 2>&1 || fail "reload: $(cat "$work/reload.log")"
wait_for 'the last number' has_said "$last"
wait_for 'all of them at the server' has numbered $((last * tags - early))
stop daemon
[ "$status" -eq 0 ] || fail "the daemon ended with $status"
stop server
grep -q "\"missing\":$early," "$work/server.log" || fail 'numbers are missing'
grep -q '"malformed":0' "$work/server.log" || fail 'malformed'
tail -n 1 "$work/server.log"
