/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of /proc and /sys that the module reads, as pure functions: text
 * in, numbers out. Lines and words that are not understood are passed over;
 * a file without what it must have is refused and the output is untouched.
 */
#ifndef HOST_PROC_PROC_H
#define HOST_PROC_PROC_H

#include "modules/host/proc/scan.h"

#define PROC_NAME_MAX  64       /* of a disk, an interface, a file system's type */
#define PROC_PATH_MAX  256      /* of a mount point or its source */

/* Clock ticks since boot, as the kernel counts them. */
struct cpu_ticks {
	uint64_t user;          /* with nice, without guests' share counted twice */
	uint64_t system;        /* with interrupts */
	uint64_t idle;
	uint64_t iowait;
	uint64_t steal;
};

/* /proc/stat */
struct proc_stat {
	struct cpu_ticks total;
	uint64_t interrupts;
	uint64_t switches;      /* of context */
	uint64_t boot_time;     /* s since 1970 */
	uint64_t created;       /* processes and threads since boot */
	uint64_t running;
	uint64_t blocked;
	size_t core_count;      /* how many cpuN lines there are, also beyond the array */
};

/* cores (room for `room`) gets the cpuN lines in the order of the file, numbers their N. */
struct proc_core {
	uint64_t number;
	struct cpu_ticks ticks;
};

bool proc_stat_parse(struct scan text, struct proc_core *cores, size_t room,
		     struct proc_stat *stat_out);

/* /proc/meminfo, in bytes. What an old kernel does not tell is 0. */
struct proc_memory {
	uint64_t total;
	uint64_t free;
	uint64_t available;
	uint64_t buffers;
	uint64_t cached;
	uint64_t swap_total;
	uint64_t swap_free;
};

bool proc_memory_parse(struct scan text, struct proc_memory *memory_out);

/* /proc/loadavg */
struct proc_load {
	double average[3];      /* over 1, 5 and 15 minutes */
	uint64_t threads;
};

bool proc_load_parse(struct scan text, struct proc_load *load_out);

/* /proc/uptime: s since boot. */
bool proc_uptime_parse(struct scan text, double *seconds_out);

/* One line of /proc/diskstats. */
struct proc_disk {
	char name[PROC_NAME_MAX];
	uint64_t reads;
	uint64_t read_bytes;
	uint64_t writes;
	uint64_t written_bytes;
	uint64_t in_flight;
	uint64_t busy;          /* ms that at least one request was in flight */
};

/* The next line that is one; false: no more. */
bool proc_disk_next(struct scan *text, struct proc_disk *disk_out);

/* One line of /proc/net/dev. */
struct proc_interface {
	char name[PROC_NAME_MAX];
	uint64_t received_bytes, received_packets, received_errors, received_dropped;
	uint64_t sent_bytes, sent_packets, sent_errors, sent_dropped;
};

bool proc_interface_next(struct scan *text, struct proc_interface *interface_out);

/* One line of /proc/self/mounts, with escapes as \040 undone. */
struct proc_mount {
	char source[PROC_PATH_MAX];
	char point[PROC_PATH_MAX];
	char type[PROC_NAME_MAX];
};

bool proc_mount_next(struct scan *text, struct proc_mount *mount_out);

/* temp1_input of hwmon, temp of a thermal zone: degrees Celsius from thousandths. */
bool proc_celsius_parse(struct scan text, double *celsius_out);

#endif
