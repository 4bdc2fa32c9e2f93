#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each check of this folder accepts a small sound tree and refuses that tree
# with one fault in it. A check that cannot fail says nothing.
set -euo pipefail
contract=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wrong=0
licence='SPDX-License-Identifier: Apache-2.0'

# put FILE: writes stdin below its licence line
put() {
	mkdir -p "$(dirname "$1")"
	{ echo "/* $licence */" && cat; } >"$1"
}

sound_tree() {
	mkdir -p include/edgeway core/base core/conf modules/a .libs modules/.libs
	put include/edgeway/module.h <<-'END'
		#ifndef EDGEWAY_MODULE_H
		#define EDGEWAY_MODULE_H
		#include <stdint.h>
		#define EW_API __attribute__((visibility("default")))
		#ifdef __cplusplus
		extern "C" {
		#endif
		/*
		 * Says what time it is.
		 *
		 * Thread:  any
		 * Owner:   nothing
		 * Errors:  none
		 */
		EW_API int64_t ew_now(void);
		#ifdef __cplusplus
		}
		#endif
		#endif
	END
	put core/libedgeway.map <<-'END'
		EW_0 {
			global: ew_now;
			local: *;
		};
		EW_PRIVATE {
			global: ew_main;
		};
	END
	put core/base/now.c <<-'END'
		#include <edgeway/module.h>
		int64_t ew_now(void)
		{
			return 1;
		}
		EW_API int ew_main(void);
		int ew_main(void)
		{
			return 0;
		}
	END
	put core/conf/yaml.c <<<'#include <yaml.h>'
	put modules/a/a.c <<-'END'
		#include <edgeway/module.h>
		extern const int ew_module;
		EW_API const int ew_module = 1;
	END
	printf '#!/bin/bash\n# %s\ntrue\n' "$licence" >run.sh
}

# link the library and the module of the tree
link() {
	"${CC:-cc}" -shared -fPIC -fvisibility=hidden -I include \
		-Wl,--version-script=core/libedgeway.map \
		-o .libs/libedgeway.so core/base/*.c
	"${CC:-cc}" -shared -fPIC -fvisibility=hidden -I include \
		-o modules/.libs/a.so modules/a/*.c -L.libs -ledgeway
}

# in_tree FUNCTION: a fresh sound tree, changed by FUNCTION
in_tree() {
	rm -rf "$work/tree"
	mkdir "$work/tree"
	cd "$work/tree"
	sound_tree
	"$1"
}

# in_linked_tree CHECK FUNCTION: for a check that looks at what was linked, too
in_linked_tree() {
	in_tree "$2"
	if [ "$1" = exports ]; then
		link
	fi
}

accept() {
	in_linked_tree "$1" true
	if ! bash "$contract/$1.sh" "$PWD" "$PWD" >"$work/out" 2>&1; then
		echo "$1 refuses a sound tree:"
		cat "$work/out"
		wrong=$((wrong + 1))
	fi
}

# refuse CHECK FUNCTION TEXT: CHECK fails on the tree and its output has TEXT
refuse() {
	in_linked_tree "$1" "$2"
	if bash "$contract/$1.sh" "$PWD" "$PWD" >"$work/out" 2>&1; then
		echo "$1 accepts $2"
		wrong=$((wrong + 1))
	elif ! grep -qF -- "$3" "$work/out"; then
		echo "$1 refuses $2 for another reason than '$3':"
		cat "$work/out"
		wrong=$((wrong + 1))
	fi
}

for check in layering headers exports limits calls prose text scripts; do
	accept "$check"
done

base_includes_conf() { put core/base/b.c <<<'#include "core/conf/c.h"'; }
bus_includes_api() { put core/bus/b.c <<<'#include "core/api/c.h"'; }
module_includes_core() { put modules/a/b.c <<<'#include "core/base/list.h"'; }
module_includes_module() { put modules/a/b.c <<<'#include "modules/b/b.h"'; }
proto_includes_contract() { put proto/b.c <<<'#include <edgeway/module.h>'; }
header_includes_stdio() { put include/edgeway/b.h <<<'#include <stdio.h>'; }
core_includes_tests() { put core/base/b.c <<<'#include "tests/lib/x.h"'; }
includes_by_dots() { put core/conf/b.c <<<'#include "../base/b.h"'; }
unknown_folder() { put core/misc/b.c <<<'#include <stdio.h>'; }
yaml_in_base() { put core/base/b.c <<<'#include <yaml.h>'; }
yaml_in_two_files() { put core/conf/b.c <<<'#include <yaml.h>'; }
refuse layering base_includes_conf 'core/base may not include core/conf'
refuse layering bus_includes_api 'core/bus may not include core/api'
refuse layering module_includes_core 'modules/a may not include core/base'
refuse layering module_includes_module 'modules/a may not include modules/b'
refuse layering proto_includes_contract 'proto may not include'
refuse layering header_includes_stdio 'a public header may not include'
refuse layering core_includes_tests 'write the path from the top'
refuse layering includes_by_dots 'write the path from the top'
refuse layering unknown_folder 'no rule for the folder core/misc'
refuse layering yaml_in_base '<yaml.h> belongs to core/conf'
refuse layering yaml_in_two_files '<yaml.h> is included by'

header_needs_another() { put include/edgeway/b.h <<<'uint8_t ew_x;'; }
header_not_cxx() { put include/edgeway/b.h <<<'enum e { class };'; }
header_not_guarded() { put include/edgeway/b.h <<<'struct ew_b { int a; };'; }
header_not_c11() { put include/edgeway/b.h <<<'struct ew_b { int a[0]; };'; }
refuse headers header_needs_another 'include/edgeway/b.h'
refuse headers header_not_cxx '-std=c++11'
refuse headers header_not_guarded 'include/edgeway/b.h'
refuse headers header_not_c11 '-std=c11'

declared_only() {
	put include/edgeway/b.h <<-'END'
		#include <edgeway/module.h>
		EW_API int ew_lost(int a);
	END
}
declared_without_mark() {
	put include/edgeway/b.h <<<'int ew_unmarked(int a);'
}
mapped_only() { sed -i 's/ew_now;/ew_now; ew_ghost;/' core/libedgeway.map; }
mapped_undeclared() {
	mapped_only
	put core/base/b.c <<-'END'
		#include <edgeway/module.h>
		EW_API int ew_ghost(void);
		int ew_ghost(void) { return 0; }
	END
}
exported_by_pattern() { sed -i 's/ew_main;/ew_m*;/' core/libedgeway.map; }
module_exports_two() {
	put modules/a/b.c <<-'END'
		#include <edgeway/module.h>
		EW_API int a_helper(void);
		int a_helper(void) { return 0; }
	END
}
module_exports_none() { put modules/a/a.c <<<'extern int a_x;'; }
module_uses_private() {
	put modules/a/b.c <<-'END'
		int ew_main(void);
		int a_call(void);
		__attribute__((visibility("hidden"))) int a_call(void)
		{
			return ew_main();
		}
	END
}
refuse exports declared_only 'declared, not in the map: ew_lost'
refuse exports declared_without_mark 'declares without EW_API: ew_unmarked'
refuse exports mapped_only 'in the map, not defined: ew_ghost'
refuse exports mapped_undeclared 'not declared in include/edgeway: ew_ghost'
refuse exports exported_by_pattern 'exported as private, not in the map: ew_main'
refuse exports module_exports_two "exports 'a_helper ew_module '"
refuse exports module_exports_none "exports ''"
refuse exports module_uses_private 'for edgewayd only'

# repeat COUNT LINE
repeat() { seq "$1" | sed "s|.*|$2|"; }
function_of() {
	printf 'int f%s(int a);\nint f%s(int a)\n{\n' "$1" "$1"
	repeat "$1" '	a = a + 1;'
	printf '\treturn a;\n}\n'
}
long_file() { put core/base/b.c < <(repeat 600 'extern int ew_x;'); }
long_line() {
	put core/base/b.c < <(printf '/*\t\t\t\t\t\t\t\t\t\t\t\tpast the hundredth column */\n')
}
long_function() { put core/base/b.c < <(function_of 120); }
long_on_the_whole() { put core/base/b.c < <(function_of 95); }
many_inputs() {
	put core/base/b.c <<-'END'
		int f(int a, int b, int c, int d, int e, int g);
		int f(int a, int b, int c, int d, int e, int g)
		{
			return a + b + c + d + e + g;
		}
	END
}
refuse limits long_file '601 lines, more than 600'
refuse limits long_line 'columns, more than 100'
refuse limits long_function 'more than 120'
refuse limits long_on_the_whole 'more than 1 in 100'
refuse limits many_inputs 'f has 6 inputs, more than 5'

# call TEXT FILE: a function that makes this call, in a file
call() {
	put "$2" <<-END
		#include <stdlib.h>
		#include <string.h>
		#include <unistd.h>
		int f(char *a, const char *b);
		int f(char *a, const char *b)
		{
			return a != b && $1;
		}
	END
}
copies() { call 'strcpy(a, b) != NULL' core/base/b.c; }
parses_leniently() { call 'atoi(b)' core/base/b.c; }
sleeps_in_core() { call 'usleep(1)' core/base/b.c; }
sleeps_in_test() { call 'sleep (1)' tests/unit/test_b.c; }
script_sleeps() {
	mkdir -p tests/system
	printf '#!/bin/bash\n# %s\ntrue; sleep 1\n' "$licence" >tests/system/x.sh
}
refuse calls copies 'writes without a bound'
refuse calls parses_leniently 'accepts anything'
refuse calls sleeps_in_core 'wait on a loop'
refuse calls sleeps_in_test 'wait on a loop'
refuse calls script_sleeps 'wait for a condition'
only_spoken_of() {
	put core/base/b.c <<-'END'
		/* strcpy(a, b) would be wrong here,
		 * and so would usleep(1) */
		extern const char b[];
		const char b[] = "atoi(\"1\")"; // sprintf(b)
	END
}
in_tree only_spoken_of
bash "$contract/calls.sh" "$PWD" || wrong=$((wrong + 1))

silent_on_errors() { sed -i '/Errors:/d' include/edgeway/module.h; }
no_comment() {
	put include/edgeway/b.h <<-'END'
		#include <edgeway/module.h>

		EW_API int64_t ew_now(void);
	END
}
# documented GAP: two functions below one comment, with GAP between them
documented() {
	put include/edgeway/b.h <<-END
		/*
		 * Both.
		 *
		 * Thread:  any
		 * Owner:   nothing
		 * Errors:  none
		 */
		EW_API int ew_a(int a,
				int b);
		${1}EW_API int ew_b(void);
	END
}
after_a_blank() { documented $'\n'; }
together() { documented ''; }
in_tree together
bash "$contract/prose.sh" "$PWD" || wrong=$((wrong + 1))
refuse prose silent_on_errors 'without Errors'
refuse prose no_comment 'without comment'
refuse prose after_a_blank 'without comment: EW_API int ew_b'

no_licence() { echo 'extern int x;' >core/base/b.c; }
names_a_machine() { echo 'see /ro''ot/notes' >README.md; }
unfinished() { put core/base/b.c <<<'/* TO''DO: the rest */'; }
blank_end() { put core/base/b.c <<<'extern int x; '; }
refuse text no_licence 'no SPDX'
refuse text names_a_machine 'a path of one machine'
refuse text unfinished 'unfinished'
refuse text blank_end 'blank at the end'

# shellcheck disable=SC2016 # the fault is in the text
unquoted() { printf '#!/bin/bash\n# %s\nrm $1/*\n' "$licence" >run.sh; }
refuse scripts unquoted 'SC2086'

echo "$wrong checks that do not check"
[ "$wrong" -eq 0 ]
