#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The manual pages: man reads them without a complaint, and every option,
# command and key of the programs is on its page.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"

build=${top_builddir:?}

# plain PAGE: as a reader sees it, without the hyphens of line breaks
plain() {
	MANWIDTH=1000 man -l -E UTF-8 --no-hyphenation "$build/docs/man/$1" |
		col -b
}

for page in edgewayctl.1 edgewayd.8 edgeway.yaml.5; do
	step "$page is well formed"
	man -l --warnings -E UTF-8 -Tutf8 "$build/docs/man/$page" \
		2>"$work/complaints" >/dev/null
	[ ! -s "$work/complaints" ] || fail "$(head -n 3 "$work/complaints")"
	plain "$page" >"$work/$page"
done

step 'edgewayctl.1 has every command and option'
"$build/edgewayctl" --help | awk '/^  [a-z]/ { print $1 }' >"$work/commands"
[ -s "$work/commands" ] || fail 'edgewayctl lists no commands'
while read -r command; do
	grep -qE "^ +$command( |\$)" "$work/edgewayctl.1" ||
		fail "no $command in edgewayctl.1"
	"$build/edgewayctl" "$command" --help |
		{ grep -oE '^  --[a-z-]+' || true; } >"$work/options"
	while read -r option; do
		grep -qF -- "$option" "$work/edgewayctl.1" ||
			fail "no $option of $command in edgewayctl.1"
	done <"$work/options"
done <"$work/commands"

step 'edgewayd.8 has every option'
"$build/edgewayd" --help | grep -oE -- '--[a-z-]+ ' >"$work/options"
while read -r option; do
	grep -qF -- "$option" "$work/edgewayd.8" || fail "no $option in edgewayd.8"
done <"$work/options"

step 'edgeway.yaml.5 has every key'
"$build/edgewayd" --describe | sed '/^Modules/,$d' |
	grep -oE '^[a-z][A-Za-z_.<>]*' >"$work/keys"
[ "$(wc -l <"$work/keys")" -gt 40 ] || fail 'too few keys are described'
while read -r key; do
	grep -qF -- "$key" "$work/edgeway.yaml.5" || fail "no $key in edgeway.yaml.5"
done <"$work/keys"

step 'the guides name commands that there are'
grep -ohE 'edgewayctl [a-z-]+' "$top_srcdir"/docs/*.md "$top_srcdir/README.md" |
	awk '{ print $2 }' | sort -u >"$work/named"
[ -s "$work/named" ] || fail 'the guides name no command'
while read -r command; do
	# an instance may be asked without saying 'ask'
	grep -qx "$command" "$work/commands" || [ "$command" = rules ] ||
		fail "there is no 'edgewayctl $command'"
done <"$work/named"
