#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The rehearsal: modules that keep births, send through a window and control,
# among four storms, on loops that run. See rehearsal/host.c.
# Arguments: the source tree, the build tree.
build=${2:-${top_builddir:-.}}
exec timeout 300 "$build/tests/contract/rehearsal/host" "$build/tests/contract/rehearsal/.libs"
