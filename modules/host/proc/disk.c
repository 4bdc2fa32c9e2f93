/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/diskstats. A sector there is 512 bytes, whatever the disk's own are. */
#include "modules/host/proc/proc.h"

#define SECTOR 512u

enum {
	READS, READS_MERGED, SECTORS_READ, READ_TIME,
	WRITES, WRITES_MERGED, SECTORS_WRITTEN, WRITE_TIME,
	IN_FLIGHT, BUSY,
	FIELD_COUNT
};

bool proc_disk_next(struct scan *text, struct proc_disk *disk_out)
{
	struct scan line;

	while (scan_line(text, &line)) {
		uint64_t device[2], n[FIELD_COUNT];
		struct scan word;

		if (!scan_numbers(&line, device, 2) || !scan_word(&line, &word) ||
		    !scan_numbers(&line, n, FIELD_COUNT) ||
		    !scan_copy(&word, disk_out->name, sizeof(disk_out->name))) {
			continue;
		}
		disk_out->reads = n[READS];
		disk_out->read_bytes = n[SECTORS_READ] * SECTOR;
		disk_out->writes = n[WRITES];
		disk_out->written_bytes = n[SECTORS_WRITTEN] * SECTOR;
		disk_out->in_flight = n[IN_FLIGHT];
		disk_out->busy = n[BUSY];
		return true;
	}
	return false;
}
