#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# page.sh VERSION PAGE.in PROGRAM: a manual page to stdout. Where the page says
# @OPTIONS@, @COMMANDS@ or @KEYS@ stands what the program says of itself, so
# that the page and the program cannot differ.
set -euo pipefail
version=$1 page=$2 program=$3
rows=$(dirname "$0")/rows.awk

options() {
	"$program" --help | awk '/^ +-/ || NR == 1 || /^ {20}/' | awk -f "$rows"
}

commands() {
	local name
	"$program" --help | awk '/^  [a-z]/ { print $1 }' | while read -r name; do
		"$program" "$name" --help | awk -v head=1 -f "$rows"
	done
}

while IFS= read -r line; do
	case $line in
	@OPTIONS@) options ;;
	@COMMANDS@) commands ;;
	@KEYS@) "$program" --describe --man ;;
	*) printf '%s\n' "${line//@VERSION@/$version}" ;;
	esac
done <"$page"
