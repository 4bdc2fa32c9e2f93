#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A thousand reloads, or more for a longer soak.
RELOADS=$((${SOAK_SECONDS:?} > 300 ? SOAK_SECONDS * 4 : 1000)) \
	exec bash "${top_srcdir:?}/tests/system/reload.sh"
