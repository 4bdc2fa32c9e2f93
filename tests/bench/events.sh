#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A page of 1,000 events, each with a record whose number the consumer checks,
# while the daemon takes 5,000 more a second, with the journal synced at 50 ms.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"

take_modules events numbers
port=$(free_port)
cat >"$file" <<END
version: 1
gateway: {name: bench}
http: {listen: "127.0.0.1:$port", anonymous: operator}
routes: [{from: [n], to: [ev]}]
instances:
  n: {module: numbers, tags: 1, every: 1ms, burst: 5}
  ev: {module: events, samples: yes, size: 1GiB, page_bytes: 4MiB}
END
daemon
wait_for 'the daemon' has_logged daemon 'ready after'
curl -sSo "$work/first" "http://127.0.0.1:$port/api/events?consumer=bench"
sleep "${BENCH_SECONDS:-20}"
"$build/tests/bench/pages" "$port" 100 1000 2
