#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Disks that fail, fill up, run out of inodes, turn read-only, lose what was not
# synced, and damage what was, while numbered samples flow into a durable route:
# the daemon goes on; what its source was told to be durable arrives, in order,
# or the ledger says to the sample what does not.
# $RELIABILITY_TIMES is how often each fault is tried.
# shellcheck source=tests/lib/own_mounts.bash
. "${top_srcdir:?}/tests/lib/own_mounts.bash"
# shellcheck source=tests/lib/scenario.bash
. "$top_srcdir/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
# shellcheck source=tests/lib/far_end.bash
. "$top_srcdir/tests/lib/far_end.bash"
# shellcheck source=tests/lib/faults.bash
. "$top_srcdir/tests/lib/faults.bash"

times=${RELIABILITY_TIMES:-1}
take_modules numbers http_uplink
first=1
disk=$work/disk
store=$disk/store
mkdir "$disk"

# write_store WORDS: of the store's section; segments of 256 KiB
write_store() {
	sections=("store: {path: $store, size: 16MiB, sync: 10ms${1:+, $1}}")
}

is_store() {
	ctl --json store | grep -q "\"state\":\"$1\""
}
is_ailing() {
	! is_store good
}

# begin TEXT: a far end and a daemon, and samples flow
begin() {
	step "$1"
	rm -rf "$store"
	start_far_end
	write_config
	daemon
	flow
}

flow() {
	wait_for 'samples to flow' has_more $(($(tally numbered) + 1000))
}

# is_live: the backlog is read, and what is lost in it told
is_live() {
	ctl --json store | grep -q '"receiver":"cloud","is":"live"'
}

go_away() {
	stop link KILL 2>/dev/null
}

kill_daemon() {
	stop daemon KILL 2>/dev/null
}

# ---- calls that fail ----

# try FAULT WORD...: faults, with the server away; then the daemon is killed, so
# that all comes from the disk
try() {
	local fault=$1 n
	shift
	begin "$fault"
	for ((n = 1; n <= times; n++)); do
		go_away
		more $((RANDOM % 500 + 1))
		faults "$@"
		wait_for 'the store to say so' is_ailing
		more $((RANDOM % 500 + 1))
		faults open=none allocate=none write=none sync=none
		wait_for 'the store to be well' is_store good
		more $((RANDOM % 500 + 1))
		kill_daemon
		start_daemon
		start_link
		flow
	done
	judge "$fault" "$times"
	end_far_end
}

fault_daemons
write_store ''
burst=5
# killed while it drains: the request under way, and what was answered after the
# cursor was put on disk last
again_each=$((40 * records))
try 'sync fails: EIO, and what it should write is gone' sync=EIO,3
try 'write fails: EIO, after half of it' write=EIO,3
try 'write fails: ENOSPC' write=ENOSPC,5
try 'disk turns read-only: EROFS' open=EROFS allocate=EROFS write=EROFS sync=EROFS

begin 'power cut'
for ((n = 1; n <= times * 3; n++)); do
	go_away
	more $((RANDOM % 1000 + 1))
	kill_daemon
	faults "cut=$store"
	start_daemon
	more $((RANDOM % 1000 + 1))
	start_link
	flow
done
is_torn=1
judge 'power cut: half of the sectors not synced are gone' $((times * 3))
# shellcheck disable=SC2034 # of far_end.bash
is_torn=0
end_far_end

# ---- a disk that fills up ----

# stands: nothing is published any more
stands() {
	local now
	now=$(published)
	stood=$((now == stood_at ? stood + 1 : 0))
	stood_at=$now
	[ "$stood" -ge 10 ]
}
stood=0
stood_at=0

# wait_out FAULT USE OPTIONS: of a tmpfs; with the server there, then away until
# the source waits
wait_out() {
	local fault=$1 use=$2 n
	mount_disk -t tmpfs -o "$3" tmpfs
	begin "$fault"
	for ((n = 1; n <= times; n++)); do
		$use
		wait_for 'the store to say so' is_store 'no space'
		flow
		go_away
		wait_for 'the source to wait' stands
		free_disk
		wait_for 'the store to be well' is_store good
		more 1000
		start_link
		wait_for 'the backlog to be read' is_live # or the disk fills up with it
	done
	judge "$fault" "$times"
	end_far_end
	umount "$disk"
}

again_each=$records # the request under way
burst=10
write_store 'when_full: drop_newest'
wait_out 'disk full and freed; the source waits' use_space size=8m
wait_out 'out of inodes and freed; the source waits' use_inodes size=8m,nr_inodes=64

# gave_up WHAT COUNT: so many, says the store in its first line
gave_up() {
	[ "$(ctl --json store | head -n 1 |
		sed -nE "s/.*\"$1\":([0-9]+).*/\\1/p")" -ge "$2" ]
}

# run_over FAULT WHAT COUNT: the source does not wait; the store counts so many
run_over() {
	local fault=$1 n
	mount_disk -t tmpfs -o size=8m tmpfs
	begin "$fault"
	for ((n = 1; n <= times; n++)); do
		go_away
		more 20000
		use_space
		wait_for 'something to be lost' gave_up "$2" "$3"
		free_disk
		wait_for 'the store to be well' is_store good
		more 1000
		start_link
		wait_for 'the backlog to be read' is_live
		stop_daemon # begin to count anew
		start_daemon
		flow
	done
	judge "$fault" "$times"
	end_far_end
	umount "$disk"
}

# when the link goes, and when the daemon stops
again_each=$((2 * records))
full=drop_oldest
run_over 'disk full and freed; the newest is dropped' refused 100
write_store ''
run_over 'disk full and freed; the oldest is dropped' lost_samples 200000

# ---- damage ----

# harm FAULT HOW: to a backlog of some segments, while the daemon is down
harm() {
	local fault=$1 n
	begin "$fault"
	for ((n = 1; n <= times; n++)); do
		go_away
		more 12000
		stop_daemon
		$2
		start_daemon
		more 1000
		start_link
		wait_for 'the backlog to be read' is_live
		stop_daemon
		start_daemon
		flow
	done
	judge "$fault" "$times"
	end_far_end
}

segments() {
	find "$store" -name '*.seg' | sort
}
flip_some() {
	local file
	for file in $(segments); do
		flip_bytes "$file" $((RANDOM % 3))
	done
}
# the last with data; a small one that repeats what it ends with comes behind it
last_segment() {
	segments | tail -n 2 | head -n 1
}
flip_header() {
	head -c 96 "$(last_segment)" >"$work/header"
	flip_bytes "$work/header" 1
	dd if="$work/header" of="$(last_segment)" conv=notrunc status=none
}
tear_last() {
	tear_tail "$(last_segment)"
}

harm 'bytes of segments flipped while it is down' flip_some
harm 'header of a segment flipped while it is down' flip_header
harm 'tail of the last segment torn while it is down' tear_last
