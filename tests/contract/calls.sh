#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Calls that have a safer sister, that hide state, or that wait for time.
# shellcheck source=tests/contract/tree.bash
. "$(dirname "$0")/tree.bash"

unbounded='strcpy|stpcpy|strcat|strncpy|strncat|sprintf|vsprintf|gets|alloca'
lenient='atoi|atol|atoll|atof'
shared='strtok|gmtime|localtime|ctime|asctime|rand|srand'
waiting='sleep|usleep|nanosleep|clock_nanosleep'
process='system|popen|pthread_cancel|pthread_detach'

# refuse NAMES WHY FILE...: none of the files calls one of the names
refuse() {
	local names=$1 why=$2
	shift 2
	[ $# -gt 0 ] || return 0
	awk -f "$contract/strip.awk" "$@" |
		{ grep -E "[^A-Za-z0-9_.>]($names) *\\(" || true; } |
		sed "s|\$|   <- $why|" | faults_from
}

mapfile -t sources < <(tree_sources include core proto modules)
mapfile -t tests < <(tree_sources tests | grep -v '^tests/lib/')
mapfile -t scripts < <(tree_files |
	{ grep -E '^tests/(unit|modules|system|contract)/.*\.sh$' || true; })

refuse "$unbounded" 'writes without a bound' "${sources[@]}" "${tests[@]}"
refuse "$lenient" 'accepts anything: use core/base/text.h' "${sources[@]}"
refuse "$shared" 'keeps hidden state' "${sources[@]}"
refuse "$waiting" 'wait on a loop, or on a condition' \
	"${sources[@]}" "${tests[@]}"
refuse "$process" 'no shell, no cancelled or detached threads' "${sources[@]}"

# a script waits with the functions of tests/lib, which have deadlines
if [ "${#scripts[@]}" -gt 0 ]; then
	{ grep -nHE '^[^#]*(^|[;&|]|do|then|else)[[:space:]]*sleep[[:space:]]' \
		"${scripts[@]}" || true; } |
		sed 's/$/   <- wait for a condition/' | faults_from
fi
finish
