# SPDX-License-Identifier: Apache-2.0
# Numbered samples through a real daemon to a server that keeps a tally, over a
# link that can be broken: the ground of the reliability scenarios. Sourced
# behind scenario.bash and daemon.bash.
# shellcheck shell=bash
: "${work:?}" "${file:?}" "${build:?}"

tags=8
# the first number; without a store what is said before there is a route goes nowhere
first=any
records=400     # most samples of a request: what may come twice after a fault

# start_far_end [KEY=VALUE...]: the server (options of http_sink) and the link
# shellcheck disable=SC2120 # most need none
start_far_end() {
	sink_port=$(free_port)
	link_port=$(free_port)
	start_sink "$@"
	start_link
}

# start_sink [KEY=VALUE...]: after it was killed too, when it keeps a journal
# shellcheck disable=SC2120 # most need none
start_sink() {
	start sink "$build/tests/lib/http_sink" "port=$sink_port" "first=$first" "$@"
	wait_for 'the server' is_listening "$sink_port"
}

# start_link [TARGET...]: after it was killed too
# shellcheck disable=SC2120 # the first time there is none
start_link() {
	start link "$build/tests/lib/relay" "$link_port" "$sink_port" "$@"
	wait_for 'the link' is_listening "$link_port"
}

# plan KEY=VALUE[&...]: what the server does from now on
plan() {
	curl -sf -m 5 "${curl_options[@]}" "$scheme://127.0.0.1:$sink_port/control?$1" \
		>"$work/plan.out"
}
scheme=http
curl_options=()

# tally NAME: a number of the server's report
tally() {
	curl -sf -m 5 "${curl_options[@]}" "$scheme://127.0.0.1:$sink_port/control" |
		sed -nE "s/.*\"$1\":([0-9]+).*/\\1/p"
}

# write_config: numbers go to the server; sections and instance_lines are further
# lines of the file and of the server's instance
write_config() {
	{
		echo 'version: 1'
		echo 'gateway: {name: test}'
		[ ${#sections[@]} -eq 0 ] || printf '%s\n' "${sections[@]}"
		echo 'instances:'
		echo "  n: {module: numbers, tags: $tags, every: 1ms, burst: $burst, repeat: yes, mono: $mono}"
		echo '  cloud:'
		echo '    module: http_uplink'
		echo "    url: $scheme://127.0.0.1:$link_port/in"
		echo "    batch: {records: $records, delay: $delay}"
		echo "    requests: $requests"
		echo '    connect_timeout: 500ms'
		echo '    timeout: 2s'
		echo '    stall: 1s'
		echo '    retry: {min: 20ms, max: 200ms}'
		[ "$scheme" = https ] || echo '    plaintext: yes'
		[ ${#instance_lines[@]} -eq 0 ] || printf '    %s\n' "${instance_lines[@]}"
		echo 'routes:'
		echo "  - {from: [n], to: [cloud], full: $full}"
	} >"$file"
}
sections=()
instance_lines=()
delay=5ms
requests=1
burst=1
mono=no
full=block

# place INDEX: of the source's file: 0 the number published last, 1 the last it was
# told to be durable
place() {
	od -A n -t u8 -j $(($1 * 8)) -N 8 "$work/state/instances/n/place" | tr -d ' '
}
published() {
	place 0
}

# start_daemon: says again what it was not told to be durable; so many may come twice
resaid=0
start_daemon() {
	if [ -e "$work/state/instances/n/place" ]; then
		resaid=$((resaid + ($(place 0) - $(place 1)) * tags))
	fi
	daemon
}

# more NUMBERS: so many are published, whether they come or not
is_published() {
	[ -e "$work/state/instances/n/place" ] && [ "$(published)" -ge "$1" ]
}
more() {
	wait_for "numbers to be published" is_published $(($(published) + $1))
}

# has_come NUMBER
has_come() {
	[ "$(tally highest)" -ge "$1" ]
}

# has_more COUNT: so many samples came
has_more() {
	[ "$(tally numbered)" -ge "$1" ]
}

# ledger_told: numbered samples that the daemon says are lost, of all reasons, since
# it started; the monotonic time is one more in each batch
ledger_told() {
	local lost
	lost=$(ctl --json ledger | grep '"from":"n","to":"cloud"' |
		grep -oE '"lost_[a-z_]+":[0-9]+' | awk -F: '{ n += $2 } END { print n + 0 }')
	[ "$mono" = no ] || lost=$((lost * tags / (tags + 1)))
	echo "$lost"
}

# stop_daemon: in order; what it told to be lost is kept in $told
told=0
stop_daemon() {
	told=$((told + $(ledger_told)))
	stop daemon
	[ "${status:?}" -eq 0 ] || fail "the daemon ended with $status"
}

# 1: of what was not synced some has survived behind what has not, and comes first
is_torn=0

# judge FAULT TIMES: all that was published came, in order, but what the daemon
# tells to be lost; repeats only of what was under way; a line for the table
judge() {
	local fault=$1 times=$2 last missing reordered again silent may
	last=$(published)
	wait_for 'the last number to arrive' has_come "$last"
	stop_daemon
	[ "$(tally tags)" -eq "$tags" ] || fail "$fault: $(tally tags) tags of $tags"
	missing=$(tally missing)
	reordered=$(tally reordered)
	again=$(tally duplicates)
	silent=$((missing > told ? missing - told : 0))
	may=$((times * again_each + resaid))
	printf 'result|%s|%s|%s|%s|%s|%s\n' "$fault" "$times" $(($(tally numbered) + missing)) \
		$((missing - silent)) "$silent" "$again" | tee -a "${RELIABILITY_RESULTS:-/dev/null}"
	# it says which they are
	[ "$silent" -eq 0 ] || stop sink
	[ "$silent" -eq 0 ] || fail "$fault: $missing samples are lost, $told told to be"
	# what the source said again may have been lost before, and then came late
	[ "$told" -le $((missing + resaid)) ] ||
		fail "$fault: $told samples told to be lost, $missing are"
	[ "$reordered" -le $((told > 0 || is_torn ? resaid : 0)) ] ||
		fail "$fault: $reordered samples out of order"
	[ "$(tally malformed)" -eq 0 ] || fail "$fault: bodies that cannot be read"
	[ "$again" -le "$may" ] || fail "$fault: $again samples came twice, $may may"
	told=0
	resaid=0
}
# one request
again_each=$records

# end_far_end: link and server; the next scenario begins afresh
end_far_end() {
	stop link KILL 2>/dev/null
	stop sink
	rm -rf "$work/state"
}
