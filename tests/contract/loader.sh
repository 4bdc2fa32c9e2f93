#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The loader refuses what it must, and says what it found, what it expected and
# what to do. Each refusal has a shared object of its own, built here.
# Arguments: the source tree, the build tree.
# shellcheck source=tests/contract/tree.bash
. "$(dirname "$0")/tree.bash"
build=${2:-${top_builddir:-.}}
work=$(mktemp -d)
trap 'rm -rf "$work" "$faults"' EXIT
dir=$work/modules
mkdir "$dir"

# build FILE [FLAG...]: the module of loader/bad.c as FILE
build() {
	local file=$1
	shift
	"${CC:-cc}" -std=c11 -w -shared -fPIC -fvisibility=hidden -I include \
		-o "$file" "$@" tests/contract/loader/bad.c
}

# answer EXPECTED NAME [DIRECTORIES]: loading NAME says EXPECTED, a glob
answer() {
	local said
	said=$("$build/tests/contract/loader/try_load" "${3:-$dir}" "$2")
	# shellcheck disable=SC2053 # the right side is a pattern
	if [[ $said != $1 ]]; then
		fault "$2" "said \"$said\", expected \"$1\""
	fi
}

# refuse EXPECTED FLAG...: a module built with the flags is refused so
refuse() {
	local expected=$1
	shift
	rm -f "$dir/bad.so"
	build "$dir/bad.so" "$@"
	answer "$dir/bad.so: $expected" bad
}

build "$dir/bad.so"
answer 'loaded bad 1.0' bad

# the file
answer "'Bad' is no name of a module, expected \[a-z\]*" Bad
answer "'../bad' is no name of a module, *" ../bad
answer "no module 'zebra': zebra.so is not in $dir: install it there" zebra
answer "no module 'bat': bat.so is not in $dir, $work/more: did you mean 'bad'[?]" \
	bat "$dir:$work/more"
mkdir "$work/more" && cp "$dir/bad.so" "$work/more"
answer "module 'bad' is there twice: found $dir/bad.so and $work/more/bad.so, expected one: *" \
	bad "$dir:$work/more"
echo 'no module' >"$dir/text.so"
answer "$dir/text.so: not a shared object: found no ELF header, expected *" text
head -c 40 "$dir/bad.so" >"$dir/short.so"
answer "$dir/short.so: not a shared object: the file ends in its header, *" short
{ printf '\177ELF\1\1\1'; head -c 57 /dev/zero; } >"$dir/small.so"
answer "$dir/small.so: built for a 32-bit machine, expected 64-bit: *" small
"${CC:-cc}" -std=c11 -w -c -fPIC -I include -o "$dir/object.so" tests/contract/loader/bad.c
answer "$dir/object.so: not a shared object: ELF type 1, expected 3: *" object
head -c 2000 "$dir/bad.so" >"$dir/cut.so"
answer "$dir/cut.so: the file is cut: it has 2000 bytes and its segment * lies beyond: *" cut
mkdir "$dir/folder.so"
answer "$dir/folder.so: cannot be read: *" folder
refuse 'needs what this edgeway does not have (undefined symbol: bad_missing): *' -DBAD_SYMBOL

# the descriptor
refuse "exports no symbol 'ew_module', expected one: *" -DBAD_HIDDEN
printf 'const char ew_module[4] = "abc";\n' >"$work/tiny.c"
"${CC:-cc}" -shared -fPIC -o "$dir/tiny.so" "$work/tiny.c"
answer "$dir/tiny.so: its symbol 'ew_module' has 4 bytes, expected *" tiny
refuse 'magic is 0x00000007, expected 0x4557304d: define *' '-DBAD_FIELDS=.magic=7'
version=$(sed -nE 's/^#define EW_ABI_(MAJOR|MINOR) +([0-9]+)$/\2/p' \
	include/edgeway/module.h | paste -sd.)
refuse "built for contract 0.99, this edgeway has $version: *" '-DBAD_FIELDS=.abi_minor=99'
refuse "built for contract 3.${version#*.}, this edgeway has $version: *" '-DBAD_FIELDS=.abi_major=3'
newer=$work/newer.c
sed 's/^\tBAD_FIELDS$/.size = sizeof(struct ew_module) + 8,/' tests/contract/loader/bad.c |
	sed 's/^const struct ew_module ew_module = {/struct newer { struct ew_module m; long x; };\
EW_EXPORT const struct newer newer __asm__("ew_module") = { .m = {/' |
	sed 's/^EW_EXPORT extern .*//; $s/};/} };/' >"$newer"
"${CC:-cc}" -std=c11 -w -shared -fPIC -I include -o "$dir/newer.so" "$newer"
answer "$dir/newer.so: built for a newer edgeway: its descriptor has * bytes, this edgeway's *" \
	newer
refuse 'its descriptor says it has 9999 bytes, its symbol has *' '-DBAD_FIELDS=.size=9999'
refuse 'its descriptor says it has 24 bytes, expected at least *' '-DBAD_FIELDS=.size=24'
rm "$dir/bad.so"
build "$dir/bad.so" '-DBAD_FIELDS=.size=offsetof(struct ew_module, device), .write=(void*)1'
answer 'loaded bad 1.0' bad

# rows
refuse 'built for a newer edgeway: an option row has 4096 bytes, *' \
	'-DBAD_FIELDS=.option_size=4096'
refuse 'built for a newer edgeway: a metric row has 4096 bytes, *' \
	'-DBAD_FIELDS=.metric_size=4096'
refuse 'an option row has 8 bytes, expected at least *' '-DBAD_FIELDS=.option_size=8'
refuse '.settings_size is 0, expected 1 to *' '-DBAD_FIELDS=.settings_size=0'
refuse ".options row 1 ('text') lies outside its struct: *" '-DBAD_FIELDS=.settings_size=8' \
	'-DBAD_OPTIONS=EW_OPTION(struct bad_settings, text),'
refuse ".options row 1 ('loud') is there twice: *" \
	'-DBAD_OPTIONS=EW_OPTION(struct bad_settings, loud),'
refuse ".options row 1 ('x') has a type that this edgeway does not know: *" \
	'-DBAD_OPTIONS={.name="x", .type=99},'
refuse ".options row 1 ('') has no name: *" '-DBAD_OPTIONS={.type=EW_OPTION_BOOL},'
refuse ".options row 1 ('x') has flags that this edgeway does not know: *" \
	'-DBAD_OPTIONS={.name="x", .type=EW_OPTION_BOOL, .flags=0x80},'
refuse ".options row 1 ('x') has no words: *" '-DBAD_OPTIONS={.name="x", .type=EW_OPTION_ENUM},'
refuse ".options row 1 ('x') has no table of its own" \
	'-DBAD_OPTIONS={.name="x", .type=EW_OPTION_TABLE},'
refuse '.ring is a table in a table more than 8 deep' \
	'-DBAD_OPTIONS={.member="ring", .type=EW_OPTION_TABLE, .rows=bad_options},'
refuse ".metrics row 0 ('seen') does not fit its kind: *" \
	'-DBAD_METRICS={.name="seen", .help="x"},'
refuse ".metrics row 0 ('Seen_total') has a name that is not *" \
	'-DBAD_METRICS={.name="Seen_total", .help="x"},'
refuse ".metrics row 0 ('seen_total') has no help: *" '-DBAD_METRICS={.name="seen_total"},'
refuse ".metrics row 0 ('size') is a histogram without 1 to 16 bounds" \
	'-DBAD_METRICS={.name="size", .kind=EW_HISTOGRAM, .help="x"},'
refuse ".metrics row 1 ('a_total') is there twice" \
	'-DBAD_METRICS={.name="a_total", .help="x"}, {.name="a_total", .help="x"},'
refuse ".questions row 1 ('How') has a word that is not *" \
	'-DBAD_QUESTIONS={"How", 0, "x", bad_answer},'
refuse ".questions row 1 ('') has no summary: *" '-DBAD_QUESTIONS={0, 0, "", bad_answer},'
refuse ".questions row 1 ('how') is there twice" '-DBAD_QUESTIONS={"how", 0, "x", bad_answer},'

# name, callbacks, flags
refuse "the module calls itself 'Bad', expected *" '-DBAD_NAME="Bad"'
refuse "the module calls itself 'good', expected 'bad' as the file is called: *" \
	'-DBAD_NAME="good"'
refuse '.summary is missing: *' '-DBAD_FIELDS=.summary=0'
refuse 'open() is missing: *' '-DBAD_FIELDS=.open=0'
refuse 'close() is missing: *' '-DBAD_FIELDS=.close=0'
refuse 'it says EW_CAN_WAIT without room(): *' '-DBAD_FIELDS=.flags=EW_CAN_WAIT'
refuse 'it says EW_ACKS without batch(): *' '-DBAD_FIELDS=.flags=EW_ACKS'
refuse 'it has check_devices() without EW_HAS_DEVICES: *' \
	'-DBAD_FIELDS=.check_devices=(void*)bad_open'
refuse 'it says EW_DURABLE without EW_ACKS: *' '-DBAD_FIELDS=.flags=EW_DURABLE'
refuse '.flags has 0x4000 which this edgeway does not know, *' '-DBAD_FIELDS=.flags=0x4000'
finish
