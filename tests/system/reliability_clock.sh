#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A clock that is wrong, that is turned back and forth, and that comes to know the
# time long after the start, while numbered samples flow into a durable route: none
# is lost, none out of order, and the times are right where they can be.
# $RELIABILITY_TIMES is how often each fault is tried, $OFFLINE_SECONDS how long a
# gateway is without time.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
# shellcheck source=tests/lib/far_end.bash
. "$top_srcdir/tests/lib/far_end.bash"
# shellcheck source=tests/lib/faults.bash
. "$top_srcdir/tests/lib/faults.bash"

times=${RELIABILITY_TIMES:-1}
offline=${OFFLINE_SECONDS:-2}
take_modules numbers http_uplink
fault_daemons
first=1
# one more tag: the monotonic time, by which the server knows what time is right
mono=yes

flow() {
	wait_for 'samples to flow' has_more $(($(tally numbered) + 1000))
}

# clock_is yes|no: known good
clock_is() {
	ctl --json status | grep -q "\"clock_valid\":$1"
}

# has_passed SECONDS: since the step began
has_passed() {
	[ $((SECONDS - since)) -ge "$1" ]
}

# times_are_right: of all that came, to 100 ms, and none says that it is not known
times_are_right() {
	[ "$(tally clock_unset)" -eq 0 ] || fail "$(tally clock_unset) samples without a time"
	[ "$(tally clock_error)" -lt 100000000 ] ||
		fail "a time is wrong by $(tally clock_error) ns"
}

# killed: at no particular moment
killed() {
	more $((RANDOM % 500 + 1))
	stop daemon KILL 2>/dev/null
	start_daemon
	more $((RANDOM % 500 + 1))
}

# without_time FAULT HOW: a boot in 1970; the time comes while it runs, or is down
without_time() {
	local fault=$1
	step "$fault"
	for ((n = 1; n <= times; n++)); do
		rm -rf "$work/state"
		start_far_end
		faults clock=1970 ntp=no
		write_config
		since=$SECONDS
		daemon
		wait_for 'numbers to be published' is_published 100
		killed
		stop_daemon
		start_daemon
		patience=$((patience + offline)) \
			wait_for "$offline s without time" has_passed "$offline"
		[ "$(tally numbered)" -eq 0 ] || fail 'something was sent without time'
		$2
		wait_for 'the clock to be good' clock_is true
		flow
		times_are_right
		judge "$fault" 1
		end_far_end
	done
}
know_time() {
	faults clock=0 ntp=yes
}
know_time_later() {
	stop_daemon
	know_time
	start_daemon
}

sections=('store: {size: 64MiB, sync: 10ms, clock_wait: 1d}')
again_each=0
without_time 'boot in 1970, the time is known long after' know_time
without_time 'boot in 1970, the time is known while it is down' know_time_later

# turned FAULT SECONDS: again and again, each further
turned() {
	local fault=$1 n
	step "$fault"
	know_time
	start_far_end
	write_config
	daemon
	for ((n = 1; n <= times; n++)); do
		flow
		stop link KILL 2>/dev/null
		more 20000
		faults "clock=$((n * $2))"
		more 40000 # the store looks for what is old
		start_link
		wait_for 'the backlog to come' has_come "$(published)"
	done
	judge "$fault" "$times"
	end_far_end
}

# what is older than a day goes; segments are small, so that some are closed
sections=('store: {size: 16MiB, sync: 10ms, age: 1d}')
again_each=$records
burst=20
turned 'clock stepped forwards by a week' 604800
turned 'clock stepped backwards by a week' -604800
