#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The comment above each public function says Thread, Owner and Errors. Functions
# without a blank line between them share one.
# shellcheck source=tests/contract/tree.bash
. "$(dirname "$0")/tree.bash"

awk '
/^\/\*/ { comment = ""; open = 1 }
open { comment = comment $0 "\n" }
/\*\// { open = 0; last = FNR }
/^EW_API / {
	missing = ""
	if (last != FNR - 1)
		missing = " comment"
	else
		for (i = split("Thread Owner Errors", word, " "); i > 0; i--)
			if (comment !~ "\n \\* " word[i] ": ")
				missing = " " word[i] missing
	if (missing != "")
		print FILENAME ":" FNR ": without" missing ": " $0
}
/^EW_API /, /;/ { last = FNR }
FNR == 1 && !/SPDX/ { comment = "" }' include/edgeway/*.h | faults_from
finish
