# SPDX-License-Identifier: Apache-2.0
# Debian packages by section of scripts/packages. Sourced by what needs them.
# shellcheck shell=bash

packages_file=$(dirname "${BASH_SOURCE[0]}")/packages

# packages_of SECTION...: the names in these sections
packages_of() {
	awk -v wanted=" $* " '
		/^\[/ { name = $0; gsub(/[][]/, "", name); next }
		{ sub(/#.*/, "") }
		NF && index(wanted, " " name " ") { print $1 }' "$packages_file"
}

# packages_missing SECTION...: those that are not installed
packages_missing() {
	local name
	for name in $(packages_of "$@"); do
		dpkg-query -W -f '${Status}' "$name" 2>/dev/null |
			grep -q '^install ok installed$' || echo "$name"
	done
}

# packages_install SECTION...: says what is missing, then installs it
packages_install() {
	local missing as_root=() name
	if ! command -v dpkg-query >/dev/null; then
		echo 'This is not Debian. Needed, by their Debian names:'
		packages_of "$@" | sed 's/^/  /'
		return 0
	fi
	mapfile -t missing < <(packages_missing "$@")
	if [ "${#missing[@]}" -eq 0 ]; then
		return 0
	fi
	echo 'These Debian packages are missing and will be installed:'
	printf '  %s\n' "${missing[@]}"
	if [ "$(id -u)" -ne 0 ]; then
		as_root=(sudo)
	fi
	"${as_root[@]}" apt-get update
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y \
		--no-install-recommends "${missing[@]}"
	for name in $(packages_missing "$@"); do
		echo "still missing: $name" >&2
		return 1
	done
}
