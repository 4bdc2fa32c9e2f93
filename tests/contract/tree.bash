# SPDX-License-Identifier: Apache-2.0
# What the checks of this folder share. A check is given a tree as its first
# argument (the source tree when there is none), names each fault with file and
# line, and ends with the number of faults. selftest.sh feeds each a bad tree.
set -euo pipefail

tree=${1:-${top_srcdir:-.}}
tree=$(cd "$tree" && pwd)
# shellcheck disable=SC2034 # for the checks
contract=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
faults=$(mktemp)
trap 'rm -f "$faults"' EXIT
cd "$tree"

# The text files that are ours, without what a build leaves behind. A folder
# holds a build if it holds a config.status, or is called build-something here.
tree_files() {
	local skip=(-name .git -o -name autom4te.cache -o -path './build*'
		-o -name '.libs' -o -name '.deps') built
	while IFS= read -r built; do
		skip+=(-o -path "$built")
	done < <(find . -mindepth 2 -maxdepth 3 -name config.status \
		-printf '%h\n')
	find . \( "${skip[@]}" \) -prune -o -type f -printf '%P\n' |
		grep -Ev '^(config(ure|\.h\.in)|aclocal\.m4|Makefile\.in)~?$' |
		grep -Ev '^m4/(libtool|lt.*)\.m4$|\.(pb-c\.[ch])$' |
		LC_ALL=C sort
}

# tree_sources DIR...: C sources and headers below these folders
tree_sources() {
	local dir
	for dir in "$@"; do
		tree_files | { grep -E "^$dir/.*\.[ch]$" || true; }
	done
}

# fault FILE[:LINE] TEXT
fault() {
	echo "$1: $2" | tee -a "$faults" >&2
}

# faults_from: each line of stdin is a fault
faults_from() {
	tee -a "$faults" >&2
}

finish() {
	local count
	count=$(wc -l <"$faults")
	if [ "$count" -gt 0 ]; then
		echo "$(basename "$0"): $count faults" >&2
		exit 1
	fi
}
