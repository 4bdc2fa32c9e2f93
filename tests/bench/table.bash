# SPDX-License-Identifier: Apache-2.0
# The rows of the table that bench.c prints, for scripts. Sourced; a script ends
# with `exit "$missed"`.
# shellcheck shell=bash
missed=0

# row NAME VALUE UNIT [MOST]
row() {
	local verdict=ok
	if [ -z "${4:-}" ]; then
		printf '%-48s %10.2f %19s %s\n' "$1" "$2" '' "$3"
		return
	fi
	if ! awk "BEGIN { exit !($2 <= $4) }"; then
		verdict=MISSED
		# shellcheck disable=SC2034 # for the script
		missed=1
	fi
	printf '%-48s %10.2f %19s %-5s asked <= %-6s %s\n' "$1" "$2" '' "$3" "$4" "$verdict"
}
