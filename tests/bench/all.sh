#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# all.sh BENCH...: run them one after the other, and say in one table in the end what
# is asked, what was measured, and whether it was reached. Fails when something
# was missed, or a bench did not come to its end. In the build tree; "make bench".
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

for bench in "$@"; do
	echo "== $bench"
	command=("./$bench")
	[[ $bench == *.sh ]] && command=(bash "${top_srcdir:?}/$bench")
	"${command[@]}" 2>&1 | tee "$work/rows"
	ended=${PIPESTATUS[0]}
	name=${bench##*/}
	sed -n "/ asked [<>]= /s/^ */$(printf '%-18s' "$name")/p" "$work/rows" >>"$work/table"
	if [ "$ended" -ne 0 ]; then
		status=1
		grep -q ' MISSED$' "$work/rows" ||
			printf '%-18s %s\n' "$name" "failed with status $ended" >>"$work/table"
	fi
done

printf '\n%-18s%-48s %10s %19s %-5s %-15s %s\n' bench what median 'p10 .. p90' unit asked verdict
cat "$work/table"
exit "$status"
