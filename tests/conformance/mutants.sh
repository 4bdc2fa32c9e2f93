#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Does the judge see anything? Each line of mutants.tsv is a fault: one file is
# compiled with it, the conformance test of the edge node, or of the host, is
# linked with that and run, and the requirement that the line names must be broken. A fault that
# is not seen is a failure, and so is one that does not compile or changes
# nothing.
set -euo pipefail
src=${top_srcdir:?run by make check} build=${top_builddir:?run by make check}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
table=$src/tests/conformance/mutants.tsv

# value NAME: a variable of the Makefile
value() {
	MAKEFLAGS='' make -s --no-print-directory -C "$build" print VAR="$1"
}
cd "$build" # the flags have paths from there
read -ra compile <<<"${CC:?} $(value DEFS) $(value AM_CPPFLAGS) $(value CPPFLAGS) $(value AM_CFLAGS) $(value CFLAGS)"
read -ra link <<<"$(value AM_LDFLAGS)"
compile+=(-O0 -U_FORTIFY_SOURCE -w)
declare -A objects_of
for test in edge host; do
	objects_of[$test]=$(value "tests_conformance_${test}_OBJECTS")
done

# mutant NUMBER: one line of the table
mutant() {
	local id path edit fault objects object base=$work/$1
	local test=edge module=modules/sparkplug library=libedge
	IFS=$'\t' read -r id path edit fault < <(sed -n "$1p" "$table")
	sed "$edit" "$src/$path" >"$base.c"
	if cmp -s "$base.c" "$src/$path"; then
		echo "line $1: changes nothing: $fault"
		return 1
	fi
	if [[ $path == modules/sparkplug_host/* ]]; then
		test=host module=modules/sparkplug_host library=libhost
	fi
	objects=("$base.o")
	for object in ${objects_of[$test]}; do # what the faulty one stands for is left out
		[[ $object == "${path%/*}"/*-"$(basename "$path" .c).o" ]] || objects+=("$object")
	done
	if ! "${compile[@]}" -c -o "$base.o" "$base.c" >"$base.log" 2>&1; then
		echo "line $1: does not compile: $fault"
		cat "$base.log"
		return 1
	fi
	"${compile[@]}" "${link[@]}" -o "$base.test" "${objects[@]}" \
		"$build/$module/.libs/$library.a" \
		"$build/tests/conformance/.libs/libjudge.a" -lprotobuf-c \
		"$build/.libs/libedgeway-test.so" -Wl,-rpath,"$build/.libs" -lcmocka -lm \
		>>"$base.log" 2>&1 || { cat "$base.log"; return 1; }
	EW_CONFORMANCE_LOG=$base.checked timeout -k 1 60 "$base.test" >"$base.log" 2>&1 || true
	if ! grep -q "^$id broken " "$base.checked" 2>/dev/null; then
		echo "line $1: survives, $id is not broken: $fault"
		return 1
	fi
	rm -f "$base".*
}

mapfile -t lines < <(awk '!/^#/ { print NR }' "$table")
[ "${#lines[@]}" -ge 160 ] || { echo "FAILED: only ${#lines[@]} faults" >&2; exit 1; }
if [ -n "${EW_MUTANTS:-}" ]; then # by hand: only the lines that match
	mapfile -t lines < <(awk '!/^#/ && $0 ~ ENVIRON["EW_MUTANTS"] { print NR }' "$table")
fi
failed=0
for line in "${lines[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do
		wait -n || failed=$((failed + 1))
	done
	mutant "$line" &
done
for job in $(jobs -p); do
	wait "$job" || failed=$((failed + 1))
done
echo "${#lines[@]} faults, $failed not found, $SECONDS s"
[ "$failed" -eq 0 ]
