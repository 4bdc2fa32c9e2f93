# SPDX-License-Identifier: Apache-2.0
# Prints "file:line:text" of C sources with comments and the contents of string
# and character literals left out.
FNR == 1 {
	comment = 0
}
{
	out = ""
	length_of_line = length($0)
	for (i = 1; i <= length_of_line; i++) {
		two = substr($0, i, 2)
		one = substr($0, i, 1)
		if (comment) {
			if (two == "*/") {
				comment = 0
				i++
			}
		} else if (two == "/*") {
			comment = 1
			out = out " "
			i++
		} else if (two == "//") {
			break
		} else if (one == "\"" || one == "'") {
			for (i++; i <= length_of_line; i++) {
				c = substr($0, i, 1)
				if (c == "\\")
					i++
				else if (c == one)
					break
			}
			out = out one one
		} else {
			out = out one
		}
	}
	print FILENAME ":" FNR ":" out
}
