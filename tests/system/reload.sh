#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Reload after reload while numbered samples flow: the 49 instances that do not
# change are not stopped, not started, and lose nothing; nothing grows. As many
# reloads as $RELOADS says; soak_reload.sh runs a thousand.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"

reloads=${RELOADS:-240}
pairs=24
# threads come and go: one arena and no caches of threads, so that only what is
# not freed shows
export MALLOC_ARENA_MAX=1 GLIBC_TUNABLES=glibc.malloc.tcache_count=0
# KiB; AddressSanitizer has memory of its own for each thread that ever was, so
# there only much more tells; what is not freed its leak check finds in the end
growth=256
if grep -q __asan_init "$top_builddir/.libs/libedgeway.so"; then
	growth=65536
fi

take_modules numbers checker example

# write_config CHANGING ROUTE: 24 pairs, what comes and goes, the route to the
# last checker; the 49 others are always the same
write_config() {
	local i
	{
		echo 'version: 1'
		echo 'gateway: {name: test}'
		echo 'instances:'
		for ((i = 1; i <= pairs; i++)); do
			echo "  n$i: {module: numbers, every: 3ms}"
			echo "  c$i: {module: checker}"
		done
		echo '  other: {module: checker}'
		[ -z "$1" ] || echo "  $1"
		echo 'routes:'
		for ((i = 1; i <= pairs; i++)); do
			echo "  - {from: [n$i], to: [c$i], full: block, queue: {batches: 64}}"
		done
		echo "  - {to: [other], $2}"
	} >"$file"
}

# change NUMBER: one of four changes
change() {
	case $(($1 % 4)) in
	0) write_config 'x: {module: example, device: left}' \
		'from: [x], tags: ["left:*"]' ;;
	1) write_config 'x: {module: example, device: right}' \
		'from: [x], tags: ["*:Temp*"]' ;;
	2) write_config 'x: {module: example, device: right, every: 50ms}' \
		'from: [x], tags: ["*:Temp*"], report: exception' ;;
	3) write_config '' 'from: [n1], tags: ["none:*"]' ;;
	esac
}

reload() {
	change "$1"
	ctl reload >"$work/reload.log" 2>&1 || fail "reload $1: $(cat "$work/reload.log")"
}

# the checker has something of every pair
all_flow() {
	local i
	for ((i = 1; i <= pairs; i++)); do
		[ "$(report_of "c$i" | field highest)" -gt "${1:-0}" ] || return 1
	done
}

step 'fifty instances, numbers flow'
change 0
daemon
# a queue takes memory as it is used the first time round
wait_for 'all to flow, once round their queues' all_flow 1100

step "$reloads reloads"
: >"$work/uses"
for ((n = 1; n <= reloads; n++)); do
	reload "$n"
	if ((n % 4 == 0)); then
		echo "$n $(uses) $(ctl --json tags | wc -l)" >>"$work/uses"
	fi
done

step 'nobody else noticed'
highest=$(report_of c1 | field highest)
wait_for 'the numbers to go on' all_flow "$highest"
for ((i = 1; i <= pairs; i++)); do
	report=$(report_of "c$i")
	for name in lost again told_lost changed; do
		[ "$(field $name <<<"$report")" -eq 0 ] || fail "c$i: $report"
	done
	[ "$(field declared <<<"$report")" -eq 4 ] || fail "c$i: $report"
	[ "$(field synced <<<"$report")" -eq 1 ] || fail "c$i: $report"
	for name in "numbers/n$i" "checker/c$i"; do
		[ "$(grep -c "$name: started" "$work/daemon.log")" -eq 1 ] ||
			fail "$name was started again"
		! has_logged daemon "$name: stop" || fail "$name was stopped"
	done
done

step 'nothing grew'
# the first half fills pools and caches. Memory goes up and down with what is under
# way: its highest values are compared. A connection of edgewayctl or a thread may
# be on its way out: of these the lowest.
awk -v half=$((reloads / 2)) -v limit="$growth" '
	{
		h = $1 > half
		if (!(h in rss)) { rss[h] = $2; fds[h] = $3; threads[h] = $4; tags[h] = $5 }
		rss[h] = $2 > rss[h] ? $2 : rss[h]
		fds[h] = $3 < fds[h] ? $3 : fds[h]
		threads[h] = $4 < threads[h] ? $4 : threads[h]
		tags[h] = $5 < tags[h] ? $5 : tags[h]
	}
	END {
		printf "first half: RSS up to %d KiB, %d fds, %d threads, %d tags; second: %d, %d, %d, %d\n",
			rss[0], fds[0], threads[0], tags[0], rss[1], fds[1], threads[1], tags[1]
		exit rss[1] - rss[0] > limit || fds[1] > fds[0] || threads[1] > threads[0] ||
		     tags[1] != tags[0]
	}' "$work/uses" || fail "$(cat "$work/uses")"

step 'it ends in order'
stop daemon
[ "$status" -eq 0 ] || fail "it ended with $status"
