#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The module that docs/module-guide.md shows compiles without a warning and
# exports one symbol: third parties copy it.
# shellcheck source=tests/contract/tree.bash
. "$(dirname "$0")/tree.bash"

warnings=(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)

# shellcheck disable=SC2016 # the text is looked for as it stands
sed -n '/^```c$/,/^```$/{/^```/!p}' docs/module-guide.md >"$faults.c"
if ! grep -q EW_MODULE "$faults.c"; then
	fault docs/module-guide.md 'shows no module'
elif ! text=$("${CC:-cc}" -std=c11 "${warnings[@]}" -shared -fPIC -fvisibility=hidden \
	-I include -o "$faults.so" "$faults.c" 2>&1); then
	fault docs/module-guide.md 'shows a module that does not compile'
	echo "$text" | head -n 20 >&2
elif [ "$(nm -D --defined-only "$faults.so" | grep -c .)" != 1 ]; then
	fault docs/module-guide.md 'shows a module that exports more than ew_module'
fi
rm -f "$faults.c" "$faults.so"
finish
