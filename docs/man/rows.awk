# SPDX-License-Identifier: Apache-2.0
# The help text of a program as the rows of a manual page: "  -c, --name VALUE
# text" becomes a tagged paragraph, the usage line a heading when head is set.
function roff(text) {
	gsub(/\\/, "\\\\e", text)
	gsub(/-/, "\\-", text)
	sub(/^[.']/, "\\\\\\&&", text)
	return text
}
NR == 1 {
	sub(/^usage: [a-z]+ (\[OPTION\.\.\.\] )?/, "")
	if (head)
		print ".SS " roff($0)
	next
}
/^  +-/ {
	text = $0
	sub(/^ +/, "", text)
	split_at = match(text, /  +/)
	name = split_at ? substr(text, 1, split_at - 1) : text
	print ".TP\n.B " roff(name)
	if (split_at)
		print roff(substr(text, split_at + RLENGTH))
	in_row = 1
	next
}
/^    / && in_row {
	text = $0
	sub(/^ +/, "", text)
	print roff(text)
	next
}
/^$/ {
	print ".PP"
	in_row = 0
	next
}
!/^  / {
	print roff($0)
}
