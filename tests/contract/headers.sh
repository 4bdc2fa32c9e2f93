#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each public header compiles alone and twice, as C11 and as C++11, without a
# warning. A third party may use either.
# shellcheck source=tests/contract/tree.bash
. "$(dirname "$0")/tree.bash"

warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wundef -Werror)

# try NAME COMPILER...: compiles stdin
try() {
	local name=$1 text
	shift
	if ! text=$("$@" "${warnings[@]}" -I include -fsyntax-only - 2>&1); then
		fault "$name" "refused by: $*"
		echo "$text" | head -n 20 >&2
	fi
}

for header in include/edgeway/*.h; do
	name=${header#include/}
	printf '#include <%s>\n#include <%s>\n' "$name" "$name" >"$faults.c"
	try "$header" "${CC:-cc}" -std=c11 -Wshadow -Wstrict-prototypes -x c <"$faults.c"
	try "$header" "${CXX:-c++}" -std=c++11 -x c++ <"$faults.c"
done
rm -f "$faults.c"
finish
