#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A third party's view: edgeway is installed, the source tree is not there. The
# example module is built with what pkg-config says and nothing else, loads,
# and is tested with libedgeway-test.
# Arguments: the source tree, the build tree.
# shellcheck source=tests/contract/tree.bash
. "$(dirname "$0")/tree.bash"
build=$(cd "${2:-${top_builddir:-.}}" && pwd)
source=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work" "$faults"' EXIT

if ! make -C "$build" install DESTDIR="$work/root" >"$work/install.out" 2>&1; then
	tail -20 "$work/install.out" >&2
	fault install 'make install DESTDIR=... failed'
	finish
fi
pc=$(find "$work/root" -name edgeway.pc)
export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$work/root
ask() { pkg-config "$@"; }

# a copy, so that nothing of the tree is found by accident
cp "$source/modules/example/example.c" "$source/tests/modules/test_example.c" \
	"$source/tests/modules/test_kit.c" "$work"
cd "$work"
read -ra flags <<<"-std=c11 -Wall -Wextra -Wpedantic -Werror -fPIC -fvisibility=hidden"
read -ra cflags <<<"$(ask --cflags edgeway)"
read -ra libs <<<"$(ask --libs edgeway)"

# sanitized libraries ask for the sanitizers' run time
sanitize=()
if nm -D "$build/.libs/libedgeway.so" | grep -q ' U __[ut]san_\| U __asan_'; then
	list=$(sed -n 's/^EW_SANITIZE_CFLAGS = *//p' "$build/Makefile")
	read -ra sanitize <<<"$list"
fi

"${CC:-cc}" "${flags[@]}" "${sanitize[@]}" -shared -Wl,-z,defs "${cflags[@]}" \
	-o example.so example.c "${libs[@]}" 2>cc.out ||
	fault example.c "does not build: $(cat cc.out)"
names=$(nm -D --defined-only example.so | awk '$2 != "A" { print $3 }' | { grep -v '^__' || true; })
[ "$names" = ew_module ] || fault example.so "exports '$names', not ew_module alone"

lib=$(dirname "$(find "$work/root" -name 'libedgeway.so' | head -1)")
said=$(LD_LIBRARY_PATH=$lib "$build/tests/contract/loader/try_load" "$work" example)
[ "$said" = 'loaded example 1.0' ] || fault example.so "$said"

# a module that reaches into core does not link
printf '%s\n' 'void loop_new(void);' 'void f(void);' 'void f(void) { loop_new(); }' >reach.c
if "${CC:-cc}" -shared -fPIC -Wl,-z,defs -o reach.so reach.c "${libs[@]}" 2>/dev/null; then
	fault reach.c 'a hidden function of core can be linked'
fi

read -ra cflags <<<"$(ask --cflags edgeway-test)"
read -ra libs <<<"$(ask --libs edgeway-test)"
# is_tested TEST SOURCE...: built of them with the kit, it passes
is_tested() {
	local name=$1
	shift
	if "${CC:-cc}" "${flags[@]}" "${sanitize[@]}" "${cflags[@]}" -o "$name" "$@" \
		"${libs[@]}" -lcmocka 2>cc.out; then
		LD_LIBRARY_PATH=$lib "./$name" >test.out 2>&1 || fault "$name.c" "$(tail -5 test.out)"
	else
		fault "$name.c" "does not build: $(cat cc.out)"
	fi
}
is_tested test_example test_example.c example.c
is_tested test_kit test_kit.c # with the disk
cd "$source"
finish
