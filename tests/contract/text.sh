#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every source starts with its licence and a word on what it is; no text names
# the machine it was written on, or leaves a mark of unfinished work.
# shellcheck source=tests/contract/tree.bash
. "$(dirname "$0")/tree.bash"

mapfile -t files < <(tree_files | grep -vE '/corpus/|\.(pem|png|xz|deb)$')
mapfile -t sources < <(printf '%s\n' "${files[@]}" |
	{ grep -E '\.([chly]|sh|bash|awk|py|m4|ac|am|inc|map|proto|yaml)$|^scripts/|^\.ci/' || true; } |
	{ grep -vE '^scripts/packages$' || true; })

for file in "${sources[@]}"; do
	if ! head -n 2 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0'; then
		fault "$file:1" 'no SPDX-License-Identifier: Apache-2.0'
	fi
done

# look PATTERN WHY FILE...
look() {
	local pattern=$1 why=$2
	shift 2
	[ $# -gt 0 ] || return 0
	{ grep -nHIE "$pattern" "$@" || true; } | cut -c1-160 |
		sed "s|\$|   <- $why|" | faults_from
}

# the bracket keeps this file from naming what it looks for
look '(^|[^A-Za-z0-9_.}/])/(roo[t]|hom[e]/[a-z]+|wor[k]|build[s])/' \
	'a path of one machine' "${files[@]}"
look '\<(TOD[O]|FIXM[E]|XX[X]|HAC[K])\>' 'unfinished' "${files[@]}"
look $'[ \t]+$' 'blank at the end of the line' "${sources[@]}"
look $'\r' 'a carriage return' "${sources[@]}"
finish
