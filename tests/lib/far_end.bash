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
	start sink "$build/tests/lib/http_sink" "port=$sink_port" "first=$first" "$@"
	wait_for 'the server' is_listening "$sink_port"
	start_link
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
		echo "  n: {module: numbers, tags: $tags, every: 1ms, repeat: yes}"
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
		echo "  - {from: [n], to: [cloud], full: block}"
	} >"$file"
}
sections=()
instance_lines=()
delay=5ms
requests=1

# published: the number that was published last
published() {
	od -A n -t u8 -N 8 "$work/state/instances/n/place" | tr -d ' '
}

# has_come NUMBER
has_come() {
	[ "$(tally highest)" -ge "$1" ]
}

# has_more COUNT: so many samples came
has_more() {
	[ "$(tally numbered)" -ge "$1" ]
}

# judge FAULT TIMES: all that was published came, in order, repeats only of what
# was under way; a line for the table
judge() {
	local fault=$1 times=$2 last missing reordered again
	last=$(published)
	wait_for 'the last number to arrive' has_come "$last"
	stop daemon
	[ "${status:?}" -eq 0 ] || fail "the daemon ended with $status"
	[ "$(tally tags)" -eq "$tags" ] || fail "$fault: $(tally tags) tags of $tags"
	missing=$(tally missing)
	reordered=$(tally reordered)
	again=$(tally duplicates)
	printf 'result|%s|%s|%s|%s|%s\n' "$fault" "$times" \
		$(($(tally numbered) + missing)) "$missing" "$again" | tee -a "${RELIABILITY_RESULTS:-/dev/null}"
	[ "$missing" -eq 0 ] || fail "$fault: $missing samples are lost"
	[ "$reordered" -eq 0 ] || fail "$fault: $reordered samples out of order"
	[ "$(tally malformed)" -eq 0 ] || fail "$fault: bodies that cannot be read"
	[ "$again" -le $((times * again_each)) ] ||
		fail "$fault: $again samples came twice, $((times * again_each)) may"
}
# one request
again_each=$records

# end_far_end: link and server; the next scenario begins afresh
end_far_end() {
	stop link KILL 2>/dev/null
	stop sink
	rm -rf "$work/state"
}
