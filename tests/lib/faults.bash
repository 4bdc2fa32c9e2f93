# SPDX-License-Identifier: Apache-2.0
# A daemon whose disk and clock fail when told. Sourced behind daemon.bash.
# shellcheck shell=bash
: "${work:?}" "${build:?}"

# faults WORD...: of tests/lib/faults
faults() {
	"$build/tests/lib/faults" "$work/faults" "$@"
}

# fault_daemons: what `daemon` starts from now on has this disk and this clock
fault_daemons() {
	faults
	# shellcheck disable=SC2034 # of daemon.bash
	daemon_under=(env "EW_FAULTS=$work/faults"
		"LD_PRELOAD=$build/tests/lib/.libs/preload_faults.so"
		"ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0")
}

# has_failed CALL COUNT: so many calls
has_failed() {
	[ "$(faults "hits=$1")" -ge "$2" ]
}

# flip_bytes FILE COUNT: each at no particular place
flip_bytes() {
	local size at byte i
	size=$(stat -c %s "$1")
	for ((i = 0; i < $2; i++)); do
		at=$(((RANDOM * 32768 + RANDOM) % size))
		byte=$(od -An -t u1 -j "$at" -N 1 "$1")
		printf '%b' "\\x$(printf %02x $((byte ^ (RANDOM % 255 + 1))))" |
			dd of="$1" bs=1 seek="$at" conv=notrunc status=none
	done
}

# tear_tail FILE: some of its last bytes are gone
tear_tail() {
	truncate -s -$((RANDOM % 20000 + 1)) "$1"
}
