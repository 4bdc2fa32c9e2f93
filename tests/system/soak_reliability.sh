#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The reliability scenarios over and over, each fault ten times a round.
set -euo pipefail

end=$((SECONDS + ${SOAK_SECONDS:?}))
while [ "$SECONDS" -lt "$end" ]; do
	for scenario in "${top_srcdir:?}"/tests/system/reliability_*.sh; do
		RELIABILITY_TIMES=10 bash "$scenario"
	done
done
