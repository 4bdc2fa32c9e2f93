#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The boundary as the linker sees it: libedgeway.so exports the functions that
# include/edgeway declares and core/libedgeway.map lists, a module exports its
# descriptor and nothing else, and no module uses what is for edgewayd only.
# Arguments: the source tree, the build tree.
# shellcheck source=tests/contract/tree.bash
. "$(dirname "$0")/tree.bash"
build=${2:-${top_builddir:-.}}
work=$(mktemp -d)
trap 'rm -rf "$work" "$faults"' EXIT

# map_names NODE: the names that this node of the map lists
map_names() {
	sed -e 's:/\*.*\*/::' core/libedgeway.map | tr '\n' ' ' | tr '}' '\n' |
		sed -n "s/^;* *$1 *{\(.*\)/\1/p" | tr -s ' :;\t' '\n' |
		{ grep -vxE 'global|local|\*|' || true; } | LC_ALL=C sort
}

# exported FILE [NODE]: the names a shared object defines, of one symbol node.
# Sanitizers add names of their own, which start with two underscores.
exported() {
	nm -D --defined-only --with-symbol-versions "$1" |
		awk '$2 != "A" { print $3 }' | { grep -v '^__' || true; } |
		sed -n "s/${2:+@@*$2}\$//p" | LC_ALL=C sort
}

# functions that a public header declares for modules to call
declared() {
	for header in include/edgeway/*.h; do
		echo "#include <${header#include/}>"
	done | "${CC:-cc}" -std=c11 -I include -E -P -x c - | tr '\n' ' ' |
		tr ';{}' '\n' | grep -F 'visibility("default")' |
		sed 's/__attribute__((visibility("default")))//' |
		{ grep -oE '\<ew_[a-z0-9_]+ *\(' || true; } |
		tr -d ' (' | LC_ALL=C sort -u
}

# every function declared there, with the mark or without
prototypes() {
	ctags -x --language-force=C --kinds-C=p --_xformat=%N \
		-I EW_API,EW_EXPORT,EW_CHECKED,EW_PRINTF+ \
		include/edgeway/*.h | { grep '^ew_' || true; } | LC_ALL=C sort -u
}

# differ A B TEXT-FOR-ONLY-IN-A TEXT-FOR-ONLY-IN-B
differ() {
	LC_ALL=C comm -23 "$work/$1" "$work/$2" | sed "s|^|$3: |" | faults_from
	LC_ALL=C comm -13 "$work/$1" "$work/$2" | sed "s|^|$4: |" | faults_from
}

library=$build/.libs/libedgeway.so
map_names EW_0 >"$work/map"
map_names EW_PRIVATE >"$work/map-private"
declared >"$work/declared"
prototypes >"$work/prototypes"
exported "$library" EW_0 >"$work/exported"
exported "$library" EW_PRIVATE >"$work/exported-private"
exported "$library" | sed 's/@.*//' >"$work/all"
LC_ALL=C sort "$work/map" "$work/map-private" >"$work/map-all"

differ prototypes declared 'a public header declares without EW_API' \
	'declared, and not seen as a function'
differ declared map 'declared, not in the map' \
	'in the map, not declared in include/edgeway'
differ map exported 'in the map, not defined' 'exported, not in the map'
differ map-private exported-private 'private in the map, not defined' \
	'exported as private, not in the map'
differ all map-all 'exported outside the nodes' 'not exported'

for module in "$build"/modules/.libs/*.so; do
	[ -e "$module" ] || continue
	names=$(exported "$module" | tr '\n' ' ')
	if [ "$names" != 'ew_module ' ]; then
		fault "$module" "exports '$names', not ew_module alone"
	fi
	if nm -D --undefined-only --with-symbol-versions "$module" |
		grep -q '@EW_PRIVATE'; then
		fault "$module" 'uses a function that is for edgewayd only'
	fi
done
finish
