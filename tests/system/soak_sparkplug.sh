#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A hundred kills of broker, edge and host, or more for a longer soak.
KILLS=$((${SOAK_SECONDS:?} > 300 ? SOAK_SECONDS / 2 : 100)) \
	exec bash "${top_srcdir:?}/tests/system/sparkplug_kills.sh"
