#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The daemon is killed, stopped and reloaded at no particular moment while
# numbered samples flow into a durable route: what its source was told to be
# durable arrives, in order, and no more than what was under way comes twice.
# $RELIABILITY_TIMES is how often each fault is tried.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
# shellcheck source=tests/lib/far_end.bash
. "$top_srcdir/tests/lib/far_end.bash"

times=${RELIABILITY_TIMES:-3}
take_modules numbers http_uplink
sections=('store: {size: 64MiB, sync: 10ms}')
first=1

# some: of the numbers to come, at no particular moment
some() {
	wait_for 'samples to flow' has_more $(($(tally numbered) + RANDOM % 100 * tags + tags))
}

kill_daemon() {
	stop daemon KILL 2>/dev/null
}

restart_daemon() {
	stop daemon
	[ "$status" -eq 0 ] || fail "the daemon ended with $status"
	start_daemon
}

step 'daemon killed'
start_far_end
write_config
daemon
# besides the request under way, what the source was not told of
again_each=$((2 * records))
for ((n = 1; n <= times; n++)); do
	some
	kill_daemon
	start_daemon
done
some
judge 'daemon killed' "$times"
end_far_end

step 'daemon killed with the server away'
start_far_end
write_config
daemon
for ((n = 1; n <= times; n++)); do
	some
	stop link KILL 2>/dev/null
	more $((RANDOM % 500 + 1))
	kill_daemon
	start_daemon
	more $((RANDOM % 500 + 1))
	start_link
done
judge 'daemon killed with the server away' "$times"
end_far_end

step 'daemon stopped and started'
again_each=$records
start_far_end
write_config
daemon
for ((n = 1; n <= times; n++)); do
	some
	restart_daemon
done
some
judge 'daemon stopped and started' "$times"
end_far_end

step 'reload of the receiver under load'
start_far_end
write_config
daemon
for ((n = 1; n <= times * 5; n++)); do
	delay=${n}ms
	requests=$((n % 2 + 1)) # another number opens it anew
	some
	write_config
	ctl reload >"$work/reload.log" 2>&1 || fail "$(cat "$work/reload.log")"
done
some
judge 'reload of the receiver' $((times * 5))
end_far_end
