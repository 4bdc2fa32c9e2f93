#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/sparkplug-conformance.md says what the conformance tests have checked.
set -euo pipefail

made=$(mktemp)
trap 'rm -f "$made"' EXIT
bash "${top_srcdir:?}/scripts/sparkplug-conformance" "${top_builddir:?}" >"$made"
if ! diff -u "$top_srcdir/docs/sparkplug-conformance.md" "$made"; then
	echo "FAILED: make the page again: scripts/sparkplug-conformance $top_builddir" >&2
	exit 1
fi
