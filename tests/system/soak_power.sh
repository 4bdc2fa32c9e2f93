#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The power goes while numbered samples flow into a durable route: its file system,
# ext4 on a loop device, goes down without writing anything more, and is mounted
# anew. Needs root.
#
# The daemon is stopped just before: an fdatasync() that is under way when ext4 goes
# down may say 0 all the same (seen with Linux 6.18), and at a real power cut nobody
# is left to hear that.
# shellcheck source=tests/lib/own_mounts.bash
. "${top_srcdir:?}/tests/lib/own_mounts.bash"
# shellcheck source=tests/lib/scenario.bash
. "$top_srcdir/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
# shellcheck source=tests/lib/far_end.bash
. "$top_srcdir/tests/lib/far_end.bash"
# shellcheck source=tests/lib/faults.bash
. "$top_srcdir/tests/lib/faults.bash"
[ "$(id -u)" -eq 0 ] || fail 'it needs root: loop devices, ext4'

seconds=${SOAK_SECONDS:?}
take_modules numbers http_uplink
first=1
burst=5
# killed while it drains: see reliability_disk.sh
again_each=$((40 * records))
image=$work/image

flow() {
	wait_for 'samples to flow' has_more $(($(tally numbered) + 1000))
}

step "power cuts for $seconds s"
truncate -s 64M "$image"
mkfs.ext4 -q -F "$image"
mount_disk -o loop "$image"
sections=("store: {path: $disk/store, size: 16MiB, sync: 10ms}")
start_far_end
write_config
daemon
flow
for ((n = 1; SECONDS < seconds; n++)); do
	# every other time with the server away
	((n % 2 == 0)) || stop link KILL 2>/dev/null
	more $((RANDOM % 1000 + 1))
	tell daemon STOP
	faults "down=$disk"
	stop daemon KILL 2>/dev/null
	umount "$disk"
	mount_disk -o loop "$image"
	start_daemon
	((n % 2 == 0)) || start_link
	flow
done
judge 'power cut: ext4 goes down' $((n - 1))
