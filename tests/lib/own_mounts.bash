# SPDX-License-Identifier: Apache-2.0
# A scenario that mounts: sourced before scenario.bash, it runs the script again
# in a mount namespace of its own, where anybody may, and whose mounts end with it.
# shellcheck shell=bash
if [ -z "${own_mounts:-}" ]; then
	own_mounts_how=(--mount)
	[ "$(id -u)" -eq 0 ] || own_mounts_how+=(--map-root-user)
	own_mounts=1 exec unshare "${own_mounts_how[@]}" bash "$0"
fi

# mount_disk OPTION...: a small disk at $disk
mount_disk() {
	disk=${work:?}/disk
	mkdir -p "$disk"
	# shellcheck disable=SC2154 # it is
	trap 'status=$?; umount --lazy "$disk" 2>/dev/null || true; scenario_end "$status"' EXIT
	mount "$@" "$disk"
}

use_space() {
	cat /dev/zero >"$disk/filler" 2>/dev/null || true
}

use_inodes() {
	local i
	for ((i = 0; i < 1000; i++)); do
		: >"$disk/filler.$i" || break
	done 2>/dev/null
}

free_disk() {
	rm -f "$disk"/filler*
}
