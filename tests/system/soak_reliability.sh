#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The reliability scenarios over and over, each fault up to ten times a round.
set -euo pipefail

seconds=${SOAK_SECONDS:?}
end=$((SECONDS + seconds))
# a round in which each is tried once takes a minute and a half
times=$((seconds / 90))
times=$((times < 1 ? 1 : times > 10 ? 10 : times))
# up to an hour without time
offline=$((seconds / 20))
offline=$((offline < 2 ? 2 : offline > 3600 ? 3600 : offline))
while :; do
	for scenario in "${top_srcdir:?}"/tests/system/reliability_*.sh; do
		RELIABILITY_TIMES=$times OFFLINE_SECONDS=$offline bash "$scenario"
		offline=2
	done
	[ "$SECONDS" -lt "$end" ] || break
done
