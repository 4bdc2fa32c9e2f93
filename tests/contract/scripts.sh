#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Shell scripts, by shellcheck.
# shellcheck source=tests/contract/tree.bash
. "$(dirname "$0")/tree.bash"

while IFS= read -r file; do
	case $file in
	*.sh | *.bash) ;;
	*) head -n 1 "$file" | grep -qE '^#!.*\<(ba)?sh$' || continue ;;
	esac
	shellcheck -x --format=gcc "$file" | faults_from || true
done < <(tree_files | grep -vE '\.([choa]|la|lo|so|md|pem|xz)$|/corpus/')
finish
