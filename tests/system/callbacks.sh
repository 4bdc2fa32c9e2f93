#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A module that crashes or hangs, in each of its callbacks: the next start names
# instance and callback; a hang is named and holds up nobody else.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules example faulty

# what each is called in the log
declare -A names=([timer]='timer fuse' [post]='post nudge' [query]='post query')
for place in open start reload stop close device tag batch event write answered; do
	names[$place]=$place
done

# config LINE...: a plain neighbour, one that works, and these
config() {
	{
		echo 'version: 1'
		echo 'gateway: {name: test}'
		echo 'limits: {hang_after: 50ms, stop_timeout: 1s}'
		echo 'instances:'
		echo '  a: {module: example}'
		echo '  works: {module: faulty, after: 20ms}'
		printf '  %s\n' "$@"
		echo 'access:'
		printf '%s\n' "$@" | sed -E 's/^([^:]*):.*/  \1: {write: ["**:*"]}/'
	} >"$file"
}

# is_settled: each runs, has failed or is lost
is_settled() {
	ctl --json status | grep -q '"state":"running"'
}

# provoke PLACE NAME: what does not come by itself
provoke() {
	case $1 in
	query) ctl ask "$2" >"$work/ask.log" 2>&1 || true ;;
	reload)
		sed -i "s/^  $2: {module: faulty/&, turn: 1/" "$file"
		ctl reload >"$work/reload.log" 2>&1 || true
		;;
	stop | close) tell daemon TERM ;;
	esac
}

step 'a crash in each callback is put down to it'
for place in "${!names[@]}"; do
	config "$place: {module: faulty, fault: crash, in: $place, after: 20ms}"
	daemon
	case $place in
	query | reload | stop | close) wait_for "$place to run" is running "$place" ;;
	esac
	provoke "$place" "$place"
	ended daemon
	[ "$status" -eq 139 ] || fail "$place: it ended with $status, not by SIGSEGV"
done
config 'last: {module: faulty}'
daemon
wait_for 'the last to run' is running last
for place in "${!names[@]}"; do
	has_logged daemon "faulty/$place: crashed the last run: signal 11 .* in ${names[$place]}" ||
		fail "nobody says that ${names[$place]} crashed"
done

step 'hangs in all callbacks are named, and hold up nobody'
lines=()
for place in "${!names[@]}"; do
	lines+=("$place: {module: faulty, fault: hang, in: $place, after: 20ms}")
done
stop daemon
config "${lines[@]}"
daemon
wait_for 'the others to be settled' is_settled
for place in query reload; do
	provoke "$place" "$place" &
done
for place in "${!names[@]}"; do
	case $place in
	stop | close) ;;
	*)
		wait_for "${names[$place]} to be named" has_logged daemon \
			"faulty/$place: ${names[$place]} running for"
		;;
	esac
done
ctl write room:Setpoint 21 >"$work/write.log" || fail 'a write to another instance'
stop daemon
[ "$status" -eq 0 ] || fail "it ended with $status"
for place in "${!names[@]}"; do
	has_logged daemon "faulty/$place: callback '${names[$place]}' has not returned .* -> lost" ||
		fail "${names[$place]} is not lost"
done
for name in example/a faulty/works; do
	has_logged daemon "$name: .* -> closed" || fail "$name was not closed"
done
