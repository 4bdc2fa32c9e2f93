#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The unit file: systemd understands every line of it, and the sandbox is tight.
# systemd-analyze ends well when it only warns, so its words are looked at.
# shellcheck source=tests/lib/scenario.bash disable=SC2154
. "$top_srcdir/tests/lib/scenario.bash"

unit=$work/edgewayd.service
sed -e "s|^\(Exec[A-Za-z]*=\)[^ ]*|\1/bin/true|" -e 's/^Documentation=.*//' \
	"$top_builddir/packaging/systemd/edgewayd.service" >"$unit"

step 'every key is known'
systemd-analyze verify "$unit" >"$work/verify" 2>&1 ||
	fail "verify: $(cat "$work/verify")"
if grep -F "$unit" "$work/verify"; then
	fail 'systemd complains of the unit'
fi

step 'exposure is at most 1.5 of 10'
systemd-analyze security --no-pager --offline=true --threshold=15 "$unit" \
	>"$work/security" 2>&1 || fail "$(tail -n 1 "$work/security")"
tail -n 1 "$work/security"
