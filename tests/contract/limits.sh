#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Sizes: a file 600 lines, a line 100 columns, a function 120 lines and 90 in 99
# of 100, five inputs to a function (an output is a result; a callback and its
# argument count as one).
# shellcheck source=tests/contract/tree.bash
. "$(dirname "$0")/tree.bash"

tree_files | { grep -E '\.([ch]|sh|bash|awk|m4|ac|am|inc)$|^scripts/' || true; } |
	xargs -r wc -l | awk '
		$2 != "total" && $1 > 600 {
			print $2 ": " $1 " lines, more than 600"
		}' | faults_from

tree_sources include core proto modules tests >"$faults.list"
# shellcheck disable=SC2016 # $ is for awk
columns='{
		line = $0
		while (match(line, /\t/))
			line = substr(line, 1, RSTART - 1) \
				substr("        ", 1 + (RSTART - 1) % 8) \
				substr(line, RSTART + 1)
		if (length(line) > 100)
			print FILENAME ":" FNR ": " length(line) \
				" columns, more than 100"
	}'
xargs -r awk "$columns" <"$faults.list" | faults_from

# shellcheck disable=SC2016 # $ is for awk
counting='
function params(text,    i, c, depth, count, part, before) {
	text = substr(text, 2, length(text) - 2)
	if (text == "void" || text == "")
		return 0
	count = 0
	part = before = ""
	for (i = 1; i <= length(text) + 1; i++) {
		c = i > length(text) ? "," : substr(text, i, 1)
		depth += (c == "(") - (c == ")")
		if (c != "," || depth > 0) {
			part = part c
			continue
		}
		if (part !~ /_out(\[.*\])?$/ && part !~ /\.\.\./ &&
		    !(before ~ /\(\*|_fn / && part ~ /void *\*/))
			count++
		before = part
		part = ""
	}
	return count
}
{
	size = $1 - $2 + 1
	if (size > 120)
		print $3 ":" $2 ": " $4 " has " size " lines, more than 120"
	text = $0
	sub(/^[^(]*/, "", text)
	count = params(text)
	# a callback has the inputs that its library gives it
	if (count > 5 && !($3 ~ /^(core\/http\/mhd|tests\/lib\/http_sink)\.c$/ && $4 ~ /^on_/))
		print $3 ":" $2 ": " $4 " has " count " inputs, more than 5"
	if ($3 !~ /^tests\//)
		sizes[++functions] = size
}
END {
	for (i = 1; i <= functions; i++)
		if (sizes[i] > 90)
			above++
	if (above * 100 > functions)
		print above " of " functions " functions above 90 lines, " \
			"more than 1 in 100"
}'
xargs -r ctags -x --language-force=C --kinds-C=f --fields=+neS \
	--_xformat='%{end} %{line} %F %N %{signature}' <"$faults.list" |
	awk "$counting" | faults_from
rm -f "$faults.list"
finish
