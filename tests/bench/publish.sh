#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What ew_publish() calls in the running daemon, with the simulator as fast as
# it can: every call below the publish path is counted by callgrind, which
# collects nothing elsewhere. First the pool of blocks gets warm: the queues are
# short, so that they have soon been full. BENCH_WARM_UP and
# BENCH_BATCHES are how many it then publishes, and how many are counted.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
# shellcheck source=tests/bench/table.bash
. "$top_srcdir/tests/bench/table.bash"

patience=300 # for a daemon under valgrind
take_modules simulator checker
cat >"$file" <<'END'
version: 1
gateway: {name: bench}
instances:
  plant: {module: simulator, every: 0s, count: 10}
  one: {module: checker}
  two: {module: checker}
routes:
  - {from: [plant], to: [one], full: block, queue: {batches: 32}}
  - {from: [plant], to: [two], full: drop_oldest, queue: {batches: 32}}
END

# the program itself, not libtool's script around it
export LD_LIBRARY_PATH=$build/.libs
start daemon valgrind --tool=callgrind --log-file=/dev/null --instr-atstart=no \
	--toggle-collect=endpoint_publish --compress-strings=no \
	--callgrind-out-file="$work/calls" "$build/.libs/edgewayd" --module-dir "$modules" \
	--state-dir "$work/state" --run-dir "$work/run" "$file"
wait_for 'the daemon' has_logged daemon 'ready after'
pid=$(pid_of daemon)

# control OPTION...
control() {
	callgrind_control "$@" "$pid" >>"$work/control.log" 2>&1
}

# calls PATTERN: how often functions of such names were called, by all dumps since `first`
calls() {
	find "$work" -name 'calls.[0-9]*' | sed 's/.*\.//' | awk -v first="$first" '$1 >= first' |
		sed "s|^|$work/calls.|" | xargs -r cat | awk -v pattern="^cfn=($1)(@.*)?\$" '
		$0 ~ /^cfn=/ { is_one = $0 ~ pattern }
		is_one && /^calls=/ { sub("calls=", ""); sum += $1 }
		END { print sum + 0 }'
}

# has_published COUNT: the daemon answers nobody while it is so slow, but it dumps
# what it has counted since the last dump
# shellcheck disable=SC2317 # wait_for calls it
has_published() {
	control --dump
	[ "$(calls block_take)" -ge "$1" ]
}

first=1
control -i on
wait_for 'the pool to be warm' has_published "${BENCH_WARM_UP:-300}"
first=$(($(find "$work" -name 'calls.[0-9]*' | wc -l) + 1))
wait_for 'batches to be counted' has_published "${BENCH_BATCHES:-500}"

row 'batches published in the daemon' "$(calls block_take)" ''
row '   allocations' "$(calls '(malloc|calloc|realloc|aligned_alloc)')" '' 0
row '   hashes' "$(calls 'hash_.*|text_hash')" '' 0
kernel='write|read|mmap|munmap|brk|mprotect|futex|__lll_lock_wait|epoll.*|ioctl|send.*|recv.*'
woken=$(calls loop_wake)
row '   system calls but to wake a receiver' "$(($(calls "$kernel") - woken))" '' 0
row '      times that one was woken' "$woken" ''
exit "$missed"
