/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host module: the machine it runs on, as devices.
 *
 * `host` has processors, memory, load, uptime, processes; below it stand one
 * device a core, disk, file system, interface and temperature sensor. What
 * comes and goes (disks, mounts, interfaces) is declared and removed as it
 * does. Everything runs on the instance's loop; each part is a struct of its
 * own with open, scan and close.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <dirent.h>

#include "modules/host/proc/proc.h"
#include "modules/host/section.h"
#include "modules/host/source.h"

#define HOST_PATH_MAX  (EW_PATH_MAX + 1)
#define HOST_ITEMS_MAX 512 /* disks, mounts, interfaces, sensors: of each */

struct host_settings {
	ew_dur every;
	const char *device;
	const char *proc;
	const char *sys;
	bool cores;
	const char *const *disks;
	size_t disk_count;
	const char *const *skip_disks;
	size_t skip_disk_count;
	const char *const *mounts;
	size_t mount_count;
	const char *const *skip_mounts;
	size_t skip_mount_count;
	const char *const *interfaces;
	size_t interface_count;
	const char *const *skip_interfaces;
	size_t skip_interface_count;
};

struct host;

struct core {
	uint64_t number;
	struct section section;
	struct cpu_ticks before;
	bool has_before;
};

/* Processors, memory, load, uptime, processes. */
struct machine {
	struct source stat, memory, load, uptime;
	DIR *processes;
	struct section cpu_section, memory_section, load_section, uptime_section;
	struct cpu_ticks before;
	bool has_before;
	struct proc_core *parsed;       /* room of core_room */
	struct core *cores;             /* the same */
	size_t core_room;
	size_t core_count;              /* declared */
};

int machine_open(struct machine *machine, struct host *host);
int machine_start(struct machine *machine, struct host *host);
int machine_scan(struct machine *machine, struct host *host);
void machine_close(struct machine *machine);

/* One thing that comes and goes. Its part keeps `it` behind the same index. */
struct item {
	char name[PROC_PATH_MAX];       /* as the kernel calls it */
	uint32_t device;
	struct section section;
	bool ignored;                   /* by the options: known, not declared */
	bool seen;                      /* in this scan */
	bool has_before;
	struct proc_disk disk_before;
	struct proc_interface interface_before;
	struct source state;            /* operstate of an interface */
};

struct items {
	struct item *at;
	size_t count;
	size_t room;
};

/* The item of this name; hint: where it was. NULL: not known. */
struct item *items_find(struct items *items, const char *name, size_t hint);

/* A new item, ignored until declared. NULL: no memory, or HOST_ITEMS_MAX. */
struct item *items_add(struct items *items, const char *name);

/* Declare `host-PREFIX-NAME` with rows. */
int items_declare(struct host *host, struct item *item, const char *prefix,
		  const struct section_row *rows, size_t count);

/* Remove what was not seen since the last call. */
void items_sweep(struct host *host, struct items *items);

void items_close(struct items *items);

struct disks {
	struct source stats;
	struct items items;
};

int disks_open(struct disks *disks, struct host *host);
int disks_scan(struct disks *disks, struct host *host);
void disks_close(struct disks *disks);

struct mounts {
	struct source table;
	struct items items;
};

int mounts_open(struct mounts *mounts, struct host *host);
int mounts_scan(struct mounts *mounts, struct host *host);
void mounts_close(struct mounts *mounts);

struct interfaces {
	struct source stats;
	struct items items;
};

int interfaces_open(struct interfaces *interfaces, struct host *host);
int interfaces_scan(struct interfaces *interfaces, struct host *host);
void interfaces_close(struct interfaces *interfaces);

struct sensor {
	char name[HOST_PATH_MAX];
	struct source source;
	struct section section;
};

struct sensors {
	struct sensor *at;
	size_t count;
};

int sensors_start(struct sensors *sensors, struct host *host);
int sensors_scan(struct sensors *sensors, struct host *host);
void sensors_close(struct sensors *sensors);

struct host {
	struct ew_instance *inst;
	const struct host_settings *settings;
	uint32_t device;
	struct ew_timer *timer;
	struct sheet sheet;
	double seconds;         /* since the scan before; not a number at the first */
	ew_dur scanned;         /* monotonic time of the scan before; 0: none */
	const char *fault;      /* path of a file that this scan could not read, or NULL */
	struct machine machine;
	struct disks disks;
	struct mounts mounts;
	struct interfaces interfaces;
	struct sensors sensors;
};

/* Whether a name is among the patterns `yes` and not among `no`. */
bool host_wants(const char *name, const char *const *yes, size_t yes_count,
		const char *const *no, size_t no_count);

/* `DEVICE-PREFIX-NAME` with characters that no device path may have replaced. */
void host_path(const struct host *host, const char *prefix, const char *name,
	       char path_out[HOST_PATH_MAX]);

/* As source_read(), and a failure is remembered for the instance's health. */
int host_read(struct host *host, struct source *source, struct scan *text_out);

/* What a counter gained a second; not a number at the first scan or after it went back. */
double host_rate(const struct host *host, uint64_t before, uint64_t now, bool has_before);

#endif
