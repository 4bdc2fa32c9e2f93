# SPDX-License-Identifier: Apache-2.0
# Uplinks in a scenario: tests/lib/uplink_driver, its lines and its answers.
# Sourced behind scenario.bash.
# shellcheck shell=bash

# start_uplink NAME [OPTION=VALUE...]: once it is ready for lines
start_uplink() {
	local name=$1
	shift
	: >"${work:?}/$name.log"
	rm -f "$work/$name.fifo"
	mkfifo "$work/$name.fifo"
	start "$name" "${top_builddir:?}/tests/lib/uplink_driver" \
		"$work/$name.fifo" "$@"
	wait_for "$name to be ready" has_logged "$name" '^ready$'
}

# say NAME LINE: to the driver
say() {
	printf '%s\n' "$2" >"$work/$1.fifo"
}

# expect NAME PATTERN: waits for a line of the driver
expect() {
	wait_for "$1: $2" has_logged "$1" "$2"
}

# count_of NAME PATTERN
count_of() {
	grep -cE -- "$2" "$work/$1.log" || true
}

# expect_count NAME PATTERN COUNT: waits for so many lines
has_count() {
	[ "$(count_of "$1" "$2")" -ge "$3" ]
}
expect_count() {
	wait_for "$1: $3 x $2" has_count "$@"
}

# status_is NAME PATTERN: asks now
status_is() {
	local before
	before=$(count_of "$1" '^status ')
	say "$1" status
	wait_for "the status of $1" has_count "$1" '^status ' $((before + 1))
	grep '^status ' "$work/$1.log" | tail -n 1 | grep -qE -- "$2"
}

# expect_status NAME PATTERN: waits until the status is so
expect_status() {
	wait_for "$1: status $2" status_is "$1" "$2"
}

# comes_before NAME FIRST SECOND: the first line like FIRST is above the first
# like SECOND
comes_before() {
	local first second
	first=$(grep -nE -m1 -- "$2" "$work/$1.log" | cut -d: -f1) || true
	second=$(grep -nE -m1 -- "$3" "$work/$1.log" | cut -d: -f1) || true
	if [ -z "$first" ] || [ -z "$second" ] || [ "$first" -ge "$second" ]; then
		fail "$1: '$2' (line ${first:-none}) is not before '$3' (line ${second:-none})"
	fi
}

# stop_uplink NAME: it must end by itself, without an error
stop_uplink() {
	say "$1" quit
	ended "$1"
	[ "${status:?}" -eq 0 ] || fail "$1 ended with $status"
}
